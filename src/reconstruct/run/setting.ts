/** What is fixed before an image is read: sizes, and what the schedule may cost. */
import type { AdversarialRecipe } from "../adversarial/recipes.ts";
import { jointOrder } from "../classes.ts";
import type { ParticleShown } from "../measure/firstLook.ts";
import type { Spectra } from "../measure/spectra.ts";
import { methodAsked } from "../method.ts";
import type { ReconstructOptions } from "../options.ts";
import type { Part, Schedule, Stage, TimeAndShells } from "../stage.ts";
import { joiningSeconds } from "./cost.ts";
import { startResolutionOf } from "./givenStart.ts";
import { affordableRadius, automaticSchedule, type Budget, goalRadius } from "./schedule.ts";
import { shiftSigma } from "./shiftLaw.ts";
import { type SizedImages, sizesOf } from "./sizes.ts";

/** Time that a run without a limit is laid out for. */
const defaultBudgetSeconds = 600;
/**
 * To read an image from disk, normalise and crop it, on the machine that the other times of the schedule were measured
 * on.
 */
const readSeconds = (boxSize: number): number => 2e-8 * boxSize ** 2;

export interface Setting {
  boxAngstrom: number;
  maskRadius: number;
  budget: Budget;
  /** Edge of the images. */
  boxSize: number;
  /** Finest radius that the images and the options allow, whatever the time. */
  limit: number;
  request: TimeAndShells;
  /** The user's own. */
  stages?: readonly Stage[];
}

/** @throws {InputError} where the options ask for more than the box holds */
export function settingOf(
  { set }: { set: SizedImages & Pick<Part["set"], "count"> },
  partCount: number,
  options: ReconstructOptions,
  groups: readonly (readonly unknown[])[],
  recipe: AdversarialRecipe,
  shown: ParticleShown = {},
): Setting {
  const { boxAngstrom, maskRadius, finestRadius } = sizesOf(set, {
    ...options,
    maskDiameter: options.maskDiameter ?? shown.diameterAngstrom,
  });
  const budget: Budget = {
    seconds: secondsFor(options, partCount, set.boxSize),
    method: methodAsked(options),
    adversarialSeconds: recipe.iterationSeconds,
    start: recipe.start,
    finerStart: recipe.finerStart,
    onward: recipe.onward,
    ...(options.start === undefined ? {} : { given: Math.round(boxAngstrom / startResolutionOf(options)) }),
    ...(groups.length > 1 ? { severalClasses: true } : {}),
    count: set.count,
    groupOrder: jointOrder(groups),
    readSeconds: readSeconds(set.boxSize),
    shiftSigma: shiftSigma(options.maxShift, shown.shiftSigmaAngstrom, boxAngstrom),
  };
  const { timeLimit, resolution, stages } = options;
  return {
    boxAngstrom,
    maskRadius,
    budget,
    boxSize: set.boxSize,
    limit: finestRadius,
    request: { timeLimit, resolution },
    stages,
  };
}

/** Seconds of one set of particles: of a limit the halves share what their joining leaves. */
function secondsFor(
  { timeLimit, classes }: Pick<ReconstructOptions, "timeLimit"> & { classes?: number },
  partCount: number,
  boxSize: number,
): number {
  if (timeLimit === undefined) return defaultBudgetSeconds / partCount;
  if (partCount === 1) return timeLimit;
  return Math.max(timeLimit / 2, timeLimit - joiningSeconds(boxSize, classes)) / partCount;
}

/** Edge of the working box of a run that begins. */
export function firstBox({ boxSize, limit, budget, stages }: Setting): number {
  const finest = stages
    ? Math.max(...stages.map((stage) => stage.maxRadius))
    : Math.min(limit, affordableRadius(budget));
  return Math.min(boxSize, 2 * finest);
}

/** The schedule of a run that begins: the user's stages, or the automatic ones. */
export function firstSchedule(before: Schedule, spectra: Spectra, { budget, stages }: Setting): Schedule {
  const measured: Schedule = { ...before, spectra, ...(budget.given === undefined ? {} : { given: true }) };
  if (stages) {
    const cut = stages.map((stage) =>
      stage.kind === "adversarial" ? stage : { ...stage, particles: Math.min(stage.particles, budget.count) },
    );
    return { ...measured, stages: cut };
  }
  const goal = goalRadius(spectra, budget, Math.floor(before.workingBox / 2));
  return { ...measured, stages: automaticSchedule(goal, budget), goal };
}
