/** The pace of a stage, from the times of its iterations. */

import type { Paces, Task } from "../stage.ts";
import { withPace } from "./cost.ts";

/** Shorter times tell no pace. */
const leastSeconds = 0.5;
/** The pace is that of the last ten to twenty seconds. */
const windowSeconds = 10;

interface Reading {
  iteration: number;
  seconds: number;
}

/**
 * @param secondsEach that an iteration takes by the estimate
 * @param begun       time at which the stage began, seconds
 * @returns to be called after each iteration, with the time; gives the paces as they are known then
 */
export function paceMeter(
  task: Task,
  secondsEach: number,
  begun: number,
  before: Paces,
): (iteration: number, seconds: number) => Paces {
  let overhead: number | undefined, from: Reading | undefined, next: Reading | undefined;
  let paces = before;
  return (iteration, seconds) => {
    const now = { iteration, seconds };
    overhead ??= seconds - begun;
    from ??= now;
    next ??= now;
    if (seconds - next.seconds > windowSeconds) [from, next] = [next, now];
    const taken = seconds - from.seconds,
      done = iteration - from.iteration;
    if (taken > leastSeconds && done > 0) paces = withPace(before, task, taken / (secondsEach * done), overhead);
    return paces;
  };
}
