/** Particles and noise as a critic takes them, computed once for a stage so that an iteration only copies rows. */

import type { Optics } from "../../base/types.ts";
import type { CriticModel } from "../../critic/critic.ts";
import { scaleComplex } from "../../physics/complex.ts";
import { ctf, ctfInputs, ctfParameters } from "../../physics/ctf.ts";
import { type FrequencyGrid, interpolateShells, radiusOf } from "../../physics/frequencies.ts";
import { transformOfImages } from "../../physics/imageTransform.ts";
import type { NoiseSource } from "../../physics/noise.ts";
import { shift, shiftsOf } from "../../physics/shift.ts";
import type { Device } from "../../runtime/device.ts";
import { compile } from "../../runtime/session.ts";
import * as op from "../../tensor/ops.ts";
import { constant, input, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { type GroupedNoise, groupFactors, groupInputs, onGrid } from "./noiseGroups.ts";

/** Arrays of one row per image, by name: [count, width] each. */
export interface Rows {
  count: number;
  arrays: Record<string, { width: number; data: Float32Array }>;
}

const batch = 256;

/** [shape…, batch] → [batch, size], so that an image is a row. */
const asRows = (t: Tensor): Tensor => op.transpose(op.reshape(t, [sizeOf(t.shape) / batch, batch]), [1, 0]);

function emptyRows(count: number, widths: Record<string, number>): Rows {
  return {
    count,
    arrays: Object.fromEntries(
      Object.entries(widths).map(([name, width]) => [name, { width, data: new Float32Array(count * width) }]),
    ),
  };
}

function putRows(rows: Rows, first: number, size: number, results: Record<string, Float32Array>): void {
  for (const [name, { width, data }] of Object.entries(rows.arrays))
    data.set(results[name]!.subarray(0, size * width), first * width);
}

/**
 * From pixels to what a critic sees of them, for a batch.
 *
 * @param n     edge of the images in pixels
 * @param noise whitens them
 * @param moved whether the images are moved back by `shifts`, units of the box
 * @returns feeds `images` [batch, n·n], the CTFs' parameters, where there are groups their factors, and where images
 *   are moved `shifts` [2, batch]; and the critic's inputs
 */
export function criticView(
  critic: CriticModel,
  n: number,
  batch: number,
  boxAngstrom: number,
  noise: GroupedNoise,
  moved = false,
): { feeds: Record<string, Tensor>; view: Record<string, Tensor> } {
  const images = input("images", [batch, n * n]),
    optics = ctfInputs(batch),
    shifts = input("shifts", [2, batch]),
    factors = groupInputs(noise, batch);
  const { imageFactor, signalFactor } = factors;
  const scaled = (t: Tensor, factor: Tensor | undefined): Tensor =>
    factor ? op.mul(t, onGrid(factor, critic.grid)) : t;
  const transform = transformOfImages(images, n, critic.grid);
  const whitening = scaled(constant(critic.whitening(noise.noise), [critic.grid.count, 1]), imageFactor);
  return {
    feeds: { images, ...optics, ...factors, ...(moved ? { shifts } : {}) },
    view: critic.view(
      scaleComplex(moved ? shift(transform, op.neg(shifts), critic.grid) : transform, whitening),
      scaled(ctf(optics, critic.grid, boxAngstrom), signalFactor),
    ),
  };
}

/**
 * Real particles through the critic's view.
 *
 * @param images    [count, n, n] flattened
 * @param particles index into `optics` of each image
 * @param noise     whitens them
 * @param shifts    [2, particles of `optics`], units of the box: taken back, where they are known
 * @returns rows named as the critic's inputs
 */
export async function criticImages(
  critic: CriticModel,
  images: Float32Array,
  n: number,
  optics: Optics,
  particles: ArrayLike<number>,
  boxAngstrom: number,
  noise: GroupedNoise,
  device: Device,
  shifts?: Float32Array,
): Promise<Rows> {
  const count = images.length / (n * n);
  const { feeds, view } = criticView(critic, n, batch, boxAngstrom, noise, shifts !== undefined);
  const executable = await compile(
    {
      name: "critic-images",
      state: {},
      feeds,
      outputs: Object.fromEntries(Object.entries(view).map(([name, t]) => [name, asRows(t)])),
    },
    device,
  );
  const rows = emptyRows(
    count,
    Object.fromEntries(Object.entries(critic.inputs).map(([name, shape]) => [name, sizeOf(shape)])),
  );
  const feed = new Float32Array(batch * n * n);
  for (let first = 0; first < count; first += batch) {
    const size = Math.min(batch, count - first);
    feed.fill(0);
    feed.set(images.subarray(first * n * n, (first + size) * n * n));
    const chosen = Int32Array.from({ length: batch }, (_, i) => particles[Math.min(first + i, count - 1)]!);
    const fed = { images: feed, ...ctfParameters(optics, chosen), ...groupFactors(noise, chosen) };
    putRows(rows, first, size, await executable.run(shifts ? { ...fed, shifts: shiftsOf(shifts, chosen) } : fed));
  }
  await executable.release();
  return rows;
}

/**
 * Noise as the images have it, by its transform on a grid (neighbouring samples are not independent).
 *
 * @param count      so many at least
 * @param n          edge of the images in pixels
 * @param source     fills an array with noise images of n×n pixels
 * @param noisePower power to give noise that is white and of unit variance, on shells 0, 1, 2, …; absent: the noise is
 *   as it should be
 * @returns rows `noiseRe` and `noiseIm`
 */
export async function noiseBank(
  grid: FrequencyGrid,
  count: number,
  n: number,
  source: NoiseSource,
  noisePower: ArrayLike<number> | undefined,
  device: Device,
): Promise<Rows> {
  const pixels = input("images", [batch, n * n]);
  const transform = transformOfImages(pixels, n, grid),
    colour =
      noisePower && Float32Array.from(interpolateShells(noisePower, radiusOf(grid)), (power) => Math.sqrt(power) / n);
  const f = colour ? scaleComplex(transform, constant(colour, [grid.count, 1])) : transform;
  const executable = await compile(
    {
      name: "noise-bank",
      state: {},
      feeds: { images: pixels },
      outputs: { noiseRe: asRows(f.re), noiseIm: asRows(f.im) },
    },
    device,
  );
  const total = batch * Math.ceil(count / batch);
  const rows = emptyRows(total, { noiseRe: grid.count, noiseIm: grid.count });
  const feed = new Float32Array(batch * n * n);
  for (let first = 0; first < total; first += batch) {
    source(feed);
    putRows(rows, first, batch, await executable.run({ images: feed }));
  }
  await executable.release();
  return rows;
}
