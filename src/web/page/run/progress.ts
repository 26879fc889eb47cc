/** How far a run is, from its events. */
import type { RunEvent } from "../../../reconstruct/folder/events.ts";

type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

export interface RunProgress {
  start?: EventOf<"start">;
  stage?: EventOf<"stage">;
  /** What it does now: "reading particles", or the iteration of a stage. */
  now?: EventOf<"loading"> | EventOf<"progress">;
  finished?: EventOf<"finished">;
  /** Share of the work done, 0 to 1, both halves counted. */
  fraction: number;
  elapsedSeconds?: number;
  /** Absent where there is no estimate yet. */
  remainingSeconds?: number;
  /** Mean log-likelihood of an image after the latest pass. */
  logLikelihood?: number;
}

/** Times are those of the whole run: events tell them with both halves in them. */
export function runProgress(events: readonly RunEvent[]): RunProgress {
  const begin = Math.max(
    0,
    events.findLastIndex((event) => event.type === "start" && event.half !== 2),
  );
  const latest = events.slice(begin);
  const last = <T extends RunEvent["type"]>(type: T) =>
    latest.findLast((event): event is EventOf<T> => event.type === type);
  const now = latest.findLast(
    (event): event is EventOf<"loading"> | EventOf<"progress"> => event.type === "loading" || event.type === "progress",
  );
  const finished = last("finished");
  const progress = last("progress");
  const logLikelihood = latest.findLast(
    (event): event is EventOf<"progress"> => event.type === "progress" && event.logLikelihood !== undefined,
  )?.logLikelihood;
  const found = {
    ...defined("start", last("start")),
    ...defined("stage", last("stage")),
    ...defined("now", now),
    ...defined("finished", finished),
    ...defined("logLikelihood", logLikelihood),
  };
  if (finished) return { ...found, fraction: 1, elapsedSeconds: finished.elapsedSeconds, remainingSeconds: 0 };
  if (!progress) return { ...found, fraction: 0 };
  const { elapsedSeconds, remainingSeconds } = progress;
  const fraction = elapsedSeconds / Math.max(1e-9, elapsedSeconds + remainingSeconds);
  return { ...found, fraction, elapsedSeconds, remainingSeconds };
}

const defined = <K extends string, V>(name: K, value: V | undefined) =>
  value === undefined ? {} : ({ [name]: value } as Record<K, V>);
