/** Where a run stands among its stages, and what of its starts is to come. */
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { AdversarialStage, Paces, Stage } from "../stage.ts";
import { type Budget, numberedStart, startingStages, startsFor } from "./schedule.ts";

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
  /** Radius of the last stage of refinement after the starts. */
  reached?: number;
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
  return {
    done: starts?.length ?? 0,
    begun: hasBegun ? coming.slice(0, judging < 0 ? others : judging + 1) : [],
    iteration,
    over,
    reached: past.findLast(isRefining)?.maxRadius,
  };
}

export const isJudging = (stage: Stage): boolean => stage.kind === "refinement" && stage.endsStart === true;
/** Whether a stage comes after the starts. */
export const isRefining = (stage: Stage): boolean => stage.kind !== "adversarial" && !isJudging(stage);

/** A start that has begun may be left between two stages, if there is another to go on from. */
export const fewestStarts = ({ done, begun, iteration, over }: Place): number =>
  over ? done : Math.max(1, done + (begun.length > 0 && iteration !== undefined ? 1 : 0));

export const mostStarts = (place: Place, budget: Budget): number =>
  place.over ? place.done : Math.max(fewestStarts(place), startsFor(budget.seconds));

/** What is left of the starts, if there are to be so many in all. */
export function startsToCome(
  { done, begun, iteration = 0, over }: Place,
  count: number,
  goal: number,
  budget: Budget,
): Stage[] {
  if (over || count <= done) return [];
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

/** Finest radius at which stages need the images of all particles; 0 where none does. */
export const finestRefined = (stages: readonly Stage[]): number =>
  Math.max(0, ...stages.map((stage) => (stage.kind === "adversarial" ? 0 : stage.maxRadius)));
