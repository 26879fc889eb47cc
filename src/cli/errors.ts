import { InputError } from "../base/errors.ts";
import { Interrupted } from "../base/interrupt.ts";
import { oneLine, printable } from "../base/printable.ts";
import { systemError } from "../io/disk.ts";
import { tell } from "./print.ts";

/**
 * Tell the user on stderr what went wrong, in one line where it is no bug.
 * @returns the exit code
 */
export function reportError(error: unknown): number {
  const debug = process.env.CRYOGAN_DEBUG === "1";
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Interrupted) {
    if (message !== "") process.stderr.write(`${printable(message)}\n`);
    return error.exitCode;
  }
  const known = wordsOf(error);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (known !== undefined) {
    tell("error", known);
    return error instanceof Error && error.name === "UsageError" ? 2 : 1;
  }
  const hint = debug ? "" : "run the command again with CRYOGAN_DEBUG=1 for the details and report them; ";
  process.stderr.write(`error: internal error: ${oneLine(message)}\n${hint}this is a bug in cryogan\n`);
  return 70;
}

/** What is the user's to settle: wrong input, what the operating system refuses, and too little memory. */
function wordsOf(error: unknown): string | undefined {
  if (error instanceof InputError) return error.message;
  if (error instanceof Error && "syscall" in error && "code" in error)
    return systemError(error as NodeJS.ErrnoException).message;
  if (error instanceof RangeError && /allocation failed|Invalid typed array length: \d/.test(error.message))
    return "there is not enough memory; use a smaller box, fewer particles or a machine with more";
  return undefined;
}
