/** Looks at particle files, each by a process of its own: whatever is in a file, the server goes on answering. */
import { execFile } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Inspection } from "../../reconstruct/run/inspection.ts";
import type { Inspect, Unseen } from "../live/data.ts";
import { readingOptions, readingProblem } from "../live/readingOptions.ts";
import { FormError } from "../live/source.ts";
import { ConflictError } from "./conflict.ts";
import type { DataFolders } from "./dataFolders.ts";
import { errorIn } from "./runState.ts";

/** For so long a look may take. */
const patienceMs = 120_000;
const mostAtOnce = 4;
const mostBytes = 1 << 24;

export const inspectCommand = (): string[] => [
  process.execPath,
  ...process.execArgv,
  fileURLToPath(new URL(`./inspectChild${extname(import.meta.url)}`, import.meta.url)),
];

/**
 * @param data    the folders that files may be looked at in
 * @param command the program that looks (inspectChild.ts)
 */
export function createInspections(
  data: Pick<DataFolders, "kindOf">,
  command: readonly string[] = inspectCommand(),
  timeoutMs = patienceMs,
): Inspect {
  let going = 0;
  return async (form, signal) => {
    const options = readingOptions(form);
    for (const key of ["particlesFile", "passthrough", "exclude"] as const) {
      const path = options[key],
        kind = path === undefined ? "file" : await data.kindOf(path);
      // Of what is outside nothing is told, not even whether it is there.
      if (kind === undefined)
        return { unseen: `${path} is not there, or outside of the folders that may be looked into (serve --data)` };
      if (kind !== "file")
        throw new FormError({ [key]: `expected a file${kind === "folder" ? ", and this is a folder" : ""}` });
    }
    if (going === mostAtOnce) throw new ConflictError("other particle files are being looked at; try again");
    going++;
    try {
      return await look(command, JSON.stringify(form), timeoutMs, signal);
    } finally {
      going--;
    }
  };
}

function look(
  command: readonly string[],
  form: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Inspection | Unseen> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command[0]!,
      command.slice(1),
      {
        windowsHide: true,
        maxBuffer: mostBytes,
        timeout: timeoutMs,
        killSignal: "SIGKILL",
        ...(signal ? { signal } : {}),
      },
      (error, stdout, stderr) => {
        if (!error) return resolve(JSON.parse(stdout) as Inspection);
        const message = errorIn(stderr);
        if (message !== undefined) reject(readingProblem(message));
        else if (error.killed)
          resolve({ unseen: `looking at the particles took more than ${timeoutMs / 1000} s; a run may take them` });
        else reject(error);
      },
    );
    child.stdin!.on("error", () => {}).end(form);
  });
}
