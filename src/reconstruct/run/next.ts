/**
 * What comes next for a set of particles, told from where it stands: no file, clock or image is touched here. The
 * checkpoint holds where it stands, what was decided included, so that a resumed run does the same.
 */
import { classesIn, particleShares } from "../classes.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { Placement } from "../likelihood/poseSearch.ts";
import { compareHalfSamples, type HalfSamples } from "../measure/halfSamples.ts";
import type { Spectra } from "../measure/spectra.ts";
import type { LocalStage, Paces, RefinementStage, Stage, StageResult, TimeAndShells } from "../stage.ts";
import { endsStart, finestRefined } from "./course.ts";
import {
  type Circumstances,
  courseOf,
  type Decision,
  fit,
  fromBestStart,
  laidOut,
  timeIsOver,
  withStage,
} from "./decision.ts";
import { endsFinerStarts, type Measures, triesFiner } from "./finer.ts";
import { furtherStart } from "./furtherStart.ts";
import { enlarged, widened } from "./goingOn.ts";
import { toShellOfLargest } from "./largestClass.ts";
import type { MotionStep } from "./motion.ts";
import { attainableIn } from "./schedule.ts";
import { firstSchedule } from "./setting.ts";
import { isAsPlanned, iterationsInTime, keepsTime, layOut, newGoal } from "./timeLimit.ts";

/** A local search needs poses of at least this mean posterior probability. */
const leastCertainty = 0.6;
/** The pace is told after so many adversarial iterations, or so many seconds of fewer. */
const firstIterations = 20,
  firstSeconds = 5,
  fewestIterations = 3;
/** The time is looked at after so many adversarial iterations. */
const iterationsBetween = 25;

export type Step =
  /** Read the images at a working box. */
  | { kind: "read"; boxSize: number }
  /** Make the images of all particles ready for refinement up to a radius. */
  | { kind: "load"; maxRadius: number }
  /** Search the poses of the particles that the stage begins with. */
  | { kind: "search"; stage: LocalStage }
  | { kind: "stage"; stage: Stage }
  /** Once all stages are done: one of those that find how the molecule moves. */
  | { kind: "motion"; step: MotionStep }
  | { kind: "end" };

/** What is at hand, and not in a checkpoint. */
export interface AtHand {
  /** Working box of the images; 0 before they are read. */
  boxSize: number;
  /** Radius up to which they are ready for refinement; 0 where they are not. */
  loaded: number;
}

/** A set of particles before its images are read. */
export const begin = (workingBox: number, request: TimeAndShells, paces: Paces): Checkpoint => ({
  schedule: { workingBox, request, stages: [] },
  stage: 0,
  elapsedSeconds: 0,
  paces,
  finished: false,
});

/** @param motion what there is to do of it */
export function nextStep(
  { schedule, stage: index, ...state }: Checkpoint,
  { boxSize, loaded }: AtHand,
  motion?: MotionStep,
): Step {
  const { stages, goal, workingBox, nextBox = workingBox } = schedule,
    stage = stages[index];
  if (state.finished) {
    if (!motion) return { kind: "end" };
    if (boxSize !== workingBox) return { kind: "read", boxSize: workingBox };
    const maxRadius = state.volume!.n / 2;
    return maxRadius > loaded ? { kind: "load", maxRadius } : { kind: "motion", step: motion };
  }
  if (boxSize !== nextBox) return { kind: "read", boxSize: nextBox };
  if (!stage) return { kind: "end" };
  if (stage.kind !== "adversarial" && stage.maxRadius > loaded)
    return { kind: "load", maxRadius: goal ?? finestRefined(stages) };
  return stage.kind === "local" && !state.placed && !state.progress
    ? { kind: "search", stage }
    : { kind: "stage", stage };
}

/** After the images are read: what they show says what a run that begins, or that is to get finer, goes through. */
export function afterReading(state: Checkpoint, spectra: Spectra, circumstances: Circumstances): Decision {
  const { schedule } = state;
  if (!schedule.spectra)
    return { state: { ...state, schedule: firstSchedule(schedule, spectra, circumstances.setting) } };
  return schedule.nextBox === undefined ? { state } : enlarged(state, spectra, circumstances);
}

/**
 * While a stage is at work: once the pace is known the schedule is weighed against it, and a stage that takes too long
 * is cut.
 * @param seconds that the stage has been at work
 * @returns undefined where all stays as it is
 */
export function atIteration(
  state: Checkpoint,
  iteration: number,
  seconds: number,
  circumstances: Circumstances,
): Decision | undefined {
  const { budget, boxAngstrom } = circumstances.setting,
    { stages } = state.schedule,
    stage = stages[state.stage]!,
    course = courseOf(state, circumstances, iteration);
  if (!course || !Number.isInteger(iteration)) return undefined;
  if (stage.kind === "adversarial" && !state.weighed) {
    if (
      !state.paces.adversarial ||
      iteration < fewestIterations ||
      (iteration < firstIterations && seconds < firstSeconds)
    )
      return undefined;
    const weighed = { ...state, weighed: true };
    if (isAsPlanned(course, budget)) return { state: weighed };
    const coming = layOut(course, budget)!,
      goal = newGoal(coming, course, budget);
    return laidOut({ ...weighed, schedule: { ...state.schedule, goal } }, coming, boxAngstrom);
  }
  if (stage.kind === "adversarial" && iteration % iterationsBetween !== 0) return undefined;
  const iterations = iterationsInTime(course, budget);
  return iterations < stage.iterations ? { state: withStage(state, { ...stage, iterations }) } : undefined;
}

/** After the search for poses before a local stage: where they are too uncertain to look near them, all are tried. */
export function afterSearch(
  state: Checkpoint,
  { certainty, ...placement }: Placement & { certainty: number },
  { setting, secondsLeft }: Circumstances,
): Decision {
  if (certainty >= leastCertainty) return { state: { ...state, ...placement, placed: true } };
  const instead = globalStage(state.schedule.stages[state.stage] as LocalStage);
  const fitted = secondsLeft === undefined ? instead : fit(instead, secondsLeft, setting.budget, state.paces);
  return fitted ? { state: withStage(state, fitted) } : timeIsOver(state, setting);
}

/** After a stage: its result taken over, and what is to come laid out for the time that is left. */
export function afterStage(
  before: Checkpoint,
  result: StageResult,
  measures: Measures,
  circumstances: Circumstances,
): Decision {
  const done = before.schedule.stages[before.stage]!;
  const { volume, shifts, viewWeights, shares, memberships, scales, poses, fit, peaks, logLikelihood, criticLoss } =
      result,
    ends = endsStart(done);
  const tried = triesFiner(
    {
      ...before,
      stage: before.stage + 1,
      volume,
      shifts: shifts ?? before.shifts,
      viewWeights, // an adversarial stage makes a density about axes of its own
      shares: shares ?? before.shares,
      memberships,
      scales: ends ? undefined : (scales ?? before.scales),
      poses,
      fit,
      peaks,
      halfSamples: halfSamplesAfter(before, result, circumstances),
      ...(ends
        ? {
            starts: [
              ...(before.starts ?? []),
              { volume, shifts, viewWeights, shares, memberships, merit: (logLikelihood ?? criticLoss)! },
            ],
          }
        : {}),
      placed: undefined,
      progress: undefined,
    },
    done,
    measures,
    circumstances,
  );
  const further = furtherStart(endsFinerStarts(tried.state, done, measures), done, measures, circumstances),
    kept = inTime(toShellOfLargest(further, done, circumstances.setting), circumstances),
    { state } = kept,
    warning = [tried.warning, kept.warning].filter((each) => each !== undefined).join("; ") || undefined;
  const next = state.schedule.stages[state.stage];
  // Where another start follows it begins anew.
  return {
    state: fromBestStart({
      ...state,
      ...(ends ? { shifts: state.centre } : {}),
      finished: !next && state.schedule.nextBox === undefined,
    }),
    warning,
  };
}

/** What halves of the particles agree in: as this stage left them, or the one before where it does not tell. */
function halfSamplesAfter(
  { schedule, stage, halfSamples }: Checkpoint,
  { volume, shares, halfSamples: halves }: StageResult,
  { setting: { budget } }: Circumstances,
): HalfSamples | undefined {
  const { spectra } = schedule;
  if (!halves || !spectra) return halfSamples;
  return compareHalfSamples(
    halves,
    volume.n,
    spectra,
    attainableIn(schedule.stages[stage]!, spectra, budget),
    budget.count,
    particleShares(shares, classesIn(volume)),
  );
}

/** What is to come, laid out for the time that is left; where nothing fits, the end. */
function inTime(state: Checkpoint, circumstances: Circumstances): Decision {
  const { secondsLeft, setting } = circumstances,
    { budget, boxAngstrom } = setting,
    { stages, goal } = state.schedule,
    next = stages[state.stage];
  if (state.schedule.reopened) return widened(state, circumstances);
  if (secondsLeft === undefined) return { state };
  const course = courseOf(state, circumstances);
  if (!course) {
    // The user's own stages, each cut down by itself.
    if (!next || next.kind === "adversarial") return { state };
    const fitted = fit(next, secondsLeft, budget, state.paces);
    return fitted ? { state: withStage(state, fitted) } : timeIsOver(state, setting);
  }
  if (next ? keepsTime(course, budget) : stages.at(-1)!.maxRadius >= goal!) return { state };
  const coming = layOut(course, budget);
  return coming ? laidOut(state, coming, boxAngstrom) : timeIsOver(state, setting);
}

/** With weak signal the likelihood rises slowly: three times the passes, unless it stands still before. */
const globalStage = (stage: LocalStage): RefinementStage => ({
  ...stage,
  kind: "refinement",
  iterations: 3 * stage.iterations,
});
