import { InputError } from "../base/errors.ts";
import { Interrupted } from "../base/interrupt.ts";

/**
 * Tell the user on stderr what went wrong, in one line where it is no bug.
 * @returns the exit code
 */
export function reportError(error: unknown): number {
  const debug = process.env.CRYOGAN_DEBUG === "1";
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Interrupted) {
    if (message !== "") process.stderr.write(`${message}\n`);
    return error.exitCode;
  }
  const known = error instanceof InputError || isFileSystemError(error);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (known) {
    process.stderr.write(`error: ${message.replaceAll(/\s*\n\s*/g, " ")}\n`);
    return error.name === "UsageError" ? 2 : 1;
  }
  const hint = debug ? "" : "run the command again with CRYOGAN_DEBUG=1 for the details and report them; ";
  process.stderr.write(`error: internal error: ${message}\n${hint}this is a bug in cryogan\n`);
  return 70;
}

/** What the operating system refuses (no such file, no permission, disk full) is the user's to settle. */
function isFileSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}
