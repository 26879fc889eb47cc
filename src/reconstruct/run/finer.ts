/**
 * Whether a molecule's shape was found at low resolution, and what is tried where it was not: some molecules (a shell,
 * a small protein) show none there, and are to be begun at a finer shell.
 */
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { Stage } from "../stage.ts";
import { isJudging } from "./course.ts";
import { type Circumstances, type Decision, laidOut } from "./decision.ts";
import { finestGlobalSearch, resolutionOf } from "./radii.ts";
import { finerStarts, refiningStages } from "./schedule.ts";

/** A shape that explains so much of what the images show of one, of all that they could show, is found. */
const found = 0.6;

/**
 * After the last stage of refinement over all poses at low resolution: where the shape found there explains too little
 * of the images, starts at a finer shell are laid out. The shifts found stand: a shape that is wrong is still in the
 * middle of the particle.
 *
 * @param done         the stage that has just ended
 * @param measureShare tells the share of the images' angular signal that its density explains; not asked after others
 */
export function triesFiner(
  state: Checkpoint,
  done: Stage,
  measureShare: () => number,
  { setting }: Circumstances,
): Decision {
  const { schedule, stage } = state,
    { goal, stages } = schedule,
    { budget, boxAngstrom } = setting,
    next = stages[stage];
  const isLast = done.kind === "refinement" && !isJudging(done) && next?.kind === "local";
  if (goal === undefined || schedule.given || schedule.finer || !isLast || done.maxRadius > finestGlobalSearch)
    return { state };
  const share = measureShare(),
    starts = share < found ? finerStarts(stages.filter(isJudging).length, goal, budget) : [];
  const judging = starts.find(isJudging);
  if (!judging) return { state: { ...state, schedule: { ...schedule, finer: "not needed" } } };
  const coming = [...starts, ...refiningStages(judging.maxRadius, goal, budget, judging.maxRadius)];
  const decided = laidOut(
    { ...state, centre: state.shifts, schedule: { ...schedule, finer: "tried" } },
    coming,
    boxAngstrom,
  );
  return {
    state: decided.state,
    warning:
      `the shape found at ${resolutionOf(done.maxRadius, boxAngstrom)} explains ` +
      `${Math.round(100 * share)} % of what the images show there: ${starts.filter(isJudging).length - 1} further ` +
      `starts at ${resolutionOf(budget.finerStart.at(-1)!.maxRadius, boxAngstrom)}`,
  };
}
