/**
 * The microscope: volume → rotate and project → shift → CTF → noise, each a function of symbolic tensors at chosen
 * image frequencies. `image` puts them together.
 *
 * @module
 */
export { addComplex, type Complex, scaleComplex, turnPhase } from "./complex.ts";
export { type CtfParameters, ctf, ctfInputs, ctfParameters, electronWavelengthAngstrom } from "./ctf.ts";
export { type DensityOptions, densityFromAtoms, orientByInertia } from "./density.ts";
export {
  type FrequencyGrid,
  interpolateShells,
  type PolarGrid,
  polarGrid,
  type RectangularGrid,
  radiusOf,
  rectangularGrid,
  shellValue,
} from "./frequencies.ts";
export { imagesFromTransform, resampleImages, transformOfImages } from "./imageTransform.ts";
export { cosineEdge, sphericalMask } from "./mask.ts";
export { type Exposure, image, pixelImages } from "./microscope.ts";
export { bankNoise, colouredNoise, extendedNoise, type NoiseSource, variedNoise, whiteNoise } from "./noise.ts";
export { centralSlices as project, fourierTable } from "./project.ts";
export {
  angularDistance,
  axisAngleToMatrix,
  eulerToMatrix,
  type Matrix3,
  matrixToEuler,
  multiply,
  quaternionToMatrix,
  randomRotation,
  transpose,
} from "./rotations.ts";
export { type ShiftLaw, sampleShifts, shift, shiftDeviation } from "./shift.ts";
export {
  type Exposures,
  exposeImages,
  flatOptics,
  type ImageBatch,
  type MicroscopeSettings,
  type SimulationInput,
  simulateImages,
  tabulatedDefocus,
  uniformDefocus,
} from "./simulate.ts";
export { symmetrise } from "./symmetrise.ts";
export { pointGroup } from "./symmetry.ts";
export { samplePoses, type TabulatedView, type ViewingDistribution, type ViewingPeak } from "./viewing.ts";
