/**
 * The time by which a run decides, and whether it is to stop, as all processes of a job see them alike: what one of
 * them did by its own clock the others would wait for.
 */
import type { Processes } from "../../runtime/processes.ts";

export interface Clock {
  /** Milliseconds: of one process alone now, of several when they met last. */
  time(): number;
  /** Meets the others, and aborts `signal` if any of them is to stop. @returns milliseconds, of the first process */
  meet(): Promise<number>;
  signal: AbortSignal | undefined;
}

/** @param asked aborts when this process is asked to stop */
export function openClock(processes: Processes, asked: AbortSignal | undefined): Clock {
  if (processes.size === 1)
    return { time: () => performance.now(), meet: async () => performance.now(), signal: asked };
  const stopping = new AbortController();
  let last = 0;
  return {
    time: () => last,
    async meet() {
      const told = Float64Array.of(processes.rank === 0 ? performance.now() : 0, asked?.aborted ? 1 : 0);
      await processes.sum(told);
      const [time, stops] = told as unknown as [number, number];
      last = time;
      if (stops > 0 && !stopping.signal.aborted) stopping.abort(asked?.reason);
      return time;
    },
    signal: stopping.signal,
  };
}
