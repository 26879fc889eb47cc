/**
 * Which process works on a run folder: `run.pid`, there while a run goes on. What is left of a killed process is told
 * from a living one
 * by the time at which the process began, as the system gives process numbers out again.
 */

import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { InputError } from "../../base/errors.ts";
import { disk, fileError } from "../../io/disk.ts";
import { writeFileAtomic } from "../../io/files.ts";

/** Content of run.pid. */
export interface RunProcess {
  pid: number;
  host: string;
  /** When the process began, in the words of the operating system; absent where it does not tell. */
  started?: string;
  command: string[];
}

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
  await recordProcess(folder, process.pid, ["cryogan", ...process.argv.slice(2)]);
  return () => rm(pathOf(folder), { force: true });
}

/** Notes that a process works on the folder; nothing where it has ended already. */
export async function recordProcess(folder: string, pid: number, command: string[]): Promise<void> {
  const beginning = await processBeginning(pid);
  if (!beginning) return;
  const content: RunProcess = { pid, host: hostname(), ...beginning, command };
  await writeFileAtomic(disk.at(pathOf(folder)), JSON.stringify(content));
}

/** @returns what run.pid says, whether the process lives or not; undefined where there is none or it is not whole */
export async function readProcess(folder: string): Promise<RunProcess | undefined> {
  let text: string;
  try {
    text = await readFile(pathOf(folder), "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code!)) return undefined;
    throw fileError("read", pathOf(folder), error);
  }
  try {
    const found = JSON.parse(text) as Partial<RunProcess> | null;
    return Number.isSafeInteger(found?.pid) && found!.pid! > 0 && typeof found!.host === "string"
      ? (found as RunProcess)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the process of a run lives on this machine. Of another machine's nothing can be known. */
export async function isAlive({ pid, host, started }: RunProcess): Promise<boolean> {
  if (host !== hostname()) return false;
  const beginning = await processBeginning(pid);
  return beginning !== undefined && (started === undefined || started === beginning.started);
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
