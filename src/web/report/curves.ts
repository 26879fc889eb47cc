import type { RunEvent } from "../../reconstruct/events.ts";

type ProgressEvent = Extract<RunEvent, { type: "progress" }>;
export type ProgressKey = "criticLoss" | "volumeLoss" | "realLogit" | "fakeLogit" | "gradientPenalty" | "signalAmplitude";

/** The course of one reconstruction: the main one, or that of a half of the data. */
export interface RunCurve {
  half?: 1 | 2;
  /** Iterations counted through all stages, increasing. */
  iteration: number[];
  values: Record<ProgressKey, number[]>;
  /** Iteration at which each stage begins, and what it works on. */
  stages: { iteration: number; label: string }[];
}

/**
 * Sort progress events by half, and count iterations through the stages. A run that was resumed, or started again, goes
 * back: what it repeats replaces what was there.
 */
export function runCurves(events: readonly RunEvent[]): RunCurve[] {
  const halves = [undefined, 1, 2] as const;
  return halves.flatMap((half) => {
    const kept: ProgressEvent[] = [];
    const labels = new Map<number, string>();
    for (const event of events) {
      if (event.type === "stage" && event.half === half) labels.set(event.stage, `${event.boxSize} px, ${event.resolutionAngstrom.toFixed(1)} Å`);
      if (event.type !== "progress" || event.half !== half) continue;
      while (kept.length > 0 && !isBefore(kept.at(-1)!, event)) kept.pop();
      kept.push(event);
    }
    return kept.length === 0 ? [] : [toCurve(half, kept, labels)];
  });
}

const isBefore = (a: ProgressEvent, b: ProgressEvent) => a.stage < b.stage || (a.stage === b.stage && a.iteration < b.iteration);

function toCurve(half: 1 | 2 | undefined, events: readonly ProgressEvent[], labels: ReadonlyMap<number, string>): RunCurve {
  const curve: RunCurve = {
    ...(half === undefined ? {} : { half }),
    iteration: [],
    values: { criticLoss: [], volumeLoss: [], realLogit: [], fakeLogit: [], gradientPenalty: [], signalAmplitude: [] },
    stages: [],
  };
  let offset = 0;
  let previous: ProgressEvent | undefined;
  for (const event of events) {
    if (event.stage !== previous?.stage) {
      offset += previous?.iteration ?? 0;
      curve.stages.push({ iteration: offset, label: labels.get(event.stage) ?? `stage ${event.stage}` });
    }
    previous = event;
    curve.iteration.push(offset + event.iteration);
    for (const key of Object.keys(curve.values) as ProgressKey[]) curve.values[key].push(event[key]);
  }
  return curve;
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
