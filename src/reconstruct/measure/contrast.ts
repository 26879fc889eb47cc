import { formatNumber } from "../../base/format.ts";

/** Whether density is bright or dark in particle images, as far as they tell by themselves. */
export interface Contrast {
  /** "unclear" where the difference is less than four of its standard errors. */
  density: "bright" | "dark" | "unclear";
  /**
   * Mean over the images of (mean at the centre - mean of the background), in standard deviations of the background.
   */
  difference: number;
  standardError: number;
}

/** Radii as fractions of the box: the centre within the first, the background beyond the second. */
const centre = 0.2,
  background = 0.45;
const leastErrors = 4;

/**
 * Compares the centre of the images with their background. Before its first zero, far beyond the size of a particle,
 * the CTF of an underfocused image has the sign of its amplitude contrast: where density is meant to be bright, the
 * centre is brighter on average.
 *
 * @param images [count, n, n] flattened, particles about in the middle
 */
export const measureContrast = (images: Float32Array, n: number): Contrast =>
  contrastFrom(centreDifferences(images, n));

/** (Mean at the centre - mean of the background) of each image, in standard deviations of its background. */
export function centreDifferences(images: Float32Array, n: number): Float64Array {
  const area = n * n,
    middle = Math.floor(n / 2);
  const pixels = Array.from({ length: area }, (_, i) => i),
    radius = (i: number): number => Math.hypot((i % n) - middle, Math.floor(i / n) - middle) / n;
  const inside = pixels.filter((i) => radius(i) <= centre),
    outside = pixels.filter((i) => radius(i) > background);
  return Float64Array.from({ length: images.length / area }, (_, i) => {
    const image = images.subarray(i * area, (i + 1) * area),
      there = moments(image, outside);
    return there.deviation > 0 ? (moments(image, inside).mean - there.mean) / there.deviation : 0;
  });
}

/** @param differences of the images, from `centreDifferences` */
export function contrastFrom(differences: Float64Array): Contrast {
  const all = moments(
    differences,
    differences.map((_, i) => i),
  );
  const standardError = all.deviation / Math.sqrt(differences.length - 1);
  const clear = Math.abs(all.mean) >= leastErrors * standardError && all.mean !== 0;
  return { density: clear ? (all.mean > 0 ? "bright" : "dark") : "unclear", difference: all.mean, standardError };
}

/** What was measured, in words. */
export const contrastText = ({ difference, standardError }: Contrast): string =>
  `centre against background: ${formatNumber(difference)} ± ${formatNumber(standardError)} standard deviations`;

/** Of the values at these places. */
function moments(values: ArrayLike<number>, places: ArrayLike<number>): { mean: number; deviation: number } {
  let sum = 0,
    squares = 0;
  for (let i = 0; i < places.length; i++) sum += values[places[i]!]!;
  const mean = sum / places.length;
  for (let i = 0; i < places.length; i++) squares += (values[places[i]!]! - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / places.length) };
}
