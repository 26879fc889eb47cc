import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InputError } from "../../base/errors.ts";
import { Interrupted, onStopSignal, type StopSignal } from "../../base/interrupt.ts";
import { type ServeOptions, serveDefaults } from "../../base/serveOptions.ts";
import { pageFolder, pageMissing } from "./app.ts";
import { dataFolders } from "./dataFolders.ts";
import { createInspections } from "./inspections.ts";
import { createJobs } from "./jobs.ts";
import { openInBrowser } from "./openBrowser.ts";
import { createProcesses } from "./processes.ts";
import { isRunFolder, runId, runsIn } from "./runs.ts";
import { type RunningServer, startServer } from "./server.ts";
import { createTasks } from "./tasks.ts";
import { isReadByOthers, randomToken, tokenFrom } from "./token.ts";

/**
 * Serves until Ctrl-C or another signal to stop. @throws {InputError} if a folder is not there or the address is taken
 */
export async function serve(options: ServeOptions): Promise<void> {
  for (const folder of [...options.folders, ...(options.data ?? [])]) {
    const isFolder = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isFolder)
      throw new InputError(
        options.folders.includes(folder)
          ? `${folder}: no such folder; give the --out folder of cryogan reconstruct, or the folder that holds such`
          : `${folder}: no such folder; give folders that hold particles by --data`,
      );
  }
  const first = options.folders[0]!;
  const { server, address } = await start(
    options,
    options.runs ?? ((await isRunFolder(first)) ? dirname(first) : first),
  );
  const told = toTell(address, 1),
    stop = stopSignal(); // listened for before the address is told, as whoever reads it may end the server at once
  process.stdout.write(options.json ? `${JSON.stringify({ address: told })}\n` : `${told}\n`);
  if (!["127.0.0.1", "localhost", "::1"].includes(options.host))
    process.stderr.write(
      `warning: whoever reaches ${options.host} over the network can read these runs, ` +
        "and the token on its way, as there is no encryption\n",
    );
  if (!existsSync(join(pageFolder, "index.html"))) process.stderr.write(`warning: ${pageMissing}\n`);
  if (options.open) await openInBrowser(address);
  const signal = await stop;
  await server.close();
  if (signal !== "SIGINT") throw new Interrupted("", signal);
}

/**
 * Serves the page on a run that this process makes, and opens it at the run's first event. Goes on after the run has
 * finished or was stopped, until Ctrl-C; not after an error.
 * @param task the run; tells when it has begun
 */
export async function serveDuring(folder: string, task: (begun: () => void) => Promise<void>): Promise<void> {
  const { server, address } = await start(
    { folders: [folder], host: serveDefaults.host, readOnly: false },
    dirname(folder),
  );
  try {
    let stopped: Interrupted | undefined;
    await task(() => {
      const shown = `${address}&run=${runId(folder)}`;
      process.stderr.write(`the run in a browser: ${toTell(shown, 2)}\n`);
      void openInBrowser(shown);
    }).catch((error: unknown) => {
      if (!(error instanceof Interrupted)) throw error;
      stopped = error;
    });
    if (stopped && stopped.signal !== "SIGINT") throw stopped;
    process.stderr.write(`${stopped ? `${stopped.message}\n` : ""}the page is still served; Ctrl-C ends it\n`);
    const signal = await stopSignal();
    if (stopped) throw stopped;
    if (signal !== "SIGINT") throw new Interrupted("", signal);
  } finally {
    await server.close();
  }
}

/** @returns the address with the token behind "#", where browsers keep it to themselves */
async function start(
  options: Pick<ServeOptions, "folders" | "data" | "host" | "port" | "tokenFile" | "readOnly">,
  runsFolder: string,
): Promise<{ server: RunningServer; address: string }> {
  const make = async (): Promise<string> =>
    options.tokenFile === undefined ? randomToken() : tokenFrom(options.tokenFile);
  const token = options.readOnly ? undefined : await make();
  const jobs = createJobs(),
    data = dataFolders(runsFolder, options.data ?? ["."]);
  const server = await startServer({
    host: options.host,
    port: options.port ?? serveDefaults.port,
    nextFree: options.port === undefined,
    token,
    runs: runsIn(options.folders, options.readOnly ? undefined : runsFolder, jobs),
    jobs,
    processes: createProcesses(runsFolder),
    tasks: createTasks(),
    data,
    inspect: createInspections(data),
  });
  return {
    server,
    address: token === undefined ? server.address : `${server.address}#token=${encodeURIComponent(token)}`,
  };
}

const stopSignal = (): Promise<StopSignal> =>
  new Promise((resolve) => {
    const end = onStopSignal((signal) => {
      end();
      resolve(signal);
    });
  });

/** The address as it is printed: without its token where that would be left for others to read. */
function toTell(address: string, descriptor: 1 | 2): string {
  if (!address.includes("#token=") || !isReadByOthers(descriptor)) return address;
  process.stderr.write(
    "the token is not printed, as others may read the file that this goes to (umask 077 keeps it yours alone)\n",
  );
  return address.replace(/token=[^&]*&?/, "").replace(/#$/, "");
}
