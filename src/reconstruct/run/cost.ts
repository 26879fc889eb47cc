/** What the parts of a run cost: seconds on two CPU cores, by a model, and on the machine at hand, by its pace. */

import type { AdversarialRecipe } from "../adversarial/recipes.ts";
import { mostCompared } from "../measure/classCorrelation.ts";
import type { Paces, Stage, Task } from "../stage.ts";
import { finestGlobalSearch, searchesAgain } from "./radii.ts";
import { searchesShifts } from "./shiftLaw.ts";

/** What a run works on, as far as its cost goes. */
export interface Work {
  /** Particles of the set. */
  count: number;
  /** Of several classes the joint one (`jointOrder`). */
  groupOrder: number;
  /** To read, normalise and crop one image. */
  readSeconds: number;
  /** Standard deviation of particles from the centre, in units of the box. */
  shiftSigma: number;
  /** Of an iteration of the critic in use. */
  adversarialSeconds: AdversarialRecipe["iterationSeconds"];
}

/**
 * Seconds of a pass over particles, all poses tried: views grow with the square of the radius; the time per view and
 * image is measured (0.96 µs at radius 16), its growth fitted between radius 8 and 32.
 */
function passSeconds(maxRadius: number, particles: number, work: Work): number {
  const views = (2.24 * maxRadius ** 2) / work.groupOrder;
  const shifts = searchesShifts("refinement", maxRadius, work.shiftSigma) ? 1.6 : 1;
  return particles * shifts * views * 0.96e-6 * (maxRadius / 16) ** 1.5;
}

/**
 * The same where only poses nearby are tried: for each image, and for each view that goes back into the volume;
 * measured at radii 16 to 45.
 */
function localPassSeconds(maxRadius: number, particles: number): number {
  // Cells overlap. Measured when each view went back once for each element of the group: those that lead voxels to
  // voxels cost nothing since, so that symmetric molecules are quicker.
  const views = 3.2 * 2.24 * maxRadius ** 2;
  return particles * 40e-6 * (maxRadius / 16) ** 1.6 + views * 50e-6 * (maxRadius / 16) ** 2;
}

/** Seconds of an iteration of a stage: a few batches of the adversarial stage, a pass over the particles of others. */
export function iterationSeconds(stage: Stage, work: Work): number {
  if (stage.kind === "adversarial") return work.adversarialSeconds(stage.maxRadius, work.groupOrder);
  const particles = Math.min(stage.particles, work.count);
  return stage.kind === "refinement"
    ? passSeconds(stage.maxRadius, particles, work)
    : localPassSeconds(stage.maxRadius, particles);
}

/** Seconds of the search for poses before a stage, where there is one: all poses without the gradient. */
export function searchSeconds(stage: Stage, work: Work): number {
  if (stage.kind !== "local" || !searchesAgain(stage)) return 0;
  return 0.7 * passSeconds(stage.searchRadius ?? finestGlobalSearch, work.count, { ...work, shiftSigma: 0 });
}

export const stageSeconds = (stage: Stage, work: Work): number =>
  stage.iterations * iterationSeconds(stage, work) + searchSeconds(stage, work);

/** Seconds to read all particles. */
export const readingSeconds = (work: Work): number => work.count * work.readSeconds;

/**
 * Seconds to transform all particles to the polar grid up to a radius: matrix products, copying included, at the rate
 * measured at radii 32 and 53.
 */
export const transformingSeconds = (maxRadius: number, work: Work): number =>
  (work.count * (4 * maxRadius ** 2) ** 2) / 1.5e11;

/**
 * Seconds to put two half-maps onto each other and compare them, measured at boxes of 32 to 192: the search, at 64 px
 * at most, and what grows with the voxels; of several classes each, after each two of both halves were compared.
 */
export const joiningSeconds = (boxSize: number, classes = 1): number =>
  classes * (4 + 1e-6 * boxSize ** 3) + (classes === 1 ? 0 : 3 * Math.min(classes, mostCompared) ** 2);

/** The pace at a task; until it is measured, that of the task measured last. */
export const paceAt = (paces: Paces, task: Task): { factor: number; overheadSeconds: number } =>
  paces[task] ?? { factor: paces.latest ?? 1, overheadSeconds: 0 };

/** Loading and searching are no measure of the others: at small data most of their time is to set up. */
export const withPace = (paces: Paces, task: Task, factor: number, overheadSeconds = 0): Paces => ({
  ...paces,
  [task]: { factor, overheadSeconds },
  ...(task === "loading" || task === "search" ? {} : { latest: factor }),
});

/** Seconds of a whole stage on this machine. */
export const secondsHere = (stage: Stage, work: Work, paces: Paces): number =>
  paceAt(paces, stage.kind).overheadSeconds +
  paceAt(paces, "search").factor * searchSeconds(stage, work) +
  secondsToGo(stage, 0, work, paces);

/** Seconds that a stage at this iteration still takes on this machine. */
const secondsToGo = (stage: Stage, iteration: number, work: Work, paces: Paces): number =>
  paceAt(paces, stage.kind).factor * Math.max(0, stage.iterations - iteration) * iterationSeconds(stage, work);

/** Seconds to make the images ready for refinement up to a radius, if they are not. */
export const loadingHere = (maxRadius: number, loaded: number, work: Work, paces: Paces): number =>
  maxRadius > loaded ? paceAt(paces, "loading").factor * transformingSeconds(maxRadius, work) : 0;

/** Passes after which the likelihood stands still on good data (refinementStage.ts); a stage has more in reserve. */
const usualPasses = 6;

/**
 * Seconds that stages take on this machine, as far as can be told.
 * @param iteration of the first stage, where it is at work
 */
export function likelySeconds(
  stages: readonly Stage[],
  iteration: number | undefined,
  work: Work,
  paces: Paces,
): number {
  const usual = (stage: Stage, least: number): Stage =>
    stage.kind === "refinement" && !stage.sampled
      ? { ...stage, iterations: Math.min(stage.iterations, Math.max(usualPasses, least)) }
      : stage;
  const seconds = (stage: Stage, i: number): number =>
    i > 0 || iteration === undefined
      ? secondsHere(usual(stage, 0), work, paces)
      : secondsToGo(usual(stage, Math.floor(iteration) + 1), iteration, work, paces);
  return stages.reduce((sum, stage, i) => sum + seconds(stage, i), 0);
}

/** Seconds of a whole run on two CPU cores: its images read, made ready for refinement up to a radius, its stages. */
export const runSeconds = (stages: readonly Stage[], maxRadius: number, work: Work): number =>
  readingSeconds(work) + transformingSeconds(maxRadius, work) + likelySeconds(stages, undefined, work, {});
