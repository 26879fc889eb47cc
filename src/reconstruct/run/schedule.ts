/**
 * Which stages a run goes through: an adversarial start at low resolution, where the shape is found, then
 * posterior-weighted refinement at rising resolution; or, without likelihood, adversarial stages alone. Everything is
 * chosen from the data: box, noise, number of particles, symmetry.
 */
import { startRadius } from "../adversarial/recipes.ts";
import type { Spectra } from "../measure/spectra.ts";
import type { Method } from "../method.ts";
import type { AdversarialStage, LocalStage, RefinementStage, Stage } from "../stage.ts";
import { iterationSeconds, runSeconds, stageSeconds, type Work } from "./cost.ts";
import { adversarialClimb, climb, finestGlobalSearch } from "./radii.ts";
import { searchesShifts } from "./shiftLaw.ts";

/**
 * Signal-to-noise power ratio of the volume at each shell that all particles together could reach with known poses:
 * the data fill shell k with count·|G|·⟨CTF²⟩ slices of about 2πk samples over its 4πk² voxels.
 */
export function attainableSnr(spectra: Spectra, count: number, groupOrder: number): number[] {
  return Array.from(spectra.noise, (noise, k) =>
    k === 0 ? 0 : (count * groupOrder * 0.5 * spectra.signal[k]!) / (noise * 2 * k),
  );
}

/** The same from the particles that a pass of a stage sees. */
export const attainableIn = (
  stage: Stage,
  spectra: Spectra,
  { count, groupOrder }: Pick<Work, "count" | "groupOrder">,
): number[] =>
  attainableSnr(spectra, stage.kind === "adversarial" ? count : Math.min(stage.particles, count), groupOrder);

/**
 * Highest shell worth working at: the last that particles could show with a signal of at least a third of the noise
 * (FSC 0.5 against the truth), within the images' Nyquist frequency and the limits asked for.
 */
export function finalRadius(spectra: Spectra, count: number, groupOrder: number, limit: number): number {
  const snr = attainableSnr(spectra, count, groupOrder);
  let last = snr.length - 1;
  while (last > startRadius && snr[last]! < 1 / 3) last--;
  return Math.max(4, Math.min(last + 1, spectra.noise.length - 1, limit));
}

/** Highest shell of a schedule: that worth working at, or, where a start goes there at once, the limit itself. */
export const goalRadius = (
  spectra: Spectra,
  { onward, count, groupOrder }: Pick<Budget, "onward" | "count" | "groupOrder">,
  limit: number,
): number => (onward ? finalRadius(spectra, count, groupOrder, limit) : limit);

/** What a schedule is laid out for. */
export interface Budget extends Work {
  seconds: number;
  method: Method;
  /** The adversarial stages of the critic in use, the last at `startRadius`. */
  start: readonly AdversarialStage[];
  /** Those of a start at a finer shell; none where the critic does not go there. */
  finerStart: readonly AdversarialStage[];
  /**
   * Iterations of adversarial stages after the starts, as a multiple of those of the last of `start`; absent where a
   * run is one start that goes to the finest shell at once.
   */
  onward?(maxRadius: number): number;
  /** Radius up to which a density is given to start from; absent where one is to be found. */
  given?: number;
  /** Set where starts cannot be compared: which class of one is which of another is not known. */
  severalClasses?: boolean;
}

/** Finest radius at which the whole automatic schedule fits into the time, as far as can be told. */
export function affordableRadius(budget: Budget): number {
  if (!budget.onward) return Infinity; // as many iterations as there is time for
  let affordable = startRadius;
  // Not monotonic: a radius more may do with a stage less.
  for (let radius = startRadius; radius <= 128; radius++) {
    if (runSeconds(automaticSchedule(radius, budget), radius, budget) < budget.seconds) affordable = radius;
  }
  return affordable;
}

/**
 * The automatic schedule: the shape in one adversarial start or several, then refinement, or further adversarial
 * stages, at rising resolution.
 *
 * @param finest from `finalRadius`
 */
export function automaticSchedule(finest: number, budget: Budget): Stage[] {
  if (budget.given !== undefined) return onwardStages(undefined, finest, budget);
  const starts = startsAtFirst(budget);
  return [
    ...(starts === 1
      ? startingStages(finest, budget)
      : Array.from({ length: starts }, (_, i) => numberedStart(i, finest, budget)).flat()),
    ...onwardStages(undefined, finest, budget),
  ];
}

/** What follows the starts; the parameters are those of `refiningStages`. */
export const onwardStages = (
  reached: number | undefined,
  finest: number,
  budget: Budget,
  searchRadius?: number,
): Stage[] =>
  budget.method === "cryogan"
    ? climbingStages(reached, finest, budget)
    : refiningStages(reached, finest, budget, searchRadius);

/**
 * Adversarial stages at rising resolution, each from the map of the one before.
 *
 * @param reached radius of the last such stage; absent before the first
 */
function climbingStages(reached: number | undefined, finest: number, budget: Budget): AdversarialStage[] {
  const { iterations } = budget.start.at(-1)!,
    first = firstRadius(finest, budget);
  const radii =
    reached === undefined && budget.given !== undefined
      ? [first, ...adversarialClimb(first, finest)]
      : adversarialClimb(reached ?? first, finest);
  return radii.map((radius) => ({
    kind: "adversarial",
    maxRadius: radius,
    iterations: Math.ceil(iterations * (budget.onward?.(radius) ?? 1)),
    onward: true,
  }));
}

/**
 * An adversarial start may end in a wrong shape, from which refinement does not find back: a run that has the time
 * makes several.
 */
export const startsFor = ({ seconds, onward }: Pick<Budget, "seconds" | "onward">): number =>
  onward ? Math.max(1, Math.min(mostStarts, Math.floor(seconds / secondsPerStart))) : 1;

/** Whether two starts can be told to be of one shape. */
export const comparesStarts = ({ method, severalClasses }: Pick<Budget, "method" | "severalClasses">): boolean =>
  method !== "cryogan" && !severalClasses;

/** So many are compared; a third is made only where they differ (furtherStart.ts). */
export const startsCompared = 2;

/** Those that a run begins with. */
export const startsAtFirst = (budget: Budget): number =>
  Math.min(startsFor(budget), comparesStarts(budget) ? startsCompared : mostStarts);

/** The stages of a start that is the only one. */
export function startingStages(finest: number, budget: Budget): AdversarialStage[] {
  const share = budget.onward ? Math.min(1, Math.max(shortest, budget.seconds / unhurriedSeconds)) : 1;
  return budget.start.map((stage) => ({
    ...stage,
    maxRadius: Math.min(stage.maxRadius, finest),
    iterations: Math.round(share * stage.iterations),
  }));
}

/**
 * The stages of one start of several, and a few passes of refinement to judge it by. Without likelihood it is judged by
 * what the critic tells at its end.
 */
export function numberedStart(start: number, finest: number, budget: Budget): Stage[] {
  const stages = startingStages(finest, budget).map((stage, j) => (j === 0 ? { ...stage, start } : stage));
  if (budget.method === "cryogan")
    return stages.map((stage, j) => (j === stages.length - 1 ? { ...stage, endsStart: true } : stage));
  return [
    ...stages,
    {
      kind: "refinement",
      maxRadius: firstRadius(finest, budget),
      iterations: judgingPasses,
      particles: particlesAt(firstRadius(finest, budget), finest, budget),
      endsStart: true,
    },
  ];
}

/**
 * Starts at a finer shell, for a molecule that has no shape at the usual one, and what was found there, all judged
 * alike: refined at a common shell on samples of the particles.
 *
 * @param made starts made before, which give the next ones their numbers
 * @returns nothing where the data or the time do not go so far
 */
export function finerStarts(made: number, finest: number, budget: Budget): Stage[] {
  const last = budget.finerStart.at(-1);
  if (!last || last.maxRadius > finest || budget.seconds < leastForFiner) return [];
  const judging = finerJudging(last.maxRadius, finest, budget),
    start = [...budget.finerStart, judging];
  const seconds = start.reduce((sum, stage) => sum + stageSeconds(stage, budget), 0);
  const count = Math.min(mostFinerStarts, Math.floor((finerShare * budget.seconds) / seconds));
  const numbered = (i: number): Stage[] =>
    start.map((stage, j) => (j === 0 ? ({ ...stage, start: made + i } as AdversarialStage) : stage));
  return count < 1 ? [] : [judging, ...Array.from({ length: count }, (_, i) => numbered(i)).flat()];
}

/** What finer starts are judged by: at up to half again their radius, as far as the time for one allows. */
function finerJudging(radius: number, finest: number, budget: Budget): RefinementStage {
  const stage = (maxRadius: number): RefinementStage => ({
    kind: "refinement",
    maxRadius,
    iterations: mostFinerPasses,
    particles: Math.min(budget.count, Math.max(smallestFinerSample, Math.ceil(finerSample / budget.groupOrder))),
    endsStart: true,
    sampled: true,
  });
  const passes = (maxRadius: number): number =>
    Math.floor((finerJudgingShare * budget.seconds) / iterationSeconds(stage(maxRadius), budget));
  let maxRadius = Math.min(finest, Math.round(1.5 * radius));
  while (maxRadius > radius && passes(maxRadius) < fewestFinerPasses) maxRadius--;
  const iterations = Math.max(fewestFinerPasses, Math.min(mostFinerPasses, passes(maxRadius)));
  return { ...stage(maxRadius), iterations };
}

/** Of the first stage after the starts in a schedule to `finest`; without likelihood and a given map, theirs. */
export const firstRadius = (finest: number, { given, onward }: Pick<Budget, "given" | "onward">): number =>
  onward ? Math.min(givenRadius(given), finest) : finest;

/** Radius that a start is refined at first: as fine as it was given, but for what a search among all poses costs. */
const givenRadius = (given = 0): number => Math.max(startRadius, Math.min(given, finestGiven));

/**
 * Refinement at rising resolution. Poses are first searched for among all, on a sample of the particles; once they are
 * known, near the most likely ones.
 *
 * @param reached      radius of the last such stage; absent before the first
 * @param searchRadius at which poses are searched for, where not the usual one
 */
export function refiningStages(
  reached: number | undefined,
  finest: number,
  budget: Budget,
  searchRadius?: number,
): (RefinementStage | LocalStage)[] {
  const first = firstRadius(finest, budget);
  return (reached === undefined ? [first, ...climb(first, finest)] : climb(reached, finest)).map((radius) =>
    refiningStage(radius, finest, budget, searchRadius),
  );
}

/** The stage of refinement at a radius of a schedule to `finest`. */
export function refiningStage(
  radius: number,
  finest: number,
  budget: Budget,
  searchRadius = searchOfGiven(budget.given),
): RefinementStage | LocalStage {
  if (radius > Math.max(finestGlobalSearch, givenRadius(budget.given)))
    return {
      kind: "local",
      maxRadius: radius,
      iterations: radius === finest ? finalIterations : 2,
      particles: budget.count,
      ...(searchRadius === undefined ? {} : { searchRadius }),
    };
  // The stage ends before, once the likelihood stands still.
  const fewest = searchesShifts("refinement", radius, budget.shiftSigma) ? 4 : 2,
    passes = Math.max(fewest, budget.seconds / (radius === firstRadius(finest, budget) ? 6 : 12));
  return {
    kind: "refinement",
    maxRadius: radius,
    iterations: Math.round(Math.min(mostPasses, passes)),
    particles: particlesAt(radius, finest, budget),
  };
}

/** A start that is finer than the usual search is searched at its own radius. */
const searchOfGiven = (given: number | undefined): number | undefined =>
  givenRadius(given) > finestGlobalSearch ? givenRadius(given) : undefined;

/** While shifts are searched for, every particle is seen: a later stage takes over what was found. */
function particlesAt(radius: number, finest: number, budget: Budget): number {
  if (searchesShifts("refinement", radius, budget.shiftSigma)) return budget.count;
  return radius === firstRadius(finest, budget) ? sampleSize : 2 * sampleSize;
}

/** A run of less time shortens the adversarial stage, too, down to this share. */
const unhurriedSeconds = 50,
  shortest = 0.7;
const finalIterations = 3;
const mostPasses = 20;
const mostStarts = 3,
  secondsPerStart = 40,
  judgingPasses = 4;
const finestGiven = 22;
/**
 * Finer starts: with less time there are none; the share of it that all may take; how many at most. One in two or three
 * comes to the right shape, and two are to agree before it is known to be right.
 */
const leastForFiner = 200,
  finerShare = 1 / 2,
  mostFinerStarts = 8;
/**
 * Passes by which a finer start is judged, and the share of the time that they may take. Many small samples are quicker
 * than a few large ones, and find out of shapes that are only nearly right; a sample has so many views of the
 * asymmetric unit.
 */
const mostFinerPasses = 30,
  fewestFinerPasses = 6,
  finerJudgingShare = 1 / 20,
  finerSample = 12_000,
  smallestFinerSample = 500;
/** Particles of a pass over all poses, at the start; twice as many later. */
const sampleSize = 10_000;
