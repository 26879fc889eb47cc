/**
 * Critics: what tells real from simulated images. `CriticModel` is what one has to be; two exist.
 *
 * @module
 */
export { convolutionalCritic, type ConvolutionalSettings } from "./convolutional.ts";
export type { CriticInput, CriticModel, ImageStatistics, SampleMap } from "./critic.ts";
export { angularSamples, harmonicOrders, harmonics, turningMatrix } from "./harmonics.ts";
export {
  halfEnergies, likelihoodRatio, likelihoodRatioCritic, logMeanOverPoses, templateResponses,
  type LikelihoodInput, type LikelihoodRatioSettings, type Responses, type Templates,
} from "./likelihoodRatio.ts";
