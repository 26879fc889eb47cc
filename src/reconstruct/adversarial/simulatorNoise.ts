/** The noise of simulated images. */
import { type FrequencyGrid, radiusOf } from "../../physics/frequencies.ts";
import { whiteNoise } from "../../physics/noise.ts";
import type { Device } from "../../runtime/device.ts";
import type { RandomStream } from "../../runtime/random.ts";
import { noiseBank, type Rows } from "../measure/criticImages.ts";
import { type NoiseImages, noiseImagesDrawn } from "../measure/noiseImages.ts";

/**
 * Normal noise images that simulated ones draw from. Turned by quarters and mirrored, a few thousand are seen so often
 * that a critic of free templates knows them; so as many as 64 MiB hold.
 */
const normalImages = ({ count }: FrequencyGrid): number =>
  Math.max(noiseImagesDrawn, Math.min(16_384, Math.floor(2 ** 26 / (8 * count))));

/**
 * Edge of normal noise images. White noise of larger pixels in the same field of view has the same transform up to
 * where they reach: samples k and k' correlate by sin(πd)/(m·sin(πd/m)) along each axis, d = k - k', which with twice
 * the pixels that the finest samples need, and 24 at least, is within 0.015 of any larger m.
 */
const normalEdge = (grid: FrequencyGrid, n: number): number =>
  Math.min(n, Math.max(24, 4 * Math.ceil(radiusOf(grid).reduce((a, b) => Math.max(a, b)))));

/**
 * Noise of the particles' power: normal, or images of noise, whose power is brought to that of the particles shell by
 * shell.
 *
 * @param n     edge of the images in pixels
 * @param noise power of the particles' noise on shells 0, 1, 2, …
 * @returns rows of `noiseBank`
 */
export function simulatorNoise(
  of: NoiseImages | undefined,
  n: number,
  noise: ArrayLike<number>,
  grid: FrequencyGrid,
  stream: RandomStream,
  device: Device,
): Promise<Rows> {
  if (!of) return noiseBank(grid, normalImages(grid), normalEdge(grid, n), whiteNoise(stream), noise, device);
  const { images, power } = of,
    // In the scale of white noise of unit variance, whose power is n².
    colour = power.map((own, k) => (noise[k]! / own) * n * n);
  let next = 0;
  return noiseBank(
    grid,
    noiseImagesDrawn,
    n,
    (out) => {
      out.set(images.subarray(next, next + out.length));
      next += out.length;
    },
    colour,
    device,
  );
}
