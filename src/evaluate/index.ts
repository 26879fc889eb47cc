/**
 * How good a map is: alignment over all rotations and both hands, Fourier shell correlation with the correction for masks, statistics.
 *
 * @module
 */
export { alignToReference, commonGrid, type Alignment, type AlignOptions } from "./align.ts";
export { emdbFscXml, fscJson } from "./emdbXml.ts";
export { evaluateAgainstReference, evaluateHalfMaps, type AlignmentReport, type EvaluateOptions, type Evaluation, type EvaluationReport } from "./evaluate.ts";
export { lowPass } from "./filter.ts";
export { crossingResolution, fourierShellCorrelation, type FscOptions, type FscResult } from "./fsc.ts";
export { applyMask, densityMask, sphericalMask, type DensityMaskOptions } from "./mask.ts";
export { resample } from "./resample.ts";
export { mirrorX, rotateVolume } from "./rotate.ts";
export { guinierProfile, mapCorrelation, mapStatistics, radialPower, type MapStatistics, type RadialProfile } from "./statistics.ts";
