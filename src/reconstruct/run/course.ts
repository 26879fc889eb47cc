/** Where a run stands among its stages, and what of its starts is to come. */
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { AdversarialStage, Paces, RefinementStage, Schedule, Stage } from "../stage.ts";
import { type Budget, numberedStart, refiningStages, startingStages, startsFor } from "./schedule.ts";

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
  /** Radius of the last stage of refinement after the starts, or that finer starts are judged at. */
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
  const over = schedule.given === true || (past.length > 0 && coming.every(isRefining)),
    hasBegun = !over && (iteration !== undefined || past.at(-1)?.kind === "adversarial");
  const judging = coming.findIndex(isJudging),
    others = coming.findIndex((each) => each.kind !== "adversarial");
  const searchRadius = finerRadiusOf(schedule);
  return {
    done: starts?.length ?? 0,
    begun: hasBegun ? coming.slice(0, judging < 0 ? others : judging + 1) : [],
    iteration,
    over,
    reached: Math.max(searchRadius ?? 0, past.findLast(isRefining)?.maxRadius ?? 0) || undefined,
    searchRadius,
    coming,
  };
}

/** Radius at which finer starts are judged; absent where there are none. */
const finerRadiusOf = ({ finer, stages }: Schedule): number | undefined =>
  finer === "tried" ? stages.find((stage) => isJudging(stage) && stage.sampled)?.maxRadius : undefined;

export const isJudging = (stage: Stage): stage is RefinementStage & { endsStart: true } =>
  stage.kind === "refinement" && stage.endsStart === true;
/** Whether a stage comes after the starts. */
export const isRefining = (stage: Stage): boolean => stage.kind !== "adversarial" && !isJudging(stage);

/** A start that has begun may be left between two stages, if there is another to go on from. */
export const fewestStarts = ({ done, begun, iteration, over }: Place): number =>
  over ? done : Math.max(1, done + (begun.length > 0 && iteration !== undefined ? 1 : 0));

export const mostStarts = (place: Place, budget: Budget): number =>
  place.over
    ? place.done
    : Math.max(fewestStarts(place), place.searchRadius === undefined ? startsFor(budget.seconds) : startsLeft(place));

/** Of finer starts there are never more than were laid out. */
const startsLeft = ({ done, coming }: Place): number => done + coming.filter(isJudging).length;

/** The first of the stages to come, up to the judgement of so many starts. */
function firstStarts(coming: readonly Stage[], count: number): Stage[] {
  const ends = coming.flatMap((stage, i) => (isJudging(stage) ? [i] : []));
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
  if (first.length > 0 && !first.some(isJudging)) first.push(numbered[done]!.at(-1)!); // it was to be the only one
  return [...(begun.length > 0 ? first : numbered[done]!), ...numbered.slice(done + 1).flat()];
}

/** Refinement after the last stage of it, or after the starts. */
export const stagesAfter = ({ reached, searchRadius }: Place, finest: number, budget: Budget): Stage[] =>
  refiningStages(reached, finest, budget, searchRadius);

/** Finest radius at which stages need the images of all particles; 0 where none does. */
export const finestRefined = (stages: readonly Stage[]): number =>
  Math.max(0, ...stages.map((stage) => (stage.kind === "adversarial" ? 0 : stage.maxRadius)));
