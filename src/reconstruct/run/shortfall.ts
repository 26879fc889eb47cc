import type { Stage } from "../stage.ts";
import { endsStart } from "./course.ts";
import { resolutionOf } from "./radii.ts";

/** How one schedule falls short of another, in words; nothing where it hardly does. */
export function shortfall(before: readonly Stage[], after: readonly Stage[], boxAngstrom: number): string[] {
  const starts = (stages: readonly Stage[]): number => Math.max(1, stages.filter(endsStart).length),
    finest = (stages: readonly Stage[]): number => Math.max(...stages.map((stage) => stage.maxRadius)),
    iterations = (stages: readonly Stage[]): number =>
      Math.min(...stages.map((stage) => (stage.kind === "adversarial" ? stage.iterations : Infinity)));
  const fewer = (name: string, [now, planned]: [number, number]): string[] =>
    now < planned ? [`${now} ${name}${now === 1 ? "" : "s"} instead of ${planned}`] : [];
  return [
    ...fewer("start", [starts(after), starts(before)]),
    ...fewer("adversarial iteration", [iterations(after), iterations(before)]),
    ...(finest(after) < 0.9 * finest(before)
      ? [`to ${resolutionOf(finest(after), boxAngstrom)} instead of ${resolutionOf(finest(before), boxAngstrom)}`]
      : []),
  ];
}
