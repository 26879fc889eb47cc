/** What events.jsonl of a run tells: read on as it grows, once for all readers, and kept short. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { readPart } from "../../io/plainFile.ts";
import { asEvent, isPassing, parseObject, thinEvents } from "../../reconstruct/folder/eventLines.ts";
import type { RunEvent } from "../../reconstruct/folder/events.ts";
import { openInside } from "./inside.ts";

export interface EventHistory {
  /** Digest of the first line, which holds the time of the run's start; undefined while no whole line is there. */
  file?: string;
  /** In order, each with the position in the file behind its line. Lines that are no events are left out. */
  events: readonly { event: RunEvent; offset: number }[];
  /** How far the file was read. */
  end: number;
}

/** Where a reader is. */
export type EventPosition = { file: string; offset: number };

export interface EventHistories {
  /** The history of a run as it is now, or was a moment ago. A file that is not there is an empty one. */
  read(folder: string): Promise<EventHistory>;
}

const firstLineBytes = 4096,
  chunkBytes = 1 << 20,
  /** Longer lines are none of a run. */
  longestLine = 1 << 20,
  /** Of a file that has far more, the end. */
  mostRead = 1 << 26,
  /** Passing events that stay when there are twice as many. */
  keptPassing = 4000,
  keptEvents = 20_000,
  keptBytes = 1 << 23,
  keptRuns = 16,
  freshMs = 80;

interface Kept extends EventHistory {
  events: Line[];
  /** In the middle of a line that is too long. */
  skipping: boolean;
}
interface Line {
  event: RunEvent;
  offset: number;
  bytes: number;
  /** Whether it is not known yet to be an event. */
  unchecked?: true;
}
const nothing: Kept = { events: [], end: 0, skipping: false };

export function createEventHistories(): EventHistories {
  /** By folder; the one asked for last at the end. */
  const runs = new Map<string, { reading: Promise<Kept>; atMs: number }>();
  return {
    read(folder) {
      const path = resolve(folder),
        known = runs.get(path);
      runs.delete(path);
      const fresh = known !== undefined && performance.now() - known.atMs < freshMs;
      const run = fresh ? known : { reading: readOn(path, known?.reading), atMs: performance.now() };
      runs.set(path, run);
      if (runs.size > keptRuns) runs.delete(runs.keys().next().value!);
      return run.reading;
    },
  };
}

async function readOn(folder: string, before?: Promise<Kept>): Promise<Kept> {
  const known = (await before?.catch(() => nothing)) ?? nothing;
  const handle = await openInside(folder, "events.jsonl");
  if (!handle) return nothing;
  try {
    const { size } = await handle.stat();
    const head = await readPart(handle, 0, Math.min(size, firstLineBytes)),
      firstEnd = head.indexOf(10);
    if (firstEnd < 0 && head.length < firstLineBytes) return nothing;
    const file = createHash("sha256")
      .update(firstEnd < 0 ? head : head.subarray(0, firstEnd))
      .digest("hex")
      .slice(0, 16);
    const same = known.file === file && known.end <= size;
    if (same && known.end === size) return known;
    let { events, end, skipping } = same ? known : nothing;
    events = [...events];
    const take = (line: Buffer, behind: number): void => {
      const value = parseObject(line.toString());
      if (value) events.push({ event: value as RunEvent, offset: behind, bytes: line.length, unchecked: true });
    };
    if (size - end > mostRead) {
      if (end === 0 && firstEnd >= 0) take(head.subarray(0, firstEnd), firstEnd + 1);
      [end, skipping] = [size - mostRead, true];
    }
    for (let position = end, rest: Buffer = Buffer.alloc(0); position < size; ) {
      const chunk = await readPart(handle, position, Math.min(chunkBytes, size - position));
      if (chunk.length === 0) break;
      position += chunk.length;
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let lineEnd = bytes.indexOf(10); lineEnd >= 0; lineEnd = bytes.indexOf(10, from)) {
        if (!skipping) take(bytes.subarray(from, lineEnd), end + lineEnd + 1 - from);
        skipping = false;
        end += lineEnd + 1 - from;
        from = lineEnd + 1;
      }
      if (events.length >= 4 * keptEvents) events = bounded(thinned(events));
      rest = bytes.subarray(from);
      if (skipping || rest.length > longestLine) {
        end += rest.length;
        [rest, skipping] = [Buffer.alloc(0), true];
      }
    }
    return { file, events: bounded(thinned(events)), end, skipping };
  } finally {
    await handle.close();
  }
}

/** Fewer of the progress that is long past; of what is left, what is an event. */
function thinned(lines: Line[]): Line[] {
  const isOver = lines.filter(({ event }) => isPassing(event)).length >= 2 * keptPassing,
    kept = isOver ? thinEvents(lines, ({ event }) => event, keptPassing) : lines;
  return kept.flatMap((line) => {
    if (!line.unchecked) return line;
    const event = asEvent(line.event);
    return event ? { event, offset: line.offset, bytes: line.bytes } : [];
  });
}

/** No more than a page shows: the first, and the last ones. */
function bounded(lines: Line[]): Line[] {
  let [count, bytes] = [0, 0];
  const isOver = ({ bytes: length }: Line): boolean => ++count > keptEvents || (bytes += length) > keptBytes;
  const last = lines.findLastIndex(isOver);
  return last < 0 ? lines : [lines[0]!, ...lines.slice(last + 1)];
}

/** As the id of a server-sent event. */
export const formatPosition = ({ file, offset }: EventPosition): string => `${file}.${offset}`;

/** @returns undefined for what is no position */
export function parsePosition(id: string | undefined): EventPosition | undefined {
  const parts = /^([0-9a-f]{16})\.(\d{1,15})$/.exec(id ?? "");
  return parts ? { file: parts[1]!, offset: Number(parts[2]) } : undefined;
}
