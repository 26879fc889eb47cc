/**
 * How good a map is: alignment over all rotations and both hands, Fourier shell correlation with the correction for
 * masks, statistics.
 *
 * @module
 */
export { type Alignment, type AlignOptions, alignToReference, commonGrid } from "./align.ts";
export { emdbFscXml, fscJson } from "./emdbXml.ts";
export {
  type AlignmentReport,
  type EvaluateOptions,
  type Evaluation,
  type EvaluationReport,
  evaluateAgainstReference,
  evaluateHalfMaps,
} from "./evaluate.ts";
export { lowPass } from "./filter.ts";
export { type Crossing, crossingResolution, type FscOptions, type FscResult, fourierShellCorrelation } from "./fsc.ts";
export { compareHands, type HandComparison, meanOfShells } from "./hands.ts";
export { applyMask, type DensityMaskOptions, densityMask } from "./mask.ts";
export { resample } from "./resample.ts";
export { mirrorX, rotateVolume } from "./rotate.ts";
export {
  finestShell,
  guinierProfile,
  type MapStatistics,
  mapCorrelation,
  mapStatistics,
  type RadialProfile,
  radialPower,
} from "./statistics.ts";
