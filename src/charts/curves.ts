import type { RunEvent } from "../reconstruct/folder/events.ts";

type ProgressEvent = Extract<RunEvent, { type: "progress" }>;
const adversarialKeys = [
  "criticLoss",
  "volumeLoss",
  "realLogit",
  "fakeLogit",
  "gradientPenalty",
  "signalAmplitude",
] as const;
const refinementKeys = ["logLikelihood"] as const;
export type AdversarialKey = (typeof adversarialKeys)[number];
export type RefinementKey = (typeof refinementKeys)[number];

/** The course of the adversarial stages by iteration, or of the refinement by pass over the particles. */
export interface Course<K extends string> {
  /** Iterations or passes, counted through all stages of the kind, increasing. */
  x: number[];
  values: Record<K, number[]>;
  /** Where each stage begins, its number in the run, and what it works on. */
  stages: { x: number; stage: number; label: string }[];
}

/** The course of one reconstruction: of all data, or of a half. */
export interface RunCurve {
  half?: 1 | 2;
  adversarial: Course<AdversarialKey>;
  refinement: Course<RefinementKey>;
  /** Of several classes, or with one of junk: the share of each, "1", "2", …, after each pass of refinement. */
  shares: Course<string>;
}

/**
 * Sort progress events by half and by kind of stage. A run that was resumed, or started again, goes back: what it
 * repeats replaces what was there.
 */
export function runCurves(events: readonly RunEvent[]): RunCurve[] {
  const halves = [undefined, 1, 2] as const;
  return halves.flatMap((half) => {
    const kept: ProgressEvent[] = [];
    const labels = new Map<number, string>();
    for (const event of events) {
      if (event.type === "stage" && event.half === half)
        labels.set(event.stage, `${event.boxSize} px, ${event.resolutionAngstrom.toFixed(1)} Å`);
      if (event.type !== "progress" || event.half !== half) continue;
      while (kept.length > 0 && !isBefore(kept.at(-1)!, event)) kept.pop();
      kept.push(event);
    }
    if (kept.length === 0) return [];
    return [
      {
        ...(half === undefined ? {} : { half }),
        adversarial: toCourse(kept, adversarialKeys, labels, ownValue),
        refinement: toCourse(kept, refinementKeys, labels, ownValue),
        shares: toCourse(
          kept,
          Array.from(kept.findLast((event) => event.shares)?.shares ?? [], (_, c) => String(c + 1)),
          labels,
          ({ shares }, number) => shares?.[Number(number) - 1],
        ),
      },
    ];
  });
}

const ownValue = (event: ProgressEvent, key: AdversarialKey | RefinementKey): number | undefined => event[key];

const isBefore = (a: ProgressEvent, b: ProgressEvent) =>
  a.stage < b.stage || (a.stage === b.stage && a.iteration < b.iteration);

/** Of the events that have these values: those within a pass of refinement have none yet. */
function toCourse<K extends string>(
  events: readonly ProgressEvent[],
  keys: readonly K[],
  labels: ReadonlyMap<number, string>,
  of: (event: ProgressEvent, key: K) => number | undefined,
): Course<K> {
  const course: Course<K> = {
    x: [],
    values: Object.fromEntries(keys.map((key) => [key, [] as number[]])) as Record<K, number[]>,
    stages: [],
  };
  if (keys.length === 0) return course;
  let offset = 0;
  let previous: ProgressEvent | undefined;
  for (const event of events) {
    const values = keys.map((key) => of(event, key));
    if (values.some((value) => value === undefined)) continue;
    if (event.stage !== previous?.stage) {
      offset += previous?.iteration ?? 0;
      course.stages.push({ x: offset, stage: event.stage, label: labels.get(event.stage) ?? `stage ${event.stage}` });
    }
    previous = event;
    course.x.push(offset + event.iteration);
    keys.forEach((key, i) => course.values[key].push(values[i]!));
  }
  return course;
}

/** Means over runs of neighbouring points, so that at most `limit` points are left. */
export function thin(x: readonly number[], y: readonly number[], limit: number): { x: number[]; y: number[] } {
  const run = Math.ceil(x.length / limit);
  if (run <= 1) return { x: [...x], y: [...y] };
  const means = (values: readonly number[]) => {
    const out: number[] = [];
    for (let i = 0; i < values.length; i += run) {
      const part = values.slice(i, i + run);
      out.push(part.reduce((sum, v) => sum + v, 0) / part.length);
    }
    return out;
  };
  return { x: means(x), y: means(y) };
}
