/** Processes that outlive the server, with what they print in log.txt of a folder and themselves in its run.pid. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { InputError } from "../../base/errors.ts";
import { shellCommand } from "../../base/shellCommand.ts";
import { fileError } from "../../io/disk.ts";
import { openPlainToAppend } from "../../io/plainFile.ts";
import { forgetProcess, recordProcess } from "../../reconstruct/folder/runProcess.ts";
import { ConflictError } from "./conflict.ts";

export interface Launched {
  /** The exit code; undefined while it goes on. */
  ended(): number | undefined;
  /** Bytes that log.txt had before it. */
  logged: number;
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
