import { InputError } from "../base/errors.ts";
import { Interrupted } from "../base/interrupt.ts";
import { oneLine, printable } from "../base/printable.ts";
import { systemError } from "../io/disk.ts";
import { tell } from "./print.ts";

/** A command ends with this exit code and without a word of this process: it was told already, or another one tells. */
export class Told extends Error {
  constructor(readonly exitCode: number) {
    super("told already");
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted || error instanceof Told) return error.exitCode;
  // Another process of the job was asked to stop, and this one went along.
  if (error instanceof Error && error.name === "AbortError") return 143;
  if (wordsOf(error) === undefined) return 70;
  return error instanceof Error && error.name === "UsageError" ? 2 : 1;
}

/**
 * Tell the user on stderr what went wrong, in one line where it is no bug.
 * @param place of which process, where it is one of several
 * @returns the exit code
 */
export function reportError(error: unknown, place?: string): number {
  const exitCode = exitCodeOf(error);
  if (error instanceof Told) return exitCode;
  const debug = process.env.CRYOGAN_DEBUG === "1";
  const message = error instanceof Error ? error.message : String(error);
  const where = place === undefined ? "" : `${place}: `;
  if (error instanceof Interrupted) {
    if (message !== "") process.stderr.write(`${printable(message)}\n`);
    return exitCode;
  }
  const known = wordsOf(error);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (known !== undefined) {
    tell("error", `${where}${known}`);
    return exitCode;
  }
  const hint = debug ? "" : "run the command again with CRYOGAN_DEBUG=1 for the details and report them; ";
  const end = place === undefined ? "\n" : "; "; // the line that names a process is the only one
  process.stderr.write(`error: ${where}internal error: ${oneLine(message)}${end}${hint}this is a bug in cryogan\n`);
  return exitCode;
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
