/** Particle images into memory: background normalised and Fourier-cropped to the working box. */
import { openParticleImages } from "../io/particles.ts";
import type { ParticleSet } from "../io/types.ts";
import { InputError } from "../io/types.ts";
import { resampleImages } from "../physics/imageTransform.ts";
import type { Device } from "../runtime/device.ts";
import { compile } from "../runtime/session.ts";
import { input } from "../tensor/tensor.ts";
import { backgroundMask } from "./spectra.ts";

export interface LoadedParticles {
  count: number;
  /** Edge of the working box in pixels; it covers the same field of view as the original one. */
  boxSize: number;
  /** [count, boxSize, boxSize]: background mean 0. */
  images: Float32Array;
}

/**
 * Brings the background of one image (pixels where `mask` is 1) to mean 0 and, by `scale`, all images to one noise level.
 * @returns the standard deviation of the background before
 */
export function normaliseBackground(image: Float32Array, mask: Float32Array, scale: (deviation: number) => number): number {
  // Differences from one of the pixels, so that a constant background gives exactly 0, whatever its value.
  const origin = image[mask.indexOf(1)]!;
  let sum = 0, squares = 0, area = 0;
  for (let i = 0; i < image.length; i++) {
    if (mask[i] === 0) continue;
    const difference = image[i]! - origin;
    sum += difference;
    squares += difference ** 2;
    area++;
  }
  const mean = origin + sum / area;
  const deviation = Math.sqrt(Math.max(0, squares / area - (sum / area) ** 2));
  const factor = scale(deviation);
  for (let i = 0; i < image.length; i++) image[i] = (image[i]! - mean) * factor;
  return deviation;
}

/**
 * Reads all images of a set.
 *
 * @param workingBox edge to crop to in Fourier space, at most the set's box
 * @param radius     of the particle in original pixels; beyond it is background
 * @throws {InputError} for missing, truncated or mismatched stacks, NaN pixels and constant images, naming the row
 */
export async function loadParticles(set: ParticleSet, workingBox: number, radius: number, device: Pick<Device, "name" | "threads">, onProgress: (done: number) => void, signal?: AbortSignal): Promise<LoadedParticles> {
  const n = set.boxSize, batch = 256;
  const mask = backgroundMask(n, radius);
  const pixels = input("images", [batch, n, n]);
  const crop = workingBox < n ? await compile({ name: "crop", state: {}, feeds: { images: pixels }, outputs: { cropped: resampleImages(pixels, workingBox) } }, device) : undefined;
  const source = await openParticleImages(set);
  const images = new Float32Array(set.count * workingBox ** 2);
  const buffer = new Float32Array(batch * n * n);
  try {
    for (let first = 0; first < set.count; first += batch) {
      signal?.throwIfAborted();
      const size = Math.min(batch, set.count - first);
      const part = buffer.subarray(0, size * n * n);
      await source.read(Int32Array.from({ length: size }, (_, i) => first + i), part);
      for (let i = 0; i < size; i++) {
        const deviation = normaliseBackground(part.subarray(i * n * n, (i + 1) * n * n), mask, (d) => (d > 0 ? 1 / d : 0));
        if (deviation === 0) throw new InputError(`${set.where(first + i)} names an image whose background is constant; is it a particle image?`);
      }
      const out = crop ? (await crop.run({ images: buffer }))["cropped"]! : buffer;
      images.set(out.subarray(0, size * workingBox ** 2), first * workingBox ** 2);
      onProgress(first + size);
    }
  } finally {
    await source.close();
    await crop?.release();
  }
  return { count: set.count, boxSize: workingBox, images };
}
