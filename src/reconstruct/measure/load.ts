/** Particle images from their files: background normalised and Fourier-cropped to the working box. */
import { InputError } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import { later } from "../../base/later.ts";
import type { ParticleSet } from "../../base/types.ts";
import { openParticleImages } from "../../io/particles.ts";
import { resampleImages } from "../../physics/imageTransform.ts";
import type { Device } from "../../runtime/device.ts";
import { compile } from "../../runtime/session.ts";
import { input } from "../../tensor/tensor.ts";
import { backgroundMask } from "./spectra.ts";

export interface ImageReader {
  /** Edge of the images in pixels; they cover the same field of view as the originals. */
  boxSize: number;
  /**
   * Images [chosen.length, boxSize, boxSize] flattened, background mean 0, density bright.
   * @param into where they are to stand
   * @throws {InputError} for missing, truncated or mismatched stacks, NaN pixels and constant images, naming the row
   */
  read(chosen: ArrayLike<number>, into?: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Runs of pixels where a mask is 1: of each the first, and the one behind the last. */
function runsOf(mask: Float32Array): Int32Array {
  const runs: number[] = [];
  mask.forEach((value, i) => {
    if ((value === 1) !== (i > 0 && mask[i - 1] === 1)) runs.push(i);
  });
  return Int32Array.from(runs.length % 2 === 0 ? runs : [...runs, mask.length]);
}

/**
 * Brings the background of one image (pixels in `runs`) to mean 0 and, by `scale`, all images to one noise level.
 * @returns the standard deviation of the background before
 */
function normaliseBackground(image: Float32Array, runs: Int32Array, scale: (deviation: number) => number): number {
  // Differences from one of the pixels, so that a constant background gives exactly 0, whatever its value.
  const origin = image[runs[0]!]!;
  let sum = 0,
    squares = 0,
    area = 0;
  for (let run = 0; run < runs.length; run += 2) {
    const end = runs[run + 1]!;
    for (let i = runs[run]!; i < end; i++) {
      const difference = image[i]! - origin;
      sum += difference;
      squares += difference * difference;
    }
    area += end - runs[run]!;
  }
  const mean = origin + sum / area;
  const deviation = Math.sqrt(Math.max(0, squares / area - (sum / area) ** 2));
  const factor = scale(deviation);
  for (let i = 0; i < image.length; i++) image[i] = (image[i]! - mean) * factor;
  return deviation;
}

const batch = 128;
/** Of a pixel from the background, in standard deviations: the squares of larger ones drown all others. */
const largestDeviation = 1e5;

/** The first pixel beyond that, or that is no number, if there is one. */
function spikeOf(image: Float32Array): number | undefined {
  for (let i = 0; i < image.length; i++) if (!(Math.abs(image[i]!) <= largestDeviation)) return i;
  return undefined;
}

/** Turns images into what a run works with. */
export interface Preparation {
  /**
   * Brings an image of n×n pixels, in place, to background mean 0 and standard deviation 1.
   * @returns the standard deviation before; where it is 0 the image becomes 0
   */
  normalise(image: Float32Array): number;
  /** The first images of a `buffer` Fourier-cropped to the working box, [batch, workingBox, workingBox]. */
  crop(buffer: Float32Array): Promise<Float32Array>;
  /** Space for `batch` images of n×n pixels. */
  buffer: Float32Array;
  batch: number;
  release(): Promise<void>;
}

/**
 * @param n          edge of the images in pixels
 * @param workingBox edge to crop to in Fourier space, at most n
 * @param radius     of the particle in pixels; beyond it is background
 * @param inverted   density is dark
 */
export async function openPreparation(
  n: number,
  workingBox: number,
  radius: number,
  device: Device,
  inverted = false,
): Promise<Preparation> {
  const sign = inverted ? -1 : 1,
    background = runsOf(backgroundMask(n, radius)),
    pixels = input("images", [batch, n, n]);
  const cropping =
    workingBox < n
      ? await compile(
          {
            name: "crop",
            state: {},
            feeds: { images: pixels },
            outputs: { cropped: resampleImages(pixels, workingBox) },
          },
          device,
        )
      : undefined;
  return {
    normalise: (image) => normaliseBackground(image, background, (d) => (d > 0 ? sign / d : 0)),
    crop: async (buffer) => (cropping ? (await cropping.run({ images: buffer })).cropped! : buffer),
    buffer: new Float32Array(batch * n * n),
    batch,
    release: async () => cropping?.release(),
  };
}

/**
 * Opens the images of a set.
 *
 * @param workingBox edge to crop to in Fourier space, at most the set's box
 * @param radius     of the particle in original pixels; beyond it is background
 * @param inverted   density is dark in the files
 */
export async function openImages(
  files: Files,
  set: ParticleSet,
  workingBox: number,
  radius: number,
  device: Device,
  inverted = false,
): Promise<ImageReader> {
  const n = set.boxSize,
    preparation = await openPreparation(n, workingBox, radius, device, inverted),
    buffers = [preparation.buffer, new Float32Array(preparation.buffer.length)] as const;
  const source = await openParticleImages(files, set);
  /** Checks an image and normalises it. */
  const prepare = (image: Float32Array, particle: number): void => {
    if (preparation.normalise(image) === 0)
      throw new InputError(
        `${set.where(particle)} names an image whose background is constant; is it a particle image?`,
      );
    const spike = spikeOf(image);
    if (spike !== undefined)
      throw new InputError(
        `${set.where(particle)} names an image with a pixel (${spike % n}, ${Math.floor(spike / n)}) ` +
          `more than ${largestDeviation} standard deviations from its background; remove it, ` +
          "or extract the particles with removal of dust",
      );
  };
  return {
    boxSize: workingBox,
    async read(chosen, images = new Float32Array(chosen.length * workingBox ** 2)) {
      /** Reads a batch while the one before is worked on. */
      const begin = (first: number): Promise<void> => {
        const size = Math.min(batch, chosen.length - first);
        return later(
          source.read(
            Int32Array.from({ length: size }, (_, i) => chosen[first + i]!),
            buffers[(first / batch) % 2]!,
          ),
        );
      };
      let coming = begin(0);
      for (let first = 0; first < chosen.length; first += batch) {
        const size = Math.min(batch, chosen.length - first),
          buffer = buffers[(first / batch) % 2]!;
        await coming;
        if (first + batch < chosen.length) coming = begin(first + batch);
        for (let i = 0; i < size; i++) {
          prepare(buffer.subarray(i * n * n, (i + 1) * n * n), chosen[first + i]!);
          await undefined; // lets the reading of the next batch get as far as the files
        }
        const out = await preparation.crop(buffer);
        images.set(out.subarray(0, size * workingBox ** 2), first * workingBox ** 2);
      }
      return images;
    },
    async close() {
      await source.close();
      await preparation.release();
    },
  };
}
