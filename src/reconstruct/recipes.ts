/** Training settings that go with each critic and loss. */
import type { CriticModel, ImageStatistics } from "../critic/critic.ts";
import { likelihoodRatioCritic } from "../critic/likelihoodRatio.ts";
import { logisticR1, type AdversarialLoss } from "./losses.ts";

export interface AdversarialRecipe {
  critic(statistics: ImageStatistics): CriticModel;
  loss: AdversarialLoss;
  batch: number;
  criticSteps: number;
  criticRate: number;
  volumeRate: number;
  /** Factor by which both rates fall over a stage. */
  decay: number;
  gradientPenalty: number;
  criticClipNorm?: number;
  volumeClipNorm?: number;
  /** Weight of the newest volume in the running average. */
  averaging: number;
}

/** Found on the ribosome at SNR 0.1 and 1; see docs/method.md. */
export const likelihoodRatioRecipe: AdversarialRecipe = {
  critic: (statistics) => likelihoodRatioCritic(statistics, { angles: 2 * statistics.maxRadius, turns: 2 * statistics.maxRadius, templates: 16 }),
  loss: logisticR1,
  batch: 128, criticSteps: 2, criticRate: 1e-2, volumeRate: 3e-2, decay: 0.3, gradientPenalty: 0.01, averaging: 0.01,
};

export const criticNames = ["likelihood-ratio", "convolutional"] as const;
export type CriticName = (typeof criticNames)[number];
export type LossName = AdversarialLoss["name"];

/** The recipe of a critic, with another loss if one is named. */
export function chooseRecipe(critic: CriticName, loss?: LossName): AdversarialRecipe {
  if (critic === "convolutional" || loss === "wgan-gp") throw new Error("TODO");
  return likelihoodRatioRecipe;
}
