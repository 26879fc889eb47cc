/** Server-sent events: what a run tells, and that the list of runs has changed. */
import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { type EventHistories, formatPosition, parsePosition } from "./eventHistory.ts";
import type { Runs } from "./runs.ts";

/** Files are looked at this often: notifications of the system do not reach over network file systems. */
const eventsEveryMs = 100,
  listEveryMs = 1000;
const keepAliveMs = 15_000;
const eventsAtOnce = 500;

/**
 * The events of a run, be there none, then those to come, as messages that hold a JSON array; `id` says where a reader
 * is. Goes on behind the `Last-Event-ID` of the request. An event `anew` says that the run was replaced, or its events
 * thinned, and the first comes next.
 */
export function streamEvents(c: Context, folder: string, histories: EventHistories): Response {
  let position = parsePosition(c.req.header("Last-Event-ID")),
    told = position !== undefined;
  return keptAlive(c, eventsEveryMs, async (stream) => {
    const { file, events, end } = await histories.read(folder);
    if (position && (position.file !== file || position.offset > end)) {
      await stream.writeSSE({ event: "anew", id: "", data: "" });
      position = undefined;
    }
    if (!told && events.length === 0) await stream.writeSSE({ data: "[]" });
    told = true;
    if (file === undefined) return;
    const from = position?.offset ?? 0,
      first = events.findIndex(({ offset }) => offset > from);
    for (let i = first; i >= 0 && i < events.length; i += eventsAtOnce) {
      const batch = events.slice(i, i + eventsAtOnce);
      await stream.writeSSE({
        id: formatPosition({ file, offset: batch.at(-1)!.offset }),
        data: JSON.stringify(batch.map(({ event }) => event)),
      });
    }
    position = { file, offset: end };
  });
}

/** A message whenever a run was added, removed or changed its state. */
export function streamChanges(c: Context, runs: Runs): Response {
  let known: string | undefined;
  return keptAlive(c, listEveryMs, async (stream) => {
    const now = JSON.stringify((await runs.list()).map(({ changed, ...summary }) => summary));
    if (known !== undefined && now !== known) await stream.writeSSE({ event: "change", data: "" });
    known = now;
  });
}

/**
 * Calls `look` again and again until the reader has gone; a comment now and then keeps proxies from closing a quiet
 * connection.
 */
function keptAlive(c: Context, everyMs: number, look: (stream: SSEStreamingApi) => Promise<void>): Response {
  return streamSSE(c, async (stream) => {
    let lastComment = -Infinity;
    while (!stream.aborted) {
      if (performance.now() - lastComment > keepAliveMs) {
        await stream.write(": here\n\n");
        lastComment = performance.now();
      }
      await look(stream);
      await stream.sleep(everyMs);
    }
  });
}
