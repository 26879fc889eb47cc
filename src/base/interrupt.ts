/**
 * Stopping in good order: Ctrl-C, a cluster whose time is up (SIGTERM, or SIGUSR2, which mpirun and srun pass on), a
 * terminal that is closed (SIGHUP).
 */

/** Signals that ask a process to stop, and the exit codes by which a shell tells them: 128 and the signal's number. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143, SIGUSR2: 140 } as const;
export type StopSignal = keyof typeof exitCodes;
const stopSignals = Object.keys(exitCodes) as StopSignal[];

/** The user or the system stopped the run; the message tells how to go on. */
export class Interrupted extends Error {
  override name = "Interrupted";
  constructor(
    message: string,
    readonly signal: StopSignal,
  ) {
    super(message);
  }
  get exitCode(): number {
    return exitCodes[this.signal];
  }
}

/** Under nohup a hangup is to be ignored; Node undoes what nohup sets, and shells name it to the program here. */
const isUnderNohup = (): boolean => /(^|\/)nohup$/.test(process.env._ ?? "");

/** Calls back at every signal that asks to stop. @returns a function that ends it */
export function onStopSignal(callback: (signal: StopSignal) => void): () => void {
  const listener = (signal: StopSignal): void => {
    if (signal !== "SIGHUP" || !isUnderNohup()) callback(signal);
  };
  for (const signal of stopSignals) process.on(signal, listener);
  return () => {
    for (const signal of stopSignals) process.off(signal, listener);
  };
}

/** npm passes on the Ctrl-C that the terminal has sent to all: two within this time are one. */
const oneKeyPressMs = 500;

/**
 * Run `task` so that the first signal to stop asks it to do so cleanly (its own signal aborts). A second Ctrl-C ends
 * the process at once; other signals that are repeated do not, as clusters repeat them.
 * @param afterwards how to go on, printed when the task has stopped
 * @param stopping what the task does on the way there, printed at once
 * @param print where to
 * @throws Interrupted when the task stopped because it was asked to
 */
export async function interruptible<T>(
  task: (signal: AbortSignal) => Promise<T>,
  afterwards: string,
  stopping = "stopping after a checkpoint",
  print: (text: string) => void = (text) => process.stderr.write(text),
): Promise<T> {
  const controller = new AbortController();
  let asked: { by: StopSignal; atMs: number } | undefined;
  const end = onStopSignal((by) => {
    if (asked) {
      if (by === "SIGINT" && performance.now() - asked.atMs > oneKeyPressMs) process.exit(exitCodes.SIGINT);
      return;
    }
    asked = { by, atMs: performance.now() };
    print(by === "SIGINT" ? `\n${stopping}; press Ctrl-C again to stop at once\n` : `\n${stopping}, as ${by} asks\n`);
    controller.abort();
  });
  try {
    const result = await task(controller.signal);
    if (asked) throw new Interrupted(afterwards, asked.by);
    return result;
  } catch (error) {
    if (asked && error instanceof Error && error.name === "AbortError") throw new Interrupted(afterwards, asked.by);
    throw error;
  } finally {
    end();
  }
}
