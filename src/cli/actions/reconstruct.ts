import { interruptible } from "../../base/interrupt.ts";
import { shellCommand } from "../../base/shellCommand.ts";
import type { RunEvent } from "../../reconstruct/folder/events.ts";
import { alone, type Processes } from "../../runtime/processes.ts";
import type { ReconstructCommandOptions } from "../options/reconstruct.ts";
import { print } from "../print.ts";
import { createProgress } from "../progress.ts";
import type { Services } from "../services.ts";

export type Run<Result = unknown> = (
  options: ReconstructCommandOptions,
  onEvent: (event: RunEvent) => void,
  signal: AbortSignal,
) => Promise<Result>;

/**
 * Run a reconstruction with its progress on the terminal and draw its report.
 * @param run stops cleanly when the signal aborts: it writes a checkpoint, then resolves or throws an AbortError
 * @param args the command line as typed, to tell how to resume
 * @param processes that run it together: the first alone shows anything, draws the report and serves the page
 * @throws Interrupted after Ctrl-C or another signal to stop
 */
export async function reconstruct(
  options: ReconstructCommandOptions,
  run: Run,
  args: readonly string[],
  { writeReport, serveDuring }: Pick<Services, "writeReport" | "serveDuring">,
  processes: Pick<Processes, "rank"> = alone,
): Promise<void> {
  const silent = processes.rank > 0;
  const task = async (begun: () => void) => {
    await runWithProgress(
      options,
      telling(begun, run),
      `stopped; go on with: ${shellCommand(["cryogan", ...resuming(args)])}`,
      silent,
    );
    if (silent) return;
    const report = await writeReport(options.out);
    if (!options.json) print(report);
  };
  if (!options.open || silent) return task(() => {});
  await serveDuring(options.out, task);
}

/** The same with --resume, which stands before "--" where there is one: what follows that is no option. */
function resuming(args: readonly string[]): string[] {
  const kept = args.filter((arg) => arg !== "--overwrite" && arg !== "--resume"),
    end = kept.indexOf("--");
  return kept.toSpliced(end < 0 ? kept.length : end, 0, "--resume");
}

/** The run, with a call at its first event: its input was found good. */
function telling(begun: () => void, run: Run): Run {
  let silent = true;
  return (options, onEvent, signal) =>
    run(
      options,
      (event) => {
        if (silent) begun();
        silent = false;
        onEvent(event);
      },
      signal,
    );
}

/** Run with progress on stderr, or as JSON lines on stdout. `afterwards` is told after Ctrl-C. `silent`: nothing. */
export async function runWithProgress<Result>(
  options: ReconstructCommandOptions,
  run: Run<Result>,
  afterwards: string,
  silent = false,
): Promise<Result> {
  if (silent)
    return interruptible(
      (signal) => run(options, () => {}, signal),
      afterwards,
      undefined,
      () => {},
    );
  const show = options.json
    ? createProgress({ mode: "json", output: process.stdout })
    : createProgress({ mode: process.stderr.isTTY ? "live" : "lines", output: process.stderr });
  return interruptible((signal) => run(options, show, signal), afterwards);
}
