import type { Volume } from "../base/types.ts";
import { forEachCoefficient, type Spectrum, spectrumOf } from "./shells.ts";

export interface MapStatistics {
  min: number;
  max: number;
  mean: number;
  /** Standard deviation about the mean. */
  sigma: number;
}

/** Extremes, mean and standard deviation of the density values. */
export function mapStatistics({ data }: Volume): MapStatistics {
  let min = Infinity,
    max = -Infinity,
    sum = 0;
  for (let i = 0; i < data.length; i++) {
    const v = data[i]!;
    if (v < min) min = v;
    if (v > max) max = v;
    sum += v;
  }
  const mean = sum / data.length;
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += (data[i]! - mean) ** 2;
  return { min, max, mean, sigma: Math.sqrt(squares / data.length) };
}

/** Third moment about the mean over the cube of the standard deviation, values weighted; 0 where they are all alike. */
export function skewness(values: ArrayLike<number>, weights: ArrayLike<number>): number {
  let total = 0,
    sum = 0;
  for (let i = 0; i < values.length; i++) {
    total += weights[i]!;
    sum += weights[i]! * values[i]!;
  }
  const mean = sum / total;
  let squares = 0,
    cubes = 0;
  for (let i = 0; i < values.length; i++) {
    const difference = values[i]! - mean;
    squares += weights[i]! * difference ** 2;
    cubes += weights[i]! * difference ** 3;
  }
  return squares > 0 ? cubes / total / (squares / total) ** 1.5 : 0;
}

export interface RadialProfile {
  /** 1/Å, shells 1 .. floor(n/2). */
  frequency: number[];
  value: number[];
}

/** Mean of |F|^2 over each shell of a cubic map, F unnormalised. Throws InputError when the map is not a cube. */
export const radialPower = (volume: Volume): RadialProfile => shellPower(spectrumOf(volume), volume.pixelSizeAngstrom);

function shellPower({ re, im, boxSize }: Spectrum, pixelSizeAngstrom: number): RadialProfile {
  const shells = Math.floor(boxSize / 2);
  const sum = new Float64Array(shells + 1);
  const count = new Float64Array(shells + 1);
  forEachCoefficient(boxSize, (i, shell) => {
    if (shell > shells) return;
    sum[shell]! += re[i]! * re[i]! + im[i]! * im[i]!;
    count[shell]!++;
  });
  const shell = Array.from({ length: shells }, (_, i) => i + 1);
  return {
    frequency: shell.map((s) => s / (boxSize * pixelSizeAngstrom)),
    value: shell.map((s) => sum[s]! / count[s]!),
  };
}

/**
 * Shells with less than this share of the strongest shell's power hold rounding errors alone: of 32-bit numbers they
 * come to 1e-16 and less, the finest detail of a map at 3 Å to 1e-11.
 */
const emptyShell = 1e-14;

/** The last Fourier shell of a cubic map that holds anything, at most floor(n/2): what it was worked at. */
export function finestShell(volume: Volume): number {
  const { value } = radialPower(volume);
  const least = emptyShell * value.reduce((a, b) => Math.max(a, b), 0);
  return value.findLastIndex((v) => v > least) + 1;
}

/**
 * Guinier plot (Rosenthal & Henderson, J. Mol. Biol. 333, 721, 2003): logarithm of the root-mean-square amplitude per
 * shell against 1/d^2; a Gaussian fall-off exp(-B / 4d^2) is a line of slope -B/4. Shells without power are left out.
 *
 * @param lastShell beyond which the map holds nothing, where that is known: saves time
 */
export function guinierProfile(volume: Volume, lastShell?: number): GuinierProfile {
  const spectrum = spectrumOf(volume, lastShell);
  return guinierOfSpectrum(spectrum, (volume.pixelSizeAngstrom * volume.shape[0]) / spectrum.boxSize);
}

export interface GuinierProfile {
  inverseSquareResolution: number[];
  logAmplitude: number[];
}

/** The same of a spectrum, whose coefficients are those of a box of pixels of that size. */
export function guinierOfSpectrum(spectrum: Spectrum, pixelSizeAngstrom: number): GuinierProfile {
  const { frequency, value } = shellPower(spectrum, pixelSizeAngstrom);
  const kept = value.map((_, i) => i).filter((i) => value[i]! > 0);
  return {
    inverseSquareResolution: kept.map((i) => frequency[i]! ** 2),
    logAmplitude: kept.map((i) => 0.5 * Math.log(value[i]!)),
  };
}

/**
 * Pearson correlation of two maps on the same grid, voxels weighted by the mask (everywhere 1 when absent); 0 for a
 * flat map.
 */
export function mapCorrelation(a: Volume, b: Volume, mask?: Volume): number {
  const weight = (i: number) => (mask ? mask.data[i]! : 1);
  let total = 0,
    sumA = 0,
    sumB = 0;
  for (let i = 0; i < a.data.length; i++) {
    total += weight(i);
    sumA += weight(i) * a.data[i]!;
    sumB += weight(i) * b.data[i]!;
  }
  const meanA = sumA / total,
    meanB = sumB / total;
  let ab = 0,
    aa = 0,
    bb = 0;
  for (let i = 0; i < a.data.length; i++) {
    const da = a.data[i]! - meanA,
      db = b.data[i]! - meanB;
    ab += weight(i) * da * db;
    aa += weight(i) * da * da;
    bb += weight(i) * db * db;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}
