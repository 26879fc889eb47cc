/**
 * Whether a molecule's shape was found at low resolution, and what is tried where it was not: some molecules (a shell,
 * a small protein) show none there, and are to be begun at a finer shell.
 */
import { classesIn } from "../classes.ts";
import type { Checkpoint, Start } from "../folder/checkpoint.ts";
import { nearlySame } from "../measure/startAgreement.ts";
import type { Stage, StageVolume } from "../stage.ts";
import { endsStart, isJudging } from "./course.ts";
import { type Circumstances, type Decision, laidOut, likeliestFirst } from "./decision.ts";
import { finestGlobalSearch, resolutionOf } from "./radii.ts";
import { finerStarts, refiningStages } from "./schedule.ts";

/** A shape that explains so much of what the images show of one, of all that they could show, is found. */
const found = 0.6;

/** What is asked about densities; it takes some time, and is not asked where nothing depends on it. */
export interface Measures {
  /** Share of the images' angular signal that the density of the stage just done explains (measure/angularShare.ts). */
  share(): number;
  /** How far two starts agree (measure/startAgreement.ts). */
  agreement(best: StageVolume, other: StageVolume): number;
}

/** Whether the two likeliest starts came to one shape, up to the shell that they are judged at. */
export function likeliestAgree(starts: readonly Start[], { agreement }: Measures): boolean {
  const [best, next] = likeliestFirst(starts);
  return agreement(best!.volume, next!.volume) >= nearlySame;
}

/**
 * After the last stage of refinement over all poses at low resolution: where the shape found there explains too little
 * of the images, starts at a finer shell are laid out. The shifts found stand: a shape that is wrong is still in the
 * middle of the particle.
 *
 * @param done the stage that has just ended
 */
export function triesFiner(state: Checkpoint, done: Stage, measures: Measures, { setting }: Circumstances): Decision {
  const { schedule, stage } = state,
    { goal, stages } = schedule,
    { budget, boxAngstrom } = setting,
    next = stages[stage];
  const isLast = done.kind === "refinement" && !isJudging(done) && next?.kind === "local";
  if (goal === undefined || schedule.given || schedule.finer || !isLast || done.maxRadius > finestGlobalSearch)
    return { state };
  const share = measures.share(),
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
      `${Math.round(100 * share)} % of what the images show there: ` +
      `up to ${starts.filter(isJudging).length - 1} further starts ` +
      `at ${resolutionOf(budget.finerStart.at(-1)!.maxRadius, boxAngstrom)}`,
  };
}

/**
 * After a start at a finer shell: once the two likeliest, of which one may be the coarse one, came to one shape,
 * further ones would not change it, and none is made.
 *
 * @param done the stage that has just ended
 */
export function endsFinerStarts(state: Checkpoint, done: Stage, measures: Measures): Checkpoint {
  const { schedule, stage, starts = [] } = state,
    { stages } = schedule,
    last = stages.findLastIndex(endsStart);
  if (schedule.finer !== "tried" || !isJudging(done) || last < stage || starts.length < 2) return state;
  // Which class of one is which of another start is not known.
  if (classesIn(starts[0]!.volume) > 1 || !likeliestAgree(starts, measures)) return state;
  return { ...state, schedule: { ...schedule, stages: [...stages.slice(0, stage), ...stages.slice(last + 1)] } };
}
