/** Writing events.jsonl, so that the events of days stay few enough to read. */
import { lstat, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../base/errors.ts";
import { fileError, writeFileAtomic } from "../../io/files.ts";
import { isPassing, parseEvent, thinEvents } from "./eventLines.ts";
import type { RunEvent } from "./events.ts";

export interface EventLog {
  /** Writes the event soon, or leaves it out. @throws {InputError} if an event before could not be written */
  append(event: RunEvent): void;
  /** @throws {InputError} if an event could not be written */
  close(): Promise<void>;
}

/** Of progress in a stage, one a second is written. */
const everyMs = 1000;
/** So many passing events stay when there are twice as many. */
const keptPassing = 2000;
/** A run of weeks leaves a hundredth of it. */
const largestBytes = 1 << 28;

/**
 * @param goOn whether events go behind those that are there; else the file begins anew
 * @param kept passing events that stay when there are twice as many
 * @throws {InputError} if the file cannot be written, or is far larger than a run makes it
 */
export async function openEventLog(folder: string, goOn: boolean, kept = keptPassing): Promise<EventLog> {
  const path = join(folder, "events.jsonl");
  const before = goOn ? await textOf(path) : { text: "", own: false };
  let passing = countPassing(before.text);
  if (!before.own) await writeFileAtomic(path, before.text);
  let handle = await open(path, "a");
  // A line torn by a kill stays alone in its line.
  let gap = before.text === "" || before.text.endsWith("\n") ? "" : "\n";

  /** Writes the file anew, so that readers notice by its first line, and with fewer passing events. */
  const thin = async (): Promise<void> => {
    const events = (await readFile(path, "utf8")).split("\n").flatMap((line) => parseEvent(line) ?? []);
    const [first, ...others] = thinEvents(events, (event) => event, kept);
    if (!first) return;
    const again = { ...first, thinned: ("thinned" in first ? (first.thinned ?? 0) : 0) + 1 };
    const text = [again, ...others].map((event) => `${JSON.stringify(event)}\n`).join("");
    passing = countPassing(text);
    await writeFileAtomic(path, text);
    await handle.close();
    handle = await open(path, "a");
  };

  const write = async (event: RunEvent): Promise<void> => {
    await handle.writeFile(`${gap}${JSON.stringify(event)}\n`);
    gap = "";
    if (isPassing(event) && ++passing >= 2 * kept) await thin();
  };

  /** When the last passing event of each kind was written, in this stage. */
  let lastMs: Partial<Record<RunEvent["type"], number>> = {};
  const isTooSoon = (event: RunEvent): boolean => {
    if (event.type === "start" || event.type === "stage") lastMs = {};
    if (!isPassing(event) || event.type === "checkpoint") return false;
    const time = Date.parse(event.time);
    if (Math.abs(time - (lastMs[event.type] ?? -Infinity)) < everyMs) return true;
    lastMs[event.type] = time;
    return false;
  };

  let written: Promise<void> = Promise.resolve(),
    failure: { error: unknown } | undefined;
  return {
    append(event) {
      if (failure) throw failure.error;
      if (isTooSoon(event)) return;
      written = written
        .then(() => write(event))
        .catch((error: unknown) => void (failure ??= { error: fileError("write", path, error) }));
    },
    async close() {
      await written;
      await handle.close();
      if (failure) throw failure.error;
    },
  };
}

/**
 * What stands in the file. `own`: it may be added to, as no other name leads to it; nothing of a link, a pipe or a
 * device is read.
 */
async function textOf(path: string): Promise<{ text: string; own: boolean }> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFile()) return { text: "", own: false };
  if (found.size > largestBytes) throw new InputError(`${path} is too large for the events of a run; remove it`);
  return { text: await readFile(path, "utf8"), own: found.nlink === 1 };
}

const countPassing = (text: string): number =>
  text.split("\n").reduce((count, line) => {
    const event = parseEvent(line);
    return event && isPassing(event) ? count + 1 : count;
  }, 0);
