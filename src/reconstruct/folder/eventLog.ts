/** Writing events.jsonl, so that the events of days stay few enough to read. */
import { InputError } from "../../base/errors.ts";
import type { DataFile } from "../../base/files.ts";
import { readText, withFile, writeFileAtomic } from "../../io/files.ts";
import { eventsOfLines, isPassing, thinEvents } from "./eventLines.ts";
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
export async function openEventLog(file: DataFile, goOn: boolean, kept = keptPassing): Promise<EventLog> {
  const before = goOn ? await textOf(file) : "";
  let passing = countPassing(eventsOfLines(before));
  // Anew, so that no other name leads to it.
  await writeFileAtomic(file, before);
  let growing = await file.extend();
  // A line torn by a kill stays alone in its line.
  let gap = before === "" || before.endsWith("\n") ? "" : "\n";

  /** Writes the file anew, so that readers notice by its first line, and with fewer passing events. */
  const thin = async (): Promise<void> => {
    const [first, ...others] = thinEvents(eventsOfLines(await readText(file)), (event) => event, kept);
    if (!first) return;
    const again = { ...first, thinned: ("thinned" in first ? (first.thinned ?? 0) : 0) + 1 };
    const events = [again, ...others];
    passing = countPassing(events);
    await writeFileAtomic(file, events.map((event) => `${JSON.stringify(event)}\n`).join(""));
    await growing.close();
    growing = await file.extend();
  };

  const write = async (event: RunEvent): Promise<void> => {
    await growing.append(`${gap}${JSON.stringify(event)}\n`);
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
      written = written.then(() => write(event)).catch((error: unknown) => void (failure ??= { error }));
    },
    async close() {
      await written;
      await growing.close();
      if (failure) throw failure.error;
    },
  };
}

/** What stands in the file; nothing of a link, a pipe or a device. */
async function textOf(file: DataFile): Promise<string> {
  if (!(await file.isPlain())) return "";
  const size = await withFile(file, async (open) => open.size);
  if (size > largestBytes) throw new InputError(`${file.path} is too large for the events of a run; remove it`);
  return readText(file);
}

const countPassing = (events: readonly RunEvent[]): number => events.filter(isPassing).length;
