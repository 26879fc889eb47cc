/** The user stopped the run with Ctrl-C; the message tells how to go on. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

/**
 * Run `task` so that the first Ctrl-C asks it to stop cleanly (the signal aborts) and a second one ends the process at
 * once.
 * @param afterwards how to go on, printed when the task has stopped
 * @param stopping what the task does on the way there, printed at once
 * @throws Interrupted when the task stopped because it was asked to
 */
export async function interruptible<T>(
  task: (signal: AbortSignal) => Promise<T>,
  afterwards: string,
  stopping = "stopping after a checkpoint",
): Promise<T> {
  const controller = new AbortController();
  const onSigint = () => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write(`\n${stopping}; press Ctrl-C again to stop at once\n`);
    controller.abort();
  };
  process.on("SIGINT", onSigint);
  try {
    const result = await task(controller.signal);
    if (controller.signal.aborted) throw new Interrupted(afterwards);
    return result;
  } catch (error) {
    if (controller.signal.aborted && error instanceof Error && error.name === "AbortError")
      throw new Interrupted(afterwards);
    throw error;
  } finally {
    process.off("SIGINT", onSigint);
  }
}
