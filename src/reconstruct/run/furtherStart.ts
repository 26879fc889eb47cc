/** One more start, where those that a run began with came to different shapes: one of them at least is wrong. */
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { Stage } from "../stage.ts";
import { endsStart, isJudging } from "./course.ts";
import { type Circumstances, courseOf } from "./decision.ts";
import { likeliestAgree, type Measures } from "./finer.ts";
import { comparesStarts, numberedStart, startsCompared, startsFor } from "./schedule.ts";
import { worth } from "./timeLimit.ts";

/**
 * After the last of the starts at the usual shell.
 *
 * @param done the stage that has just ended
 */
export function furtherStart(state: Checkpoint, done: Stage, measures: Measures, now: Circumstances): Checkpoint {
  const { schedule, stage, starts = [] } = state,
    { stages, goal, finer } = schedule,
    { budget } = now.setting;
  if (goal === undefined || finer !== undefined || !comparesStarts(budget)) return state;
  if (!isJudging(done) || stages.slice(stage).some(endsStart) || starts.length < startsCompared) return state;
  const course = courseOf(state, now),
    seconds = course ? worth(course, budget) : budget.seconds;
  if (starts.length >= startsFor({ ...budget, seconds }) || likeliestAgree(starts, measures)) return state;
  return {
    ...state,
    schedule: { ...schedule, stages: stages.toSpliced(stage, 0, ...numberedStart(starts.length, goal, budget)) },
  };
}
