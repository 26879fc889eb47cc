/** What the events of a run come to, several starts, halves and all. */
import type { RunEvent } from "../reconstruct/folder/events.ts";

type Finished = Extract<RunEvent, { type: "finished" }>;

/** Particles of the run: of two halves, which have a start each, those of both. */
export function particlesOf(events: readonly RunEvent[]): number | undefined {
  const starts = events.filter((event) => event.type === "start"),
    last = starts.findLast((event) => event.half === undefined) ?? starts.at(-1);
  if (last?.half === undefined) return last?.particles;
  return [...new Map(starts.map((event) => [event.half, event.particles])).values()].reduce((sum, n) => sum + n, 0);
}

/** @returns the end of the run; undefined where it is not finished, or was gone on with and has not finished again */
export function finishedOf(events: readonly RunEvent[]): Finished | undefined {
  const lastStart = events.findLastIndex((event) => event.type === "start" && event.half === undefined);
  return events.slice(Math.max(0, lastStart)).findLast((event) => event.type === "finished");
}
