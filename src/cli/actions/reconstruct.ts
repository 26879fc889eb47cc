import type { RunEvent } from "../../reconstruct/events.ts";
import { writeReport } from "../../web/report/report.ts";
import { interruptible, shellCommand } from "../interrupt.ts";
import type { ReconstructCommandOptions } from "../options/reconstruct.ts";
import { createProgress } from "../progress.ts";

export type Run = (options: ReconstructCommandOptions, onEvent: (event: RunEvent) => void, signal: AbortSignal) => Promise<unknown>;

/**
 * Run a reconstruction with its progress on the terminal (stderr, or JSON lines on stdout) and draw its report.
 * @param run stops cleanly when the signal aborts: it writes a checkpoint, then resolves or throws an AbortError
 * @param args the command line as typed, to tell how to resume
 * @throws Interrupted after Ctrl-C
 */
export async function reconstruct(options: ReconstructCommandOptions, run: Run, args: readonly string[]): Promise<void> {
  const show = options.json
    ? createProgress({ mode: "json", output: process.stdout })
    : createProgress({ mode: process.stderr.isTTY ? "live" : "lines", output: process.stderr });
  const resume = shellCommand(["cryogan", ...args, ...(options.resume ? [] : ["--resume"])]);
  await interruptible((signal) => run(options, show, signal), `stopped; go on with: ${resume}`);
  const report = await writeReport(options.out);
  if (!options.json) process.stdout.write(`${report}\n`);
}
