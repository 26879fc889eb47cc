/** Images of noise for the simulator, from images without particles. */
import type { Optics } from "../../base/types.ts";
import { filterShells, type NoiseSource, variedNoise } from "../../physics/noise.ts";
import type { Device } from "../../runtime/device.ts";
import type { RandomStream } from "../../runtime/random.ts";
import { openPreparation, type Preparation } from "./load.ts";
import { measureSpectra } from "./spectra.ts";

/** Simulated images draw from so many, each turned at random. */
export const noiseImagesDrawn = 4096;

export interface NoiseImages {
  /** [noiseImagesDrawn, workingBox, workingBox] flattened. */
  images: Float32Array;
  /** Their power on shells 0, 1, …, measured as that of the particles' background is. */
  power: Float64Array;
}

/** So many tell how the backgrounds' power compares with that of the particles' noise. */
const compared = 1024;

/** Of the particles: their working box, and where their background is. */
export interface NoiseFrame {
  boxSize: number;
  boxAngstrom: number;
  maskRadius: number;
  optics: Optics;
  /** Index into `optics` of some of them; the power of the background does not depend on which. */
  particles: ArrayLike<number>;
}

/**
 * Noise images that were varied (`variedNoise`) and took the way of the particles' images into the working box. The
 * backgrounds are filtered before, so that the images have the power of the particles' noise, shell by shell.
 *
 * @param backgrounds in the box and pixels of the particles' files, of mean 0 and variance 1 each, [many, n, n]
 * @param wanted      power of the particles' noise on shells 0, 1, …
 */
export async function drawNoiseImages(
  { images: backgrounds, n }: { images: Float32Array; n: number },
  wanted: ArrayLike<number>,
  frame: NoiseFrame,
  device: Device,
  stream: RandomStream,
): Promise<NoiseImages> {
  const { boxSize, maskRadius } = frame,
    preparation = await openPreparation(n, boxSize, maskRadius * n, device);
  const draw = async (from: Float32Array, count: number): Promise<NoiseImages> => {
    const images = await preparedNoise(variedNoise(from, n, stream), count, n, boxSize, preparation);
    return { images, power: await powerOf(images, count, frame, device) };
  };
  const { power } = await draw(backgrounds, compared),
    factors = power.map((own, k) => Math.sqrt(wanted[k]! / own)),
    drawn = await draw(filterShells(backgrounds, n, factors), noiseImagesDrawn);
  await preparation.release();
  return drawn;
}

/**
 * The next images of a source, which take the way of the particles' images.
 *
 * @param n          edge of the source's images in pixels
 * @param workingBox edge of the images in the working box
 * @returns [count, workingBox, workingBox]
 */
export async function preparedNoise(
  source: NoiseSource,
  count: number,
  n: number,
  workingBox: number,
  { buffer, batch, normalise, crop }: Preparation,
): Promise<Float32Array> {
  const out = new Float32Array(count * workingBox ** 2);
  for (let first = 0; first < count; first += batch) {
    source(buffer);
    for (let start = 0; start < buffer.length; start += n * n) normalise(buffer.subarray(start, start + n * n));
    const taken = await crop(buffer);
    out.set(taken.subarray(0, Math.min(batch, count - first) * workingBox ** 2), first * workingBox ** 2);
  }
  return out;
}

async function powerOf(
  images: Float32Array,
  count: number,
  { boxSize: n, boxAngstrom, maskRadius, optics, particles }: NoiseFrame,
  device: Device,
): Promise<Float64Array> {
  const any = Int32Array.from({ length: count }, (_, i) => particles[i % particles.length]!);
  return (await measureSpectra(images, n, optics, any, boxAngstrom, maskRadius * n, device)).noise;
}
