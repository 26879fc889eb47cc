/** Lines of events.jsonl as events, and how a long history is made short. */
import type { RunEvent } from "./events.ts";
import { eventSchema } from "./schemas.ts";

/** @returns undefined for what is no event: a line torn by a kill, or one that was spoilt */
export function parseEvent(line: string): RunEvent | undefined {
  const value = parseObject(line);
  return value && asEvent(value);
}

/** What a line holds, before it is known to be an event: of a long history most are thinned out unseen. */
export function parseObject(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

export const asEvent = (value: object): RunEvent | undefined => eventSchema.safeParse(value).data;

/** The events of lines, whether a line feed follows the last or not. */
export const eventsOfLines = (lines: string): RunEvent[] => lines.split("\n").flatMap((line) => parseEvent(line) ?? []);

/** The events of a file's text. What follows the last line feed is being written, or was when the run was killed. */
export const parseEvents = (text: string): RunEvent[] => eventsOfLines(text.slice(0, text.lastIndexOf("\n") + 1));

/** Events between others of their kind, of which fewer tell the same. What ends a pass or a stage is none of them. */
export function isPassing(event: RunEvent): boolean {
  if (event.type === "progress") return event.logLikelihood === undefined && event.iteration < event.iterations;
  return event.type === "loading" || event.type === "checkpoint" || event.type === "density";
}

/**
 * Leaves at most `limit` passing events: the stages that have most of them give most, and what is left of a stage is
 * spread evenly over its time. All other events stay. The last of each kind of a stage stays, too: where there are more
 * stages than `limit`, more are left.
 * @param eventOf the event of an item
 */
export function thinEvents<T>(items: readonly T[], eventOf: (item: T) => RunEvent, limit: number): T[] {
  const groups = groupByStage(items, eventOf);
  const share = fairShare(
    groups.map((group) => group.length),
    limit,
  );
  const dropped = new Set<T>();
  for (const group of groups) {
    if (group.length <= share) continue;
    const times = group.map((item) => Date.parse(eventOf(item).time)),
      first = times[0]!,
      span = times.at(-1)! - first;
    const along = (i: number): number => (span > 0 ? (times[i]! - first) / span : i / group.length);
    const slot = (i: number): number => Math.min(share - 1, Math.floor(share * along(i)));
    group.forEach((item, i) => i + 1 < group.length && slot(i) === slot(i + 1) && dropped.add(item));
  }
  return items.filter((item) => !dropped.has(item));
}

/** Passing events of one kind and one stage each. */
function groupByStage<T>(items: readonly T[], eventOf: (item: T) => RunEvent): T[][] {
  const groups: T[][] = [];
  let ofStage = new Map<string, T[]>();
  for (const item of items) {
    const event = eventOf(item);
    if (event.type === "start" || event.type === "stage") ofStage = new Map();
    if (!isPassing(event)) continue;
    const group = ofStage.get(event.type) ?? [];
    if (group.length === 0) {
      groups.push(group);
      ofStage.set(event.type, group);
    }
    group.push(item);
  }
  return groups;
}

/** The most that each may keep so that all together keep no more than `limit`; at least one. */
function fairShare(counts: readonly number[], limit: number): number {
  let [most, left] = [limit, counts.length];
  for (const count of counts.toSorted((a, b) => a - b)) {
    if (count * left > most) return Math.max(1, Math.floor(most / left));
    most -= count;
    left--;
  }
  return Infinity;
}
