import type { RunEvent } from "./events.ts";

/** The last event of a run that ended with an error. */
export function endedBy(
  error: unknown,
  signal?: AbortSignal,
): { type: "stopped" } | Omit<Extract<RunEvent, { type: "failed" }>, "time"> {
  if (signal?.aborted && error === signal.reason) return { type: "stopped" };
  return { type: "failed", message: error instanceof Error ? error.message : String(error) };
}
