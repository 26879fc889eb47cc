/** How a run stands, from its folder alone: so it is known of runs from a terminal too, and after a server restart. */
import { hostname } from "node:os";
import { parseEvent } from "../../reconstruct/folder/eventLines.ts";
import type { RunEvent } from "../../reconstruct/folder/events.ts";
import { isAlive, readProcess } from "../../reconstruct/folder/runProcess.ts";
import { hasEnded, isActive, isWaiting, type JobStatus } from "../../slurm/job.ts";
import { endState, type RunSummary } from "../live/source.ts";
import { readTail } from "./inside.ts";

export type RunCondition = Pick<RunSummary, "state" | "changed" | "message">;

/** A process on another machine cannot be asked; it is taken to live while its last event is younger than this. */
const elsewhereMinutes = 10;
/** Enough for the last event; only the message of a failure may be long. */
const tailBytes = 16_384;

/** @param job of Slurm, that works or has worked on it: it tells more than what a process elsewhere has left */
export async function runCondition(folder: string, job?: JobStatus): Promise<RunCondition> {
  const [owner, last] = await Promise.all([readProcess(folder), lastEvent(folder)]);
  const changed = last && { changed: last.time };
  if (job && isWaiting(job)) return { state: "queued", ...changed };
  // COMPLETING is what comes after the run's own end.
  if (job && isActive(job) && job.state !== "COMPLETING") return { state: "running", ...changed };
  if (
    owner &&
    (owner.host === hostname()
      ? await isAlive(owner)
      : !(job && hasEnded(job)) && last && Date.now() - Date.parse(last.time) < elsewhereMinutes * 60_000)
  )
    return { state: "running", ...changed };
  if (last?.type === "failed") return { state: "failed", message: last.message, ...changed };
  const message = last ? undefined : await loggedError(folder);
  return message === undefined ? { state: endState(last), ...changed } : { state: "failed", message };
}

/** The last whole event; a killed run may have left a torn line behind it. */
async function lastEvent(folder: string): Promise<RunEvent | undefined> {
  const lines = (await readTail(folder, "events.jsonl", tailBytes)).split("\n").slice(0, -1);
  for (const line of lines.reverse()) {
    const event = parseEvent(line);
    if (event) return event;
  }
  return undefined;
}

/** What a run that the page started printed before it ended without an event. */
export const loggedError = async (folder: string, from = 0): Promise<string | undefined> =>
  errorIn(await readTail(folder, "log.txt", tailBytes, from));

/** What a command that printed this had against its work; undefined where nothing. */
export const errorIn = (printed: string): string | undefined =>
  printed
    .split("\n")
    .findLast((line) => line.startsWith("error: "))
    ?.slice("error: ".length);
