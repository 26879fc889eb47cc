/** How a run stands, from its folder alone: so it is known of runs from a terminal too, and after a server restart. */
import { open, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { RunEvent } from "../../reconstruct/folder/events.ts";
import { isAlive, readProcess } from "../../reconstruct/folder/runProcess.ts";
import type { RunSummary } from "../live/source.ts";

export type RunCondition = Pick<RunSummary, "state" | "changed" | "message">;

/** A process on another machine cannot be asked; it is taken to live while its last event is younger than this. */
const elsewhereMinutes = 10;
/** Enough for the last event; only the message of a failure may be long. */
const tailBytes = 16_384;

export async function runCondition(folder: string): Promise<RunCondition> {
  const [owner, last] = await Promise.all([readProcess(folder), lastEvent(folder)]);
  const changed = last && { changed: last.time };
  if (
    owner &&
    (owner.host === hostname()
      ? await isAlive(owner)
      : last && Date.now() - Date.parse(last.time) < elsewhereMinutes * 60_000)
  )
    return { state: "running", ...changed };
  if (last?.type === "finished") return { state: "finished", ...changed };
  if (last?.type === "failed") return { state: "failed", message: last.message, ...changed };
  const message = last ? undefined : await loggedError(folder);
  return message === undefined ? { state: "stopped", ...changed } : { state: "failed", message };
}

/** The last whole event; a killed run may have left a torn line behind it. */
async function lastEvent(folder: string): Promise<RunEvent | undefined> {
  const lines = (await tail(join(folder, "events.jsonl"))).split("\n").slice(0, -1);
  for (const line of lines.reverse()) {
    try {
      return JSON.parse(line) as RunEvent;
    } catch {}
  }
  return undefined;
}

async function tail(path: string): Promise<string> {
  try {
    const handle = await open(path);
    try {
      const { size } = await handle.stat(),
        start = Math.max(0, size - tailBytes);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
      return buffer.subarray(0, bytesRead).toString();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code!)) return "";
    throw error;
  }
}

/** What a run that the page started printed before it ended without an event. */
export async function loggedError(folder: string, from = 0): Promise<string | undefined> {
  const log = await readFile(join(folder, "log.txt"), "utf8").catch(() => "");
  return log
    .slice(from)
    .split("\n")
    .findLast((line) => line.startsWith("error: "))
    ?.slice("error: ".length);
}
