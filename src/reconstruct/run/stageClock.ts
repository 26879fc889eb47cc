/** Time left, from the estimates for the stages and the pace at which they turn out. */
import type { Stage } from "../stage.ts";
import { type Budget, stageSeconds } from "./schedule.ts";

export interface StageClock {
  /** Called after each iteration, with the time in seconds. */
  remaining(iteration: number, seconds: number): number;
  /** Seconds that a second of the estimate takes, as measured last. */
  pace(): number;
}

export function stageClock(
  stages: readonly Stage[],
  index: number,
  budget: Budget,
  anotherHalf: boolean,
  paceBefore: number,
): StageClock {
  const estimates = stages.map((stage) => stageSeconds(stage, budget));
  const sum = (list: number[]): number => list.reduce((total, seconds) => total + seconds, 0);
  const later = sum(estimates.slice(index + 1)) + (anotherHalf ? sum(estimates) : 0);
  const perIteration = estimates[index]! / stages[index]!.iterations;
  let first: { iteration: number; seconds: number } | undefined;
  let pace = paceBefore;
  return {
    remaining(iteration, seconds) {
      first ??= { iteration, seconds };
      if (seconds - first.seconds > 1)
        pace = (seconds - first.seconds) / (perIteration * (iteration - first.iteration));
      return pace * (perIteration * (stages[index]!.iterations - iteration) + later);
    },
    pace: () => pace,
  };
}
