/** events.jsonl read on from where a reader was, also when the file was replaced in between. */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";

/** Where a reader is: how many bytes it has seen of the file that begins with a certain line. */
export interface EventPosition {
  /** Digest of the first line, which holds the time of the run's start. */
  file: string;
  offset: number;
}

export interface EventsRead {
  /** Lines that are whole and JSON, in order, each with the position behind it. */
  lines: { text: string; offset: number }[];
  /** Undefined while the file has no whole line. */
  position?: EventPosition;
  /** What was seen is of another file; the lines are from the first again. */
  anew: boolean;
}

const firstLineBytes = 4096;

/** Reads what was added since `position`; from the first line without one. A file that is not there is an empty one. */
export async function readEvents(path: string, position?: EventPosition): Promise<EventsRead> {
  let handle: FileHandle;
  try {
    handle = await open(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code!))
      return { lines: [], anew: position !== undefined };
    throw error;
  }
  try {
    const { size } = await handle.stat();
    const read = async (start: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start);
      return buffer.subarray(0, bytesRead);
    };
    const head = await read(0, Math.min(size, firstLineBytes)),
      firstEnd = head.indexOf(10);
    if (firstEnd < 0 && head.length < firstLineBytes) return { lines: [], anew: position !== undefined };
    const file = createHash("sha256")
      .update(firstEnd < 0 ? head : head.subarray(0, firstEnd))
      .digest("hex")
      .slice(0, 16);
    const same = position !== undefined && position.file === file && position.offset <= size;
    const start = same ? position.offset : 0;
    const { lines, end } = wholeLines(await read(start, size - start), start);
    return { lines, position: { file, offset: end }, anew: position !== undefined && !same };
  } finally {
    await handle.close();
  }
}

/** A line torn by a kill, to which the resumed run has added its first, is left out. */
function wholeLines(bytes: Buffer, start: number): { lines: EventsRead["lines"]; end: number } {
  const lines: EventsRead["lines"] = [];
  let from = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
    const text = bytes.toString("utf8", from, end);
    from = end + 1;
    if (isJson(text)) lines.push({ text, offset: start + from });
  }
  return { lines, end: start + from };
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

/** As the id of a server-sent event. */
export const formatPosition = ({ file, offset }: EventPosition): string => `${file}.${offset}`;

/** @returns undefined for what is no position */
export function parsePosition(id: string | undefined): EventPosition | undefined {
  const parts = /^([0-9a-f]{16})\.(\d{1,15})$/.exec(id ?? "");
  return parts ? { file: parts[1]!, offset: Number(parts[2]) } : undefined;
}
