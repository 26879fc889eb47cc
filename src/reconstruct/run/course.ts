/** Where a run stands among its stages, and what of its starts is to come. */
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { AdversarialStage, Paces, RefinementStage, Schedule, Stage } from "../stage.ts";
import {
  type Budget,
  comparesStarts,
  numberedStart,
  onwardStages,
  startingStages,
  startsAtFirst,
  startsCompared,
} from "./schedule.ts";

/** Where a run stands, as far as its time goes. */
export interface Course extends Pick<Checkpoint, "schedule" | "stage" | "starts"> {
  /** Iterations done of the stage at work; absent between stages. */
  iteration?: number;
  paces: Paces;
  /** Until the limit of this set of particles. */
  secondsLeft: number;
  /** Radius up to which the images are ready for refinement; 0 where they are not. */
  loaded: number;
}

/** A course seen as starts and refinement. */
export interface Place {
  /** Starts done, to choose from. */
  done: number;
  /** What is left of a start that has begun. */
  begun: Stage[];
  /** Iterations done of its first stage; absent between stages. */
  iteration?: number;
  /** Whether there are no starts any more. */
  over: boolean;
  /** Radius of the last stage after the starts, or that finer starts are judged at. */
  reached?: number;
  /** Radius that poses are searched at after finer starts; absent where there are none. */
  searchRadius?: number;
  /** Stages to come. */
  coming: readonly Stage[];
}

export function placeOf({
  schedule,
  stage,
  starts,
  iteration,
}: Pick<Course, "schedule" | "stage" | "starts" | "iteration">): Place {
  const past = schedule.stages.slice(0, stage),
    coming = schedule.stages.slice(stage);
  const over = schedule.given === true || (past.length > 0 && coming.every(comesAfterStarts)),
    last = past.at(-1),
    hasBegun = !over && (iteration !== undefined || (last?.kind === "adversarial" && !endsStart(last)));
  const end = coming.findIndex(endsStart),
    others = coming.findIndex(comesAfterStarts);
  const searchRadius = finerRadiusOf(schedule);
  return {
    done: starts?.length ?? 0,
    begun: hasBegun ? coming.slice(0, end >= 0 ? end + 1 : others >= 0 ? others : coming.length) : [],
    iteration,
    over,
    reached: Math.max(searchRadius ?? 0, past.findLast(comesAfterStarts)?.maxRadius ?? 0) || undefined,
    searchRadius,
    coming,
  };
}

/** Radius at which finer starts are judged; absent where there are none. */
const finerRadiusOf = ({ finer, stages }: Schedule): number | undefined =>
  finer === "tried" ? stages.find((stage) => isJudging(stage) && stage.sampled)?.maxRadius : undefined;

export const isJudging = (stage: Stage): stage is RefinementStage & { endsStart: true } =>
  stage.kind === "refinement" && stage.endsStart === true;
/** Whether a start ends with the stage. */
export const endsStart = (stage: Stage): boolean => stage.kind !== "local" && stage.endsStart === true;
/** Whether a stage comes after the starts. */
export const comesAfterStarts = (stage: Stage): boolean =>
  stage.kind === "adversarial" ? stage.onward === true : !endsStart(stage);

/** Which of several starts a stage belongs to, from 1, of at most how many; absent where there is one alone. */
export function numberOfStart(stages: readonly Stage[], index: number): { start: number; starts: number } | undefined {
  if (comesAfterStarts(stages[index]!)) return undefined;
  const first = 1 + stages.slice(0, index).findLastIndex(comesAfterStarts),
    next = stages.findIndex((stage, i) => i > index && comesAfterStarts(stage)),
    ends = (until?: number) => stages.slice(first, until).filter(endsStart).length;
  const starts = ends(next < 0 ? undefined : next);
  return starts > 1 ? { start: 1 + ends(index), starts } : undefined;
}

/** A start that has begun may be left between two stages, if there is another to go on from. */
export const fewestStarts = ({ done, begun, iteration, over }: Place): number =>
  over ? done : Math.max(1, done + (begun.length > 0 && iteration !== undefined ? 1 : 0));

export function mostStarts(place: Place, budget: Budget): number {
  const fewest = fewestStarts(place),
    laidOut = place.done + place.coming.filter(endsStart).length;
  if (place.over) return place.done;
  if (place.searchRadius !== undefined) return Math.max(fewest, laidOut); // never more than were laid out
  const isFurther = comparesStarts(budget) && place.done >= startsCompared;
  return Math.max(fewest, isFurther ? laidOut : startsAtFirst(budget));
}

/** The first of the stages to come, up to the judgement of so many starts. */
function firstStarts(coming: readonly Stage[], count: number): Stage[] {
  const ends = coming.flatMap((stage, i) => (endsStart(stage) ? [i] : []));
  return coming.slice(0, 1 + (ends[count - 1] ?? -1));
}

/** What is left of the starts, if there are to be so many in all. */
export function startsToCome(
  { done, begun, iteration = 0, over, searchRadius, coming }: Place,
  count: number,
  goal: number,
  budget: Budget,
): Stage[] {
  if (over || count <= done) return [];
  if (searchRadius !== undefined) return firstStarts(coming, count - done);
  if (count === 1 && begun.length === 0) return startingStages(goal, budget);
  const adversarial = begun.filter((stage): stage is AdversarialStage => stage.kind === "adversarial"),
    usual = startingStages(goal, budget).slice(-adversarial.length);
  const first = begun.map((stage, i) =>
    stage.kind === "adversarial"
      ? { ...stage, iterations: Math.min(stage.iterations, Math.max(i === 0 ? iteration : 0, usual[i]!.iterations)) }
      : stage,
  );
  if (count === 1) return first.filter((stage) => stage.kind === "adversarial");
  const numbered = Array.from({ length: count }, (_, i) => numberedStart(i, goal, budget));
  const whole = first.some(endsStart) ? first : ended(first, numbered[done]!.at(-1)!); // it was to be the only one
  return [...(begun.length > 0 ? whole : numbered[done]!), ...numbered.slice(done + 1).flat()];
}

/** Stages of a start with the end of one of several. */
const ended = (stages: readonly Stage[], end: Stage): Stage[] =>
  end.kind === "adversarial"
    ? stages.map((stage, i) => (i === stages.length - 1 ? ({ ...stage, endsStart: true } as Stage) : stage))
    : [...stages, end];

/** After the last stage that came after the starts, or after the starts. */
export const stagesAfter = ({ reached, searchRadius }: Place, finest: number, budget: Budget): Stage[] =>
  onwardStages(reached, finest, budget, searchRadius);

/** Finest radius at which stages of refinement need the images of all particles; 0 where none does. */
export const finestRefined = (stages: readonly Stage[]): number =>
  Math.max(0, ...stages.map((stage) => (stage.kind === "adversarial" ? 0 : stage.maxRadius)));
