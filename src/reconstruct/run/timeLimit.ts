/**
 * A schedule within a time limit: what is to come is laid out anew where it takes longer, at the pace measured, than
 * there is time. Starts are given up first, then passes, then the finest shells, then particles; nothing is left out
 * while a smaller stage fits.
 */
import type { Paces, Stage } from "../stage.ts";
import {
  iterationSeconds,
  likelySeconds,
  loadingHere,
  paceAt,
  readingSeconds,
  secondsHere,
  stageSeconds,
  transformingSeconds,
} from "./cost.ts";
import {
  type Course,
  comesAfterStarts,
  fewestStarts,
  finestRefined,
  mostStarts,
  placeOf,
  stagesAfter,
  startsToCome,
} from "./course.ts";
import { fitToTime } from "./fitToTime.ts";
import { type Budget, firstRadius, onwardStages, refiningStage } from "./schedule.ts";

/**
 * On a machine this much quicker than the estimate's a schedule is laid out anew: there may be time for more starts.
 */
const quick = 0.6;
/** With less than this share of the particles a finer stage shows less than the one before it. */
const smallestShare = 1 / 2;
/** An adversarial stage, without refinement to follow, with less than this share of its iterations is worth nothing. */
const shortestAdversarial = 1 / 2;
/** So much of the time is little. */
const smallShare = 0.1;

/** Whether the schedule goes as far as it was meant to, and takes no more than the time that is left. */
export function keepsTime(course: Course, budget: Budget): boolean {
  const { stages, goal } = course.schedule;
  return (
    stages.at(-1)!.maxRadius >= goal! && secondsOf(stages.slice(course.stage), course, budget) <= course.secondsLeft
  );
}

/** Seconds of what is to come, if it is these stages. */
function secondsOf(stages: readonly Stage[], { iteration, paces, loaded }: Course, budget: Budget): number {
  return likelySeconds(stages, iteration, budget, paces) + loadingHere(finestRefined(stages), loaded, budget, paces);
}

/** Whether the machine is one that the schedule was laid out for, as far as the first iterations tell. */
export const isAsPlanned = (course: Course, budget: Budget): boolean =>
  keepsTime(course, budget) && (course.paces.latest ?? 1) >= quick;

/**
 * What is to come, from the stage at work on, in the time that is left: the best way that fits.
 * @returns undefined where not even a small stage does
 */
export function layOut(course: Course, budget: Budget): Stage[] | undefined {
  const within = { ...budget, seconds: worth(course, budget) };
  for (const stages of waysOn(course, within))
    if (secondsOf(stages, course, budget) <= course.secondsLeft) return stages;
  return inHurry(course, within);
}

/**
 * Radius that a run laid out anew is to reach before its images are made ready for refinement: they are ready for finer
 * stages, too, where that takes little of the time, as there may be more of it later.
 */
export function newGoal(stages: readonly Stage[], course: Course, budget: Budget): number {
  const finest = finestRefined(stages);
  let goal = course.schedule.goal!;
  if (finest === 0) return goal; // adversarial stages load their images by themselves
  const seconds = (): number => loadingHere(goal, course.loaded, budget, course.paces);
  while (goal > finest && seconds() > smallShare * course.secondsLeft) goal--;
  return goal;
}

/** Seconds that the whole run has, counted on the machine of the estimate. */
export function worth({ schedule, stage, iteration = 0, paces, secondsLeft, loaded }: Course, budget: Budget): number {
  const { stages } = schedule,
    now = stages[stage];
  const done = stages.slice(0, stage).reduce((sum, each) => sum + stageSeconds(each, budget), 0);
  return (
    readingSeconds(budget) +
    transformingSeconds(loaded, budget) +
    done +
    (now ? iteration * iterationSeconds(now, budget) : 0) +
    Math.max(0, secondsLeft) / (paces.latest ?? 1)
  );
}

/** Ways to go on, best first. */
function* waysOn(course: Course, budget: Budget): Generator<Stage[]> {
  const goal = course.schedule.goal!,
    place = placeOf(course);
  const coarsest = place.reached === undefined ? firstRadius(goal, budget) : place.reached + 1,
    fewest = fewestStarts(place);
  for (let starts = mostStarts(place, budget); starts >= fewest; starts--) {
    for (let finest = goal; finest >= coarsest; finest--) {
      const stages = [...startsToCome(place, starts, goal, budget), ...stagesAfter(place, finest, budget)];
      const [only, another] = stages;
      if (another || !only) yield stages;
      else
        for (let { iterations } = only; iterations >= fewestIterations(only, course, budget); iterations--)
          yield [{ ...only, iterations }];
    }
  }
}

const fewestIterations = (stage: Stage, { iteration = 0 }: Course, { onward }: Budget): number =>
  stage.kind === "adversarial" && onward
    ? Math.max(Math.ceil(iteration), shortestAdversarial * stage.iterations)
    : Math.max(1, Math.ceil(iteration));

/** Where no way fits: a first start cut short, so that there is time to refine, or refinement with fewer particles. */
function inHurry(course: Course, budget: Budget): Stage[] | undefined {
  const { schedule, iteration, paces, loaded } = course,
    goal = schedule.goal!,
    place = placeOf(course),
    secondsLeft = course.secondsLeft - loadingHere(place.reached ?? firstRadius(goal, budget), loaded, budget, paces);
  const starts = startsToCome(place, fewestStarts(place), goal, budget);
  if (starts.length > 0) {
    const seconds =
      budget.method === "cryogan" ? Math.max(0, secondsLeft) : secondsForStart(secondsLeft, goal, budget, paces);
    const share = Math.min(1, seconds / likelySeconds(starts, iteration, budget, paces));
    const cut = ({ iterations }: Stage, done: number): number =>
      Math.max(1, Math.ceil(done), Math.floor(done + share * (iterations - done)));
    return [
      ...starts.map((stage, i) => ({ ...stage, iterations: cut(stage, i === 0 ? (iteration ?? 0) : 0) })),
      ...(place.searchRadius === undefined ? onwardStages(undefined, firstRadius(goal, budget), budget) : []),
    ];
  }
  if (budget.method === "cryogan") return undefined;
  const radius = place.reached === undefined ? firstRadius(goal, budget) : place.reached + 1,
    whole = refiningStage(radius, radius, budget, place.searchRadius);
  const fitted = fitToTime(whole, secondsLeft, (stage) => secondsHere(stage, budget, paces), budget.count);
  const enough = place.reached === undefined ? 0 : smallestShare * Math.min(whole.particles, budget.count);
  return radius <= goal && fitted && fitted.particles >= enough ? [fitted] : undefined;
}

/** Seconds that the rest of a first start may take: what a short refinement leaves, and at least half. */
function secondsForStart(secondsLeft: number, goal: number, budget: Budget, paces: Paces): number {
  if (budget.method === "cryogan") return Math.max(0, secondsLeft / 2);
  const shortest = refiningStage(firstRadius(goal, budget), goal, { ...budget, seconds: 0 });
  return Math.max(0, secondsLeft / 2, secondsLeft - secondsHere(shortest, budget, paces));
}

/**
 * Iterations that the stage at work has time for, those planned at most: an adversarial start has to leave time to go
 * on from it, another stage ends with the limit.
 */
export function iterationsInTime(
  { schedule, stage, iteration = 0, paces, secondsLeft }: Course,
  budget: Budget,
): number {
  const now = schedule.stages[stage]!,
    each = paceAt(paces, now.kind).factor * iterationSeconds(now, budget);
  const isStart = now.kind === "adversarial" && !comesAfterStarts(now) && stage < schedule.stages.length - 1;
  const seconds = isStart ? secondsForStart(secondsLeft, schedule.goal!, budget, paces) : secondsLeft;
  return Math.min(now.iterations, iteration + Math.max(0, Math.floor(seconds / each)));
}
