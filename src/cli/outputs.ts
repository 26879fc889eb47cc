/** Output whose reader has gone: `cryogan inspect x | head -1`, a terminal that was closed. */

import { closeSync } from "node:fs";
import { isatty } from "node:tty";

/** The pipe or the terminal has no other end any more. */
const readerGone = ["EPIPE", "EIO", "ECONNRESET"];
/** What a shell tells of a program that was ended by writing to a closed pipe (SIGPIPE). */
const exitCodeOfClosedPipe = 141;

/**
 * Keeps the process alive when standard output or error can no longer be written: what it does goes on, silently. At
 * its end, unless something else went wrong, the exit code tells that not all was read.
 * @param leavesFiles whether the command's result is in files, so that nothing is lost with what it prints
 */
export function outliveOutputs(leavesFiles: () => boolean): void {
  let lost: string | undefined;
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", ({ code = "" }: NodeJS.ErrnoException) => (lost ??= code));
  process.on("exit", (code) => {
    // Node gives terminals back as it found them, and aborts where one has gone that it still holds.
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
    if (lost === undefined || code !== 0) return;
    if (!readerGone.includes(lost)) {
      process.stderr.write(`error: cannot write to standard output (${lost})\n`);
      process.exitCode = 1;
    } else if (!leavesFiles()) process.exitCode = exitCodeOfClosedPipe;
  });
}
