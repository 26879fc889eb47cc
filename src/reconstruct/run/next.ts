/**
 * What comes next for a set of particles, told from where it stands: no file, clock or image is touched here. The
 * checkpoint holds where it stands, what was decided included, so that a resumed run does the same.
 */
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { Placement } from "../likelihood/poseSearch.ts";
import type { LocalStage, Paces, RefinementStage, Schedule, Stage, StageResult } from "../stage.ts";
import { secondsHere } from "./cost.ts";
import { type Course, finestRefined, isRefining } from "./course.ts";
import { fitToTime } from "./fitToTime.ts";
import type { Budget } from "./schedule.ts";
import { shortfall } from "./shortfall.ts";
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
  /** Make the images of all particles ready for refinement up to a radius. */
  | { kind: "load"; maxRadius: number }
  /** Search the poses of the particles that the stage begins with. */
  | { kind: "search"; stage: LocalStage }
  | { kind: "stage"; stage: Stage }
  | { kind: "end" };

/** What is known when something is decided. */
export interface Circumstances {
  budget: Budget;
  boxAngstrom: number;
  /** Until the time limit; absent where there is none. */
  secondsLeft?: number;
  /** Radius up to which the images are ready for refinement; 0 where they are not. */
  loaded: number;
}

/** A new state, and what the user is to know of how it came about. */
export interface Decision {
  state: Checkpoint;
  warning?: string;
}

export const begin = (schedule: Schedule, paces: Paces): Checkpoint => ({
  schedule,
  stage: 0,
  elapsedSeconds: 0,
  paces,
  finished: false,
});

/** @param loaded radius up to which the images are ready for refinement */
export function nextStep(state: Checkpoint, loaded: number): Step {
  const { stages, goal } = state.schedule,
    stage = stages[state.stage];
  if (state.finished || !stage) return { kind: "end" };
  if (stage.kind !== "adversarial" && stage.maxRadius > loaded)
    return { kind: "load", maxRadius: goal ?? finestRefined(stages) };
  return stage.kind === "local" && !state.placed && !state.progress
    ? { kind: "search", stage }
    : { kind: "stage", stage };
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
  const { budget, boxAngstrom } = circumstances,
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
  { budget, boxAngstrom, secondsLeft }: Circumstances,
): Decision {
  if (certainty >= leastCertainty) return { state: { ...state, ...placement, placed: true } };
  const instead = globalStage(state.schedule.stages[state.stage] as LocalStage);
  const fitted = secondsLeft === undefined ? instead : fit(instead, secondsLeft, budget, state.paces);
  return fitted ? { state: withStage(state, fitted) } : timeIsOver(state, boxAngstrom);
}

/** After a stage: its result taken over, and what is to come laid out for the time that is left. */
export function afterStage(before: Checkpoint, result: StageResult, circumstances: Circumstances): Decision {
  const done = before.schedule.stages[before.stage]!;
  const { volume, shifts, poses, fit, logLikelihood } = result,
    endsStart = done.kind === "refinement" && done.endsStart;
  const { state, warning } = inTime(
    {
      ...before,
      stage: before.stage + 1,
      volume,
      shifts: shifts ?? before.shifts,
      poses,
      fit,
      ...(endsStart ? { starts: [...(before.starts ?? []), { volume, shifts, logLikelihood: logLikelihood! }] } : {}),
      placed: undefined,
      progress: undefined,
    },
    circumstances,
  );
  const next = state.schedule.stages[state.stage];
  const further =
    state.starts && (!next || isRefining(next))
      ? { ...bestOf(state.starts), starts: undefined }
      : endsStart
        ? { shifts: undefined } // the next start begins anew
        : {};
  return { state: { ...state, ...further, finished: !next }, warning };
}

/** What is to come, laid out for the time that is left; where nothing fits, the end. */
function inTime(state: Checkpoint, circumstances: Circumstances): Decision {
  const { budget, boxAngstrom, secondsLeft } = circumstances,
    { stages, goal } = state.schedule,
    next = stages[state.stage];
  if (secondsLeft === undefined) return { state };
  const course = courseOf(state, circumstances);
  if (!course) {
    // The user's own stages, each cut down by itself.
    if (!next || next.kind === "adversarial") return { state };
    const fitted = fit(next, secondsLeft, budget, state.paces);
    return fitted ? { state: withStage(state, fitted) } : timeIsOver(state, boxAngstrom);
  }
  if (next ? keepsTime(course, budget) : stages.at(-1)!.maxRadius >= goal!) return { state };
  const coming = layOut(course, budget);
  return coming ? laidOut(state, coming, boxAngstrom) : timeIsOver(state, boxAngstrom);
}

/** Absent where there is no limit, or the user set the stages. */
function courseOf(state: Checkpoint, { secondsLeft, loaded }: Circumstances, iteration?: number): Course | undefined {
  if (secondsLeft === undefined || state.schedule.goal === undefined) return undefined;
  const { schedule, stage, starts, paces } = state;
  return { schedule, stage, starts, paces, secondsLeft, loaded, ...(iteration === undefined ? {} : { iteration }) };
}

/** The state with other stages to come. */
function laidOut(state: Checkpoint, coming: Stage[], boxAngstrom: number): Decision {
  const { schedule, stage, paces } = state,
    stages = [...schedule.stages.slice(0, stage), ...coming];
  const short = shortfall(schedule.stages, stages, boxAngstrom),
    pace = paces.latest ?? 1,
    slow = pace > 1.2;
  return {
    state: { ...state, schedule: { ...schedule, stages } },
    ...(short.length > 0
      ? {
          warning:
            `to keep to the time limit${slow ? `, at ${pace.toFixed(1)} times the time estimated` : ""}: ` +
            `${short.join(", ")}`,
        }
      : {}),
  };
}

function timeIsOver(state: Checkpoint, boxAngstrom: number): Decision {
  const { schedule, stage, volume } = state,
    past = schedule.stages.slice(0, stage);
  const angstrom = (radius: number): string => `${(boxAngstrom / radius).toFixed(1)} Å`;
  const ended = { ...state, schedule: { ...schedule, stages: past }, finished: true };
  if (!past.some(isRefining)) {
    const cutOff =
      "stopped by the time limit before refinement: " +
      `the map is what the adversarial start left, at ${angstrom(volume!.n / 2)}`;
    return { state: { ...ended, cutOff }, warning: cutOff };
  }
  return {
    state: ended,
    warning:
      `the time limit is reached before ${angstrom(schedule.stages[stage]?.maxRadius ?? schedule.goal!)}; ` +
      "the map stands as the stage before left it",
  };
}

const fit = <S extends RefinementStage | LocalStage>(
  stage: S,
  secondsLeft: number,
  budget: Budget,
  paces: Paces,
): S | undefined => fitToTime(stage, secondsLeft, (cut) => secondsHere(cut, budget, paces), budget.count);

const withStage = (state: Checkpoint, stage: Stage): Checkpoint => ({
  ...state,
  schedule: { ...state.schedule, stages: state.schedule.stages.with(state.stage, stage) },
});

/** Of several starts the one whose density explains the particles best. */
function bestOf(starts: NonNullable<Checkpoint["starts"]>): Pick<Checkpoint, "volume" | "shifts"> {
  const { volume, shifts } = starts.reduce((best, next) => (next.logLikelihood > best.logLikelihood ? next : best));
  return { volume, shifts };
}

/** With weak signal the likelihood rises slowly: three times the passes, unless it stands still before. */
const globalStage = (stage: LocalStage): RefinementStage => ({
  ...stage,
  kind: "refinement",
  iterations: 3 * stage.iterations,
});
