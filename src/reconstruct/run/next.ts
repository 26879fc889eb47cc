/**
 * What comes next for a set of particles, told from where it stands: no file, clock or image is touched here. The
 * checkpoint holds where it stands, what was decided included, so that a resumed run does the same.
 */
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { Placement } from "../likelihood/poseSearch.ts";
import type { LocalStage, RefinementStage, Schedule, Stage, StageResult } from "../stage.ts";
import { type Budget, fitToTime } from "./schedule.ts";

/** A local search needs poses of at least this mean posterior probability. */
const leastCertainty = 0.6;

export type Step =
  /** Search the poses of the particles that the stage begins with. */
  { kind: "search"; stage: LocalStage } | { kind: "stage"; stage: Stage } | { kind: "end" };

/** What is known when something is decided. */
export interface Circumstances {
  budget: Budget;
  boxAngstrom: number;
  /** Until the time limit; absent where there is none. */
  secondsLeft?: number;
  /** Seconds that a second of the estimate takes, as measured last. */
  pace: number;
}

/** A new state, and what the user is to know of how it came about. */
export interface Decision {
  state: Checkpoint;
  warning?: string;
}

export const begin = (schedule: Schedule): Checkpoint => ({ schedule, stage: 0, elapsedSeconds: 0, finished: false });

export function nextStep(state: Checkpoint): Step {
  if (state.finished) return { kind: "end" };
  const stage = state.schedule.stages[state.stage]!;
  return stage.kind === "local" && !state.placed && !state.progress
    ? { kind: "search", stage }
    : { kind: "stage", stage };
}

/** After the search for poses before a local stage: where they are too uncertain to look near them, all are tried. */
export function afterSearch(
  state: Checkpoint,
  { certainty, ...placement }: Placement & { certainty: number },
  circumstances: Circumstances,
): Decision {
  if (certainty >= leastCertainty) return { state: { ...state, ...placement, placed: true } };
  const stage = state.schedule.stages[state.stage] as LocalStage;
  return toTime(withStage(state, globalStage(stage)), circumstances);
}

/** After a stage: its result taken over, and the next one cut down to the time that is left. */
export function afterStage(before: Checkpoint, result: StageResult, circumstances: Circumstances): Decision {
  const { stages } = before.schedule,
    done = stages[before.stage]!;
  const { volume, shifts, poses, fit } = result;
  const state: Checkpoint = {
    ...before,
    stage: before.stage + 1,
    volume,
    shifts: shifts ?? before.shifts,
    poses,
    fit,
    placed: undefined,
    progress: undefined,
    finished: before.stage + 1 === stages.length,
  };
  if (done.kind !== "refinement" || !done.endsStart) return toTime(state, circumstances);
  const starts = [...(state.starts ?? []), { volume, shifts, logLikelihood: result.logLikelihood! }];
  const another = stages[state.stage]?.kind === "adversarial";
  return toTime(
    another ? { ...state, starts, shifts: undefined } : { ...state, starts: undefined, ...bestOf(starts) },
    circumstances,
  );
}

/** The next stage cut down to the time that is left; where not even a part of it fits, the end. */
function toTime(state: Checkpoint, { budget, boxAngstrom, secondsLeft, pace }: Circumstances): Decision {
  const stage = state.schedule.stages[state.stage];
  if (state.finished || secondsLeft === undefined || stage === undefined || stage.kind === "adversarial")
    return { state };
  const fitted = fitToTime(stage, secondsLeft, pace, budget);
  if (fitted) return { state: withStage(state, fitted) };
  return {
    state: { ...state, ...(state.starts && bestOf(state.starts)), starts: undefined, finished: true },
    warning:
      `the time limit is reached before ${(boxAngstrom / stage.maxRadius).toFixed(1)} Å; ` +
      "the map stands as the stage before left it",
  };
}

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
