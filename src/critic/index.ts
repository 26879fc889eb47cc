/**
 * Critics: what tells real from simulated images. `CriticModel` is what one has to be; three exist.
 *
 * @module
 */
export { type ConvolutionalSettings, convolutionalCritic } from "./convolutional.ts";
export type { CriticInput, CriticModel, CriticScene, ImageStatistics, SampleMap } from "./critic.ts";
export { angularSamples, harmonicOrders, harmonics, turningMatrix } from "./harmonics.ts";
export {
  halfEnergies,
  type LikelihoodInput,
  type LikelihoodRatioSettings,
  likelihoodRatio,
  likelihoodRatioCritic,
  logMeanOverPoses,
  type Responses,
  type Templates,
  templateResponses,
} from "./likelihoodRatio.ts";
export { type CriticVolume, logLikelihood, volumeCritic } from "./volume.ts";
