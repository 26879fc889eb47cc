/** What is decided on the way, and what that rests on. */
import type { Checkpoint, Start } from "../folder/checkpoint.ts";
import type { LocalStage, Paces, RefinementStage, Stage } from "../stage.ts";
import { secondsHere } from "./cost.ts";
import { type Course, comesAfterStarts, endsStart } from "./course.ts";
import { fitToTime } from "./fitToTime.ts";
import { resolutionOf } from "./radii.ts";
import type { Budget } from "./schedule.ts";
import type { Setting } from "./setting.ts";
import { shortfall } from "./shortfall.ts";

/** What is known when something is decided. */
export interface Circumstances {
  setting: Setting;
  /** Until the time limit; absent where there is none. */
  secondsLeft?: number;
  /** Radius up to which the images are ready for refinement; 0 where they are not. */
  loaded: number;
}

/** A new state, and what the user is to know of how it came about. */
export interface Decision {
  state: Checkpoint;
  warning?: string;
  /** Of a warning that the run is laid out for this resolution now, and no finer one. */
  plannedAngstrom?: number | undefined;
}

/** Absent where there is no limit, or the user set the stages. */
export function courseOf(
  state: Checkpoint,
  { secondsLeft, loaded }: Circumstances,
  iteration?: number,
): Course | undefined {
  if (secondsLeft === undefined || state.schedule.goal === undefined) return undefined;
  const { schedule, stage, starts, paces } = state;
  return { schedule, stage, starts, paces, secondsLeft, loaded, ...(iteration === undefined ? {} : { iteration }) };
}

/** The state with other stages to come. */
export function laidOut(state: Checkpoint, coming: Stage[], boxAngstrom: number): Decision {
  const { schedule, stage, paces } = state,
    stages = [...schedule.stages.slice(0, stage), ...coming];
  const { words, plannedAngstrom } = shortfall(schedule.stages, stages, boxAngstrom),
    pace = paces.latest ?? 1,
    slow = pace > 1.2;
  return {
    state: fromBestStart({ ...state, schedule: { ...schedule, stages } }),
    ...(words.length > 0
      ? {
          warning:
            `to keep to the time limit${slow ? `, at ${pace.toFixed(1)} times the time estimated` : ""}: ` +
            `${words.join(", ")}`,
          plannedAngstrom,
        }
      : {}),
  };
}

export function timeIsOver(state: Checkpoint, { boxAngstrom, budget: { method } }: Setting): Decision {
  const { schedule, stage } = state,
    past = schedule.stages.slice(0, stage);
  const ended = fromBestStart({ ...state, schedule: { ...schedule, stages: past }, finished: true });
  if (method === "cryogan" ? past.length === 0 : !past.some(comesAfterStarts)) {
    const cutOff =
      `stopped by the time limit before ${method === "cryogan" ? "the first stage" : "refinement"}: ` +
      `the map is ${schedule.given ? "the start that was given" : "what the adversarial start left"}, ` +
      `at ${resolutionOf(ended.volume!.n / 2, boxAngstrom)}`;
    return { state: { ...ended, cutOff } }; // told at the end of the run
  }
  return {
    state: ended,
    warning:
      "the time limit is reached before " +
      `${resolutionOf(schedule.stages[stage]?.maxRadius ?? schedule.goal!, boxAngstrom)}; ` +
      "the map stands as the stage before left it",
  };
}

/** A stage of refinement cut down to the time that is left, at the pace measured. */
export const fit = <S extends RefinementStage | LocalStage>(
  stage: S,
  secondsLeft: number,
  budget: Budget,
  paces: Paces,
): S | undefined => fitToTime(stage, secondsLeft, (cut) => secondsHere(cut, budget, paces), budget.count);

export const withStage = (state: Checkpoint, stage: Stage): Checkpoint => ({
  ...state,
  schedule: { ...state.schedule, stages: state.schedule.stages.with(state.stage, stage) },
});

/** Starts in the order of their merit. */
export const likeliestFirst = (starts: readonly Start[]): Start[] => starts.toSorted((a, b) => b.merit - a.merit);

/**
 * Once there are no more starts, of those made the one is gone on with whose density explains the particles best, or
 * whose images the critic tells least from theirs.
 */
export function fromBestStart(state: Checkpoint): Checkpoint {
  const { starts, schedule, stage } = state;
  if (!starts || schedule.stages.slice(stage).some(endsStart)) return state;
  const [best, ...others] = likeliestFirst(starts) as [Start, ...Start[]],
    { volume, shifts, viewWeights, shares, memberships } = best;
  return {
    ...state,
    volume,
    shifts,
    viewWeights,
    shares,
    memberships,
    starts: undefined,
    otherStarts: others.map((other) => other.volume),
    ...(others.length > 0
      ? { choice: { start: 1 + starts.indexOf(best), merits: starts.map(({ merit }) => merit) } }
      : {}),
  };
}
