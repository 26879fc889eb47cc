/**
 * Which process works on a run folder: `run.pid`, there while a run goes on. What is left of a killed process is told
 * from a living one by the time at which the process began, as the system gives process numbers out again. The process
 * holds the file open for writing while it works: that shows it to be the run's, whoever wrote what the file says.
 */

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { open, readdir, readFile, readlink, realpath, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { InputError } from "../../base/errors.ts";
import { disk, fileError } from "../../io/disk.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { readPlainJson } from "../../io/plainJson.ts";

/** Content of run.pid. */
export interface RunProcess {
  pid: number;
  host: string;
  /** When the process began, in the words of the operating system; absent where it does not tell. */
  started?: string;
  command: string[];
}

/** Of run.pid; the longest command line is shorter. */
const largestBytes = 1 << 20;
const pathOf = (folder: string): string => join(folder, "run.pid");

/**
 * Takes the folder for this process. @returns what gives it back
 * @throws {InputError} if another process of this machine works there
 */
export async function claimFolder(folder: string): Promise<() => Promise<void>> {
  const other = await readProcess(folder);
  if (other && other.pid !== process.pid && (await isAlive(other)))
    throw new InputError(
      `${folder}: a run goes on in it (process ${other.pid}); stop that one first, or give another folder`,
    );
  const own: RunProcess = {
    pid: process.pid,
    host: hostname(),
    ...(await processBeginning(process.pid)),
    command: ["cryogan", ...process.argv.slice(2)],
  };
  await writeFileAtomic(disk.at(pathOf(folder)), JSON.stringify(own));
  const held = await open(pathOf(folder), "r+");
  await removeHalfWritten(folder);
  return async () => {
    await held.close();
    await rm(pathOf(folder), { force: true });
  };
}

/** What a run writes; the report may be in the making by another process. */
const written =
    "checkpoint|map|class|mean|component|motion|half|particles|config|input|events|result|examples|templates|" +
    "directions|fsc|evaluation|spectra|run",
  halfWritten = new RegExp(`^\\.(${written})[^/]*\\.[0-9a-f]{16}\\.tmp$`);

/** Removes what a killed run had not yet put into its place (see io/disk.ts), which may be large. */
async function removeHalfWritten(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (halfWritten.test(name)) await rm(join(folder, name), { force: true, recursive: true });
}

/** Notes that a process begins to work on the folder; nothing where it has ended already, or has noted that itself. */
export async function recordProcess(folder: string, pid: number, command: string[]): Promise<void> {
  const beginning = await processBeginning(pid);
  if (!beginning) return;
  const content: RunProcess = { pid, host: hostname(), ...beginning, command };
  await writeFile(pathOf(folder), JSON.stringify(content), { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw fileError("write", pathOf(folder), error);
  });
}

/** Removes what a process that has ended left. */
export async function forgetProcess(folder: string): Promise<void> {
  await rm(pathOf(folder), { force: true }).catch((error: unknown) => {
    throw fileError("write", pathOf(folder), error);
  });
}

/** @returns what run.pid says, whether the process lives or not; undefined where there is none or it is not whole */
export async function readProcess(folder: string): Promise<RunProcess | undefined> {
  const found = (await readPlainJson(pathOf(folder), largestBytes)) as Partial<RunProcess> | null | undefined;
  return Number.isSafeInteger(found?.pid) && found!.pid! > 0 && typeof found!.host === "string"
    ? (found as RunProcess)
    : undefined;
}

/** Whether the process of a run lives on this machine. Of another machine's nothing can be known. */
export async function isAlive({ pid, host, started }: RunProcess): Promise<boolean> {
  if (host !== hostname()) return false;
  const beginning = await processBeginning(pid);
  return beginning !== undefined && (started === undefined || started === beginning.started);
}

/** Whether a process shows that it works on the folder, by holding its run.pid open for writing. */
export async function worksIn(folder: string, pid: number): Promise<boolean> {
  try {
    const path = join(await realpath(folder), "run.pid");
    return (await (process.platform === "linux" ? heldOnLinux(pid) : heldElsewhere(pid))).includes(path);
  } catch {
    return false;
  }
}

/** Files that a process holds open for writing, by proc(5). */
async function heldOnLinux(pid: number): Promise<string[]> {
  const held = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map(async (descriptor) => {
      try {
        const information = await readFile(`/proc/${pid}/fdinfo/${descriptor}`, "utf8");
        const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(information)?.[1] ?? "0", 8);
        return (flags & (constants.O_WRONLY | constants.O_RDWR)) === 0
          ? []
          : [await readlink(`/proc/${pid}/fd/${descriptor}`)];
      } catch {
        return []; // closed meanwhile
      }
    }),
  );
  return held.flat();
}

async function heldElsewhere(pid: number): Promise<string[]> {
  const { stdout } = await promisify(execFile)("lsof", ["-p", String(pid), "-Ffan"]);
  return writtenFiles(stdout);
}

/** Files open for writing in what lsof(8) prints with -Ffan: of each descriptor, its access ("aw", "au") and name. */
export function writtenFiles(output: string): string[] {
  let access = "";
  return output.split("\n").flatMap((line) => {
    if (line.startsWith("f")) access = "";
    if (line.startsWith("a")) access = line.slice(1);
    return line.startsWith("n") && (access === "w" || access === "u") ? [line.slice(1)] : [];
  });
}

/**
 * @returns when a process began, if the system tells; undefined if there is no such process, or only a dead one that
 * nobody has waited for
 */
async function processBeginning(pid: number): Promise<{ started?: string } | undefined> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  if (process.platform === "win32") return {};
  if (process.platform !== "linux") {
    return promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)]).then(
      ({ stdout }) => ({ started: stdout.trim() }),
      () => undefined,
    );
  }
  try {
    // proc(5): the name, field 2, may hold spaces and brackets; the state is field 3 and the start, in ticks since the
    // machine's, field 22.
    const stat = await readFile(`/proc/${pid}/stat`, "utf8"),
      fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return undefined;
    return { started: `${(await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim()} ${fields[19]}` };
  } catch {
    return undefined;
  }
}
