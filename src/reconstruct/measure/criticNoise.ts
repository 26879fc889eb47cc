/** Noise for data that have too little of it. */
import { remembered } from "../../base/remembered.ts";
import type { RandomStream } from "../../runtime/random.ts";
import type { Spectra } from "./spectra.ts";

/**
 * Variance per pixel of noise with the given power on shells 0, 1, … of an n×n image; the last shell also serves the
 * corners.
 */
export function varianceOf(power: ArrayLike<number>, n: number): number {
  const half = Math.floor(n / 2);
  let total = 0;
  for (let y = -half; y < n - half; y++) {
    for (let x = -half; x < n - half; x++)
      total += power[Math.min(Math.round(Math.sqrt(x * x + y * y)), power.length - 1)]!;
  }
  return total / n ** 4;
}

/** Every start asks for that of the same gigabyte. */
const meanSquare = remembered((images: Float32Array) => {
  let squares = 0;
  for (let i = 0; i < images.length; i++) squares += images[i]! * images[i]!;
  return squares / images.length;
});

/**
 * Images with white noise added where theirs is less than `fraction` of the signal's variance. Two distributions
 * without noise hardly overlap: a critic parts them at once, and its slope then says nothing about where the volume
 * should go. Simulated images get the same noise through the spectrum returned.
 *
 * @param images   [count, n, n] flattened, background mean 0; left as they are
 * @param spectra  measured on them
 * @param fraction least variance of the noise, in units of the signal's
 * @returns the same images and spectra if their noise suffices, else noisier copies
 */
export function withNoiseFloor(
  images: Float32Array,
  n: number,
  spectra: Spectra,
  fraction: number,
  stream: RandomStream,
): { images: Float32Array; spectra: Spectra } {
  const noise = varianceOf(spectra.noise, n);
  const missing = fraction * Math.max(0, meanSquare(images) - noise) - noise;
  if (missing <= 0) return { images, spectra };
  const deviation = Math.sqrt(missing);
  const noisier = (power: number): number => power + missing * n * n,
    { noise: before, signal, groups } = spectra;
  return {
    images: images.map((v) => v + deviation * stream.normal()),
    spectra: {
      noise: before.map(noisier),
      signal,
      ...(groups && {
        groups: {
          ...groups,
          noise: groups.noise.map((ratio, i) => {
            const mean = before[i % before.length]!;
            return noisier(ratio * mean) / noisier(mean);
          }),
        },
      }),
    },
  };
}
