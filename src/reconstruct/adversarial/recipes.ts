/** Training settings that go with each critic and loss. */

import { convolutionalCritic } from "../../critic/convolutional.ts";
import type { CriticModel, ImageStatistics } from "../../critic/critic.ts";
import { likelihoodRatioCritic } from "../../critic/likelihoodRatio.ts";
import { volumeCritic } from "../../critic/volume.ts";
import type { CriticName, LossName } from "../options.ts";
import type { AdversarialStage } from "../stage.ts";
import { type AdversarialLoss, logisticR1, losses, wganGp } from "./losses.ts";
import { density, type VolumeModel } from "./volume.ts";

/** Where the adversarial start ends: Fourier pixel 8, an eighth of the box, shows the shape and is quick. */
export const startRadius = 8;
/** Where it begins anew for a molecule whose shape does not show there. */
const finerRadius = 16;

export interface AdversarialRecipe {
  /** Makes the critic for a stage. @param volume the simulator's */
  critic(statistics: ImageStatistics, volume: VolumeModel): CriticModel;
  loss: AdversarialLoss;
  batch: number;
  criticSteps: number;
  criticRate: number;
  volumeRate: number;
  /** Factor on both rates after so many of the iterations of a stage. */
  decay(done: number, iterations: number): number;
  gradientPenalty: number;
  criticClipNorm?: number;
  volumeClipNorm?: number;
  /** Density is kept non-negative, whether asked for or not. */
  positive?: true;
  /** The scale of the noise is learned from the critic, whatever the noise is. */
  criticScalesNoise?: true;
  /** Weight of the newest volume in the running average. */
  averaging: number;
  /** Share of the particles that the critic is asked about and never learns from, to tell memory by; 0: none. */
  heldOut: number;
  /** Least variance of the noise in units of the signal's; images with less get more (criticNoise.ts). */
  noiseFloor: number;
  /** Stages of a run, coarse to fine; radii beyond the finest that images and options allow are taken to be that. */
  start: readonly AdversarialStage[];
  /** Stages of a start at a finer shell, for a molecule that shows nothing where `start` ends. */
  finerStart: readonly AdversarialStage[];
  /**
   * Iterations of a stage that goes on from a coarser one, as a multiple of those of `start`'s last. Absent where a run
   * is one start that goes to the finest shell at once.
   */
  onward?(maxRadius: number): number;
  /** About the seconds that an iteration takes on two CPU cores, for the schedule. */
  iterationSeconds(maxRadius: number, groupOrder: number): number;
}

/** Rates that fall by a factor over a stage. */
const fallingTo =
  (share: number): AdversarialRecipe["decay"] =>
  (done, iterations) =>
    share ** (done / iterations);

/** The simulator and free templates, measured at radii 8 and 16. */
const templateSeconds = (maxRadius: number): number => 0.02 * Math.max(1, maxRadius / startRadius) ** 1.75;

/** The finer the shell the less each image tells of it, and free templates learn it anew. */
const withRadius = (maxRadius: number): number => Math.max(1, maxRadius / startRadius) ** 0.75;

/** Found on the ribosome at SNR 0.1 and 1; see docs/method.md. */
export const likelihoodRatioRecipe: AdversarialRecipe = {
  critic: (statistics, { groups }) =>
    likelihoodRatioCritic(statistics, {
      angles: 2 * statistics.maxRadius,
      turns: 2 * statistics.maxRadius,
      templates: 16 * groups.length,
    }),
  loss: logisticR1,
  batch: 128,
  criticSteps: 2,
  criticRate: 1e-2,
  volumeRate: 3e-2,
  decay: fallingTo(0.3),
  gradientPenalty: 0.01,
  averaging: 0.01,
  heldOut: 0,
  noiseFloor: 1,
  start: [{ kind: "adversarial", maxRadius: startRadius, iterations: 500 }],
  finerStart: [{ kind: "adversarial", maxRadius: finerRadius, iterations: 200 }],
  onward: withRadius,
  iterationSeconds: templateSeconds,
};

/**
 * The paper's critic and loss (4 critic steps, WGAN-GP, Adam (0.5, 0.9)), with steps small enough for the
 * preconditioned volume; see docs/critics.md.
 */
export const convolutionalRecipe: AdversarialRecipe = {
  critic: (statistics) => convolutionalCritic(statistics, { channels: 16, features: 64 }),
  loss: wganGp,
  batch: 64,
  criticSteps: 4,
  criticRate: 3e-3,
  volumeRate: 2e-2,
  decay: fallingTo(0.2),
  gradientPenalty: 1,
  averaging: 0.01,
  heldOut: 0,
  noiseFloor: 0.05,
  start: [
    { kind: "adversarial", maxRadius: 4, iterations: 600 },
    { kind: "adversarial", maxRadius: 6, iterations: 600 },
    { kind: "adversarial", maxRadius: startRadius, iterations: 900 },
  ],
  finerStart: [], // this critic does not get as far (docs/critics.md)
  onward: withRadius,
  iterationSeconds: templateSeconds,
};

/**
 * For the finest map by distribution matching alone. The penalty is left out: one volume is little to learn, and
 * smooth by itself. A stage that goes on from a coarser one, at up to twice its radius, needs no more than 200
 * iterations, whatever the shell. Found on the ribosome and β-galactosidase; see docs/critics.md.
 */
export const volumeRecipe: AdversarialRecipe = {
  critic: (statistics, volume) => volumeCritic(statistics, { ...volume, density: (u) => density(u, volume) }),
  loss: logisticR1,
  batch: 128,
  criticSteps: 2,
  criticRate: 3e-2,
  volumeRate: 3e-2,
  decay: fallingTo(0.3),
  gradientPenalty: 0,
  averaging: 0.01,
  heldOut: 0.05,
  noiseFloor: 1,
  start: [{ kind: "adversarial", maxRadius: startRadius, iterations: 500 }],
  finerStart: [{ kind: "adversarial", maxRadius: finerRadius, iterations: 400 }],
  onward: () => 0.4,
  // The views of two volumes in place of free templates, measured at radii 8 to 24, in C1 and D2.
  iterationSeconds: (maxRadius, groupOrder) =>
    templateSeconds(maxRadius) + (0.015 * Math.max(1, maxRadius / startRadius) ** 3.7) / Math.sqrt(groupOrder),
};

const recipes: Record<CriticName, AdversarialRecipe> = {
  "likelihood-ratio": likelihoodRatioRecipe,
  volume: volumeRecipe,
  convolutional: convolutionalRecipe,
};

/** Weights of the penalties of losses that are not a critic's own, as measured in docs/critics.md. */
const otherPenalty: Record<CriticName, Record<LossName, number>> = {
  "likelihood-ratio": { "logistic-r1": likelihoodRatioRecipe.gradientPenalty, "wgan-gp": 0.1 },
  volume: { "logistic-r1": volumeRecipe.gradientPenalty, "wgan-gp": 0.1 },
  convolutional: { "logistic-r1": 0.1, "wgan-gp": convolutionalRecipe.gradientPenalty },
};

/** The recipe of a critic, with another loss if one is named. */
export function chooseRecipe(critic: CriticName, loss?: LossName): AdversarialRecipe {
  const recipe = recipes[critic];
  return loss === undefined ? recipe : { ...recipe, loss: losses[loss], gradientPenalty: otherPenalty[critic][loss] };
}
