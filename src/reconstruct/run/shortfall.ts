import type { Stage } from "../stage.ts";
import { endsStart } from "./course.ts";
import { resolutionOf } from "./radii.ts";

export interface Shortfall {
  /** In words; none where it hardly falls short. */
  words: string[];
  /** The resolution that it comes to, where that alone is what it falls short in. */
  plannedAngstrom?: number;
}

/** How one schedule falls short of another. */
export function shortfall(before: readonly Stage[], after: readonly Stage[], boxAngstrom: number): Shortfall {
  const starts = (stages: readonly Stage[]): number => Math.max(1, stages.filter(endsStart).length),
    finest = (stages: readonly Stage[]): number => Math.max(...stages.map((stage) => stage.maxRadius)),
    iterations = (stages: readonly Stage[]): number =>
      Math.min(...stages.map((stage) => (stage.kind === "adversarial" ? stage.iterations : Infinity)));
  const fewer = (name: string, [now, planned]: [number, number]): string[] =>
    now < planned ? [`${now} ${name}${now === 1 ? "" : "s"} instead of ${planned}`] : [];
  const less = [
    ...fewer("start", [starts(after), starts(before)]),
    ...fewer("adversarial iteration", [iterations(after), iterations(before)]),
  ];
  if (finest(after) >= 0.9 * finest(before)) return { words: less };
  return {
    words: [
      ...less,
      `to ${resolutionOf(finest(after), boxAngstrom)} instead of ${resolutionOf(finest(before), boxAngstrom)}`,
    ],
    ...(less.length === 0 ? { plannedAngstrom: boxAngstrom / finest(after) } : {}),
  };
}
