/** Processes that outlive the server, with what they print in log.txt of a folder and themselves in its run.pid. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../../base/errors.ts";
import { shellCommand } from "../../base/shellCommand.ts";
import { fileError } from "../../io/disk.ts";
import { openPlainToAppend } from "../../io/plainFile.ts";
import { forgetProcess, recordProcess } from "../../reconstruct/folder/runProcess.ts";
import { ConflictError } from "./conflict.ts";
import { loggedError } from "./runState.ts";

export interface Launched {
  /** The exit code; undefined while it goes on. */
  ended(): number | undefined;
  /** Bytes that log.txt had before it. */
  logged: number;
}

/**
 * Waits until a process has begun its work, has ended, or the time is over.
 * @returns where it has failed by then, why, as far as its log tells
 */
export async function failureOf(
  { ended, logged }: Launched,
  folder: string,
  settleMs: number,
  hasBegun: () => Promise<boolean>,
): Promise<{ message: string | undefined } | undefined> {
  for (const until = performance.now() + settleMs; performance.now() < until; await sleep(50)) {
    if ((await hasBegun()) || ended() === 0) return undefined;
    if (ended()) return { message: await loggedError(folder, logged) };
  }
  return undefined;
}

/**
 * @param command the program with its first arguments
 * @throws {ConflictError} where log.txt of the folder is no plain file of its own
 */
export async function launch(command: readonly string[], args: readonly string[], folder: string): Promise<Launched> {
  const log = await openPlainToAppend(join(folder, "log.txt")).catch((error: unknown) => {
    throw error instanceof InputError ? new ConflictError(error.message) : fileError("write", folder, error);
  });
  try {
    const { size: logged } = await log.stat();
    let ended: number | undefined;
    await forgetProcess(folder);
    await log.write(`$ ${shellCommand(["cryogan", ...args])}\n`);
    const child = spawn(command[0]!, [...command.slice(1), ...args], {
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      windowsHide: true,
    });
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.once("exit", (code) => (ended = code ?? 1)).unref();
    await recordProcess(folder, child.pid!, ["cryogan", ...args]);
    return { ended: () => ended, logged };
  } finally {
    await log.close();
  }
}
