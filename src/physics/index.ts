/**
 * The microscope: volume → rotate and project → shift → CTF → noise, each a function of symbolic tensors at chosen image frequencies. `image` puts them together.
 *
 * @module
 */
export { addComplex, scaleComplex, turnPhase, type Complex } from "./complex.ts";
export { ctf, ctfCoefficients, ctfTerms, electronWavelengthAngstrom } from "./ctf.ts";
export { densityFromAtoms, orientByInertia, type DensityOptions } from "./density.ts";
export { interpolateShells, polarGrid, radiusOf, rectangularGrid, shellValue, type FrequencyGrid, type PolarGrid, type RectangularGrid } from "./frequencies.ts";
export { imagesFromTransform, resampleImages, transformOfImages } from "./imageTransform.ts";
export { image, type Exposure } from "./microscope.ts";
export { bankNoise, colouredNoise, extendedNoise, whiteNoise, type NoiseSource } from "./noise.ts";
export { centralSlices as project, fourierTable } from "./project.ts";
export { angularDistance, axisAngleToMatrix, eulerToMatrix, matrixToEuler, multiply, quaternionToMatrix, randomRotation, transpose, type Matrix3 } from "./rotations.ts";
export { sampleShifts, shift, shiftDeviation, type ShiftLaw } from "./shift.ts";
export { exposeImages, flatOptics, simulateImages, tabulatedDefocus, uniformDefocus, type Exposures, type ImageBatch, type MicroscopeSettings, type SimulationInput } from "./simulate.ts";
export { symmetrise } from "./symmetrise.ts";
export { pointGroup } from "./symmetry.ts";
export { samplePoses, type TabulatedView, type ViewingDistribution, type ViewingPeak } from "./viewing.ts";
