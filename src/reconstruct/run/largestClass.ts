/** The finest shell of several classes: of which one, is known once the particles are parted. */
import { classesIn } from "../classes.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { Stage } from "../stage.ts";
import { isJudging, placeOf, stagesAfter } from "./course.ts";
import { goalRadius } from "./schedule.ts";
import type { Setting } from "./setting.ts";

/**
 * After the last stage of refinement over all poses: a schedule is laid out for classes of equal shares, and goes on to
 * the shell that the largest class can show. What smaller ones do not show there is filtered out of each by itself.
 *
 * @param done the stage that has just ended
 */
export function toShellOfLargest(state: Checkpoint, done: Stage, { budget }: Pick<Setting, "budget">): Checkpoint {
  const { schedule, stage, shares, volume } = state,
    { goal, spectra, stages, workingBox } = schedule,
    classes = volume ? classesIn(volume) : 1,
    isLast = done.kind === "refinement" && !isJudging(done) && stages[stage]?.kind === "local";
  if (goal === undefined || !spectra || !shares || classes < 2 || !isLast) return state;
  const edge = Math.floor(workingBox / 2),
    largest = classes * Math.max(...shares.subarray(0, classes)),
    finest = goalRadius(spectra, { ...budget, groupOrder: largest * budget.groupOrder }, edge);
  // A goal that the time did not allow stays as it is.
  if (finest <= goal || goal !== goalRadius(spectra, budget, edge)) return state;
  const coming = stagesAfter(placeOf(state), finest, budget);
  return { ...state, schedule: { ...schedule, goal: finest, stages: [...stages.slice(0, stage), ...coming] } };
}
