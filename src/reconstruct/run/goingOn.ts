/**
 * A run that goes on with more time, or finer, than it began with: its last map and poses stand, and further stages
 * follow. Where they need finer images than were read, these are read anew at a larger working box.
 */
import { InputError } from "../../base/errors.ts";
import { formatDuration } from "../../base/format.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { Spectra } from "../measure/spectra.ts";
import type { AdversarialStage, Stage, StageVolume, TimeAndShells } from "../stage.ts";
import { iterationSeconds, paceAt, readingSeconds } from "./cost.ts";
import { mostStarts, type Place, placeOf, stagesAfter, startsToCome } from "./course.ts";
import { type Circumstances, courseOf, type Decision, fit, laidOut, timeIsOver } from "./decision.ts";
import { resolutionOf } from "./radii.ts";
import { type Budget, goalRadius, refiningStage } from "./schedule.ts";
import type { Setting } from "./setting.ts";
import { layOut } from "./timeLimit.ts";

const isSame = (a: TimeAndShells, b: TimeAndShells): boolean =>
  a.timeLimit === b.timeLimit && a.resolution === b.resolution;

/**
 * @param found   checkpoints of all sets of particles
 * @param elapsed seconds that they took together
 * @throws {InputError} where nothing can be added to the run: no time is left, or it has been finer already
 */
export function checkRequest(found: readonly Checkpoint[], { request, boxAngstrom }: Setting, out: string): void {
  const changed = found.filter(({ schedule }) => !isSame(schedule.request, request));
  if (changed.length === 0) return;
  const elapsed = found.reduce((sum, { elapsedSeconds }) => sum + elapsedSeconds, 0),
    { timeLimit, resolution } = request;
  if (timeLimit !== undefined && timeLimit <= elapsed)
    throw new InputError(
      `${out}: the run has taken ${formatDuration(elapsed)}, which --time-limit counts, too; ` +
        `${formatDuration(timeLimit)} leaves nothing to go on with: give more`,
    );
  const finest = boxAngstrom / Math.max(...found.map(({ schedule, stage }) => reachedBy(schedule.stages, stage)));
  if (resolution !== undefined && boxAngstrom / Math.ceil(boxAngstrom / resolution) > finest)
    throw new InputError(
      `${out}: the run has worked to ${finest.toFixed(1)} Å, and --resolution ${resolution} is coarser; ` +
        "give a finer one, or start anew with --overwrite",
    );
}

/** Radius of the finest stage begun. */
const reachedBy = (stages: readonly Stage[], stage: number): number =>
  Math.max(1, ...stages.slice(0, stage + 1).map(({ maxRadius }) => maxRadius));

/** A checkpoint gone on from, under a request that may be another one than before. */
export function reopened(found: Checkpoint, circumstances: Circumstances): Decision {
  const { request } = circumstances.setting;
  if (isSame(found.schedule.request, request)) return { state: found };
  const state = {
    ...found,
    finished: false,
    cutOff: undefined,
    placed: undefined,
    motion: undefined,
    progress: found.finished ? undefined : found.progress, // of what was found of the motion
    schedule: { ...found.schedule, request },
  };
  // A stage at work is ended as it was begun.
  return state.progress
    ? { state: { ...state, schedule: { ...state.schedule, reopened: true } } }
    : widened(state, circumstances);
}

/** Between two stages: how fine the run can get under its request, and whether that needs images of a larger box. */
export function widened(before: Checkpoint, circumstances: Circumstances): Decision {
  const { setting, secondsLeft } = circumstances,
    { budget, limit, boxSize } = setting,
    { spectra, workingBox } = before.schedule;
  const state = { ...before, schedule: { ...before.schedule, reopened: undefined } };
  const edge = Math.floor(workingBox / 2),
    shown = goalRadius(spectra!, budget, edge);
  if (shown < edge || limit <= edge) return furtherStages(state, Math.min(shown, limit), circumstances);
  let finest = limit;
  if (secondsLeft !== undefined) {
    const reading = paceAt(state.paces, "loading").factor * readingSeconds(budget);
    const schedule = { ...state.schedule, goal: limit };
    const course = courseOf(
      { ...state, schedule },
      { ...circumstances, loaded: 0, secondsLeft: secondsLeft - reading },
    )!;
    finest = Math.max(0, ...(layOut(course, budget) ?? []).map(({ maxRadius }) => maxRadius));
  }
  if (finest <= edge) return furtherStages(state, edge, circumstances);
  return { state: { ...state, schedule: { ...state.schedule, nextBox: Math.min(boxSize, 2 * finest) } } };
}

/** After the images were read at the larger box: densities in its scale, and stages as fine as they show. */
export function enlarged(before: Checkpoint, spectra: Spectra, circumstances: Circumstances): Decision {
  const { budget, limit } = circumstances.setting,
    { workingBox: smaller, nextBox, ...schedule } = before.schedule,
    workingBox = nextBox!;
  // The scale of a density goes with the square of the working box (mapOfVolume).
  const factor = (workingBox / smaller) ** 2,
    scaled = (values: Float32Array): Float32Array => values.map((v) => factor * v);
  const rescaled = <V extends StageVolume & { unmasked: Float32Array }>(volume: V): V => ({
    ...volume,
    data: scaled(volume.data),
    unmasked: scaled(volume.unmasked),
  });
  const state: Checkpoint = {
    ...before,
    schedule: { ...schedule, workingBox, spectra },
    ...(before.volume && { volume: rescaled(before.volume) }),
    ...(before.starts && { starts: before.starts.map((start) => ({ ...start, volume: rescaled(start.volume) })) }),
  };
  const finest = Math.min(limit, Math.floor(workingBox / 2));
  return furtherStages(state, goalRadius(spectra, budget, finest), circumstances);
}

/** Stages up to a radius; where the run has been as fine already, the last once more, if there is a time to fill. */
function furtherStages(before: Checkpoint, goal: number, circumstances: Circumstances): Decision {
  const { setting, secondsLeft } = circumstances,
    { budget, boxAngstrom } = setting;
  const state = { ...before, schedule: { ...before.schedule, goal } },
    place = placeOf(state),
    reached = budget.onward || state.stage === 0 ? place.reached : reachedBy(state.schedule.stages, state.stage - 1);
  if (reached !== undefined && reached >= goal) {
    const again = budget.onward
      ? lastOnceMore(reached, place, state, circumstances)
      : longer(reached, state, circumstances);
    if (again) return laidOut(state, [again], boxAngstrom);
    return {
      ...laidOut({ ...state, finished: true }, [], boxAngstrom),
      warning: `${resolutionOf(reached, boxAngstrom)} is as fine as the images, or the options, allow`,
    };
  }
  if (!budget.onward && reached !== undefined)
    return laidOut(state, [longer(goal, state, circumstances) ?? atOnce(goal, budget)], boxAngstrom);
  if (secondsLeft === undefined) {
    const starts = startsToCome(place, mostStarts(place, budget), goal, budget);
    return laidOut(state, [...starts, ...stagesAfter(place, goal, budget)], boxAngstrom);
  }
  const coming = layOut(courseOf(state, circumstances)!, budget);
  return coming ? laidOut(state, coming, boxAngstrom) : timeIsOver(state, setting);
}

/** A whole stage of a run that is one, from the map that is there. */
const atOnce = (radius: number, { start }: Budget): AdversarialStage => ({
  ...start.at(-1)!,
  maxRadius: radius,
  onward: true,
});

/** The same in the time that is left; absent where none is given, or too little. */
function longer(
  radius: number,
  { paces }: Checkpoint,
  { setting: { budget }, secondsLeft }: Circumstances,
): AdversarialStage | undefined {
  if (secondsLeft === undefined) return undefined;
  const whole = atOnce(radius, budget),
    seconds = paceAt(paces, "adversarial").factor * iterationSeconds(whole, budget);
  const iterations = Math.min(whole.iterations, Math.floor(secondsLeft / seconds));
  return iterations < 1 ? undefined : { ...whole, iterations };
}

/** A stage of refinement at the radius reached, in the time that is left; an adversarial one is as good as it gets. */
function lastOnceMore(
  reached: number,
  { searchRadius }: Place,
  { paces }: Checkpoint,
  { setting: { budget }, secondsLeft }: Circumstances,
): Stage | undefined {
  if (budget.method === "cryogan" || secondsLeft === undefined) return undefined;
  return fit(refiningStage(reached, reached, budget, searchRadius), secondsLeft, budget, paces);
}
