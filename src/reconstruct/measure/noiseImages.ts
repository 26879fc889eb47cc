/** Images of noise for the simulator, from images without particles. */
import type { Optics } from "../../base/types.ts";
import { variedNoise } from "../../physics/noise.ts";
import type { Device } from "../../runtime/device.ts";
import type { RandomStream } from "../../runtime/random.ts";
import { openPreparation } from "./load.ts";
import { measureSpectra } from "./spectra.ts";

/** Simulated images draw from so many, each turned at random. */
export const noiseImagesDrawn = 4096;

export interface NoiseImages {
  /** [noiseImagesDrawn, workingBox, workingBox] flattened. */
  images: Float32Array;
  /** Their power on shells 0, 1, …, measured as that of the particles' background is. */
  power: Float64Array;
}

/**
 * Noise images that were varied (`variedNoise`) and took the way of the particles' images into the working box.
 *
 * @param backgrounds in the box and pixels of the particles' files, of mean 0 and variance 1 each, [many, n, n]
 * @param particles   index into `optics` of some particles; the power of the background does not depend on them
 */
export async function drawNoiseImages(
  { images: backgrounds, n }: { images: Float32Array; n: number },
  { boxSize, boxAngstrom, maskRadius }: { boxSize: number; boxAngstrom: number; maskRadius: number },
  optics: Optics,
  particles: ArrayLike<number>,
  device: Device,
  stream: RandomStream,
): Promise<NoiseImages> {
  const source = variedNoise(backgrounds, n, stream),
    preparation = await openPreparation(n, boxSize, maskRadius * n, device),
    { buffer, batch } = preparation,
    images = new Float32Array(noiseImagesDrawn * boxSize ** 2);
  for (let first = 0; first < noiseImagesDrawn; first += batch) {
    source(buffer);
    for (let start = 0; start < buffer.length; start += n * n)
      preparation.normalise(buffer.subarray(start, start + n * n));
    images.set(await preparation.crop(buffer), first * boxSize ** 2);
  }
  await preparation.release();
  const any = Int32Array.from({ length: noiseImagesDrawn }, (_, i) => particles[i % particles.length]!);
  const { noise } = await measureSpectra(images, boxSize, optics, any, boxAngstrom, maskRadius * boxSize, device);
  return { images, power: noise };
}
