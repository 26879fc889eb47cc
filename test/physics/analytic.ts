/** Projections of Gaussian blobs, known exactly, and a way to run tensor expressions. */

import type { FrequencyGrid } from "../../src/physics/frequencies.ts";
import { type Matrix3, randomRotation } from "../../src/physics/rotations.ts";
import { nodeCpu } from "../../src/runtime/onnxRuntimeNode.ts";
import type { Values } from "../../src/runtime/program.ts";
import { createStream } from "../../src/runtime/random.ts";
import { compile } from "../../src/runtime/session.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { Blob } from "../evaluate/blobs.ts";

export interface ComplexValues {
  re: Float64Array;
  im: Float64Array;
}

/** Runs tensor expressions once. Inputs are fed by name. */
export async function evaluate<K extends string>(
  outputs: Record<K, Tensor>,
  feeds: Record<string, { tensor: Tensor; values: Values }> = {},
): Promise<Record<K, Float32Array>> {
  const program = {
    name: "test",
    state: {},
    feeds: Object.fromEntries(Object.entries(feeds).map(([name, f]) => [name, f.tensor])),
    outputs,
  };
  const executable = await compile(program, nodeCpu(1));
  const results = await executable.run(Object.fromEntries(Object.entries(feeds).map(([name, f]) => [name, f.values])));
  const copies = Object.fromEntries(Object.entries(results).map(([name, values]) => [name, values.slice()]));
  await executable.release();
  return copies as Record<K, Float32Array>;
}

export function randomPoses(seed: number, count: number): Matrix3[] {
  const stream = createStream(seed, "test poses");
  return Array.from({ length: count }, () => randomRotation(stream));
}

/**
 * The Fourier pixels of an n×n image with |k| ≤ maxRadius, one of each conjugate pair (kx > 0, or kx = 0 and ky > 0);
 * the zero frequency is left out.
 */
export function cartesianGrid(maxRadius: number): FrequencyGrid {
  const x: number[] = [],
    y: number[] = [];
  const reach = Math.floor(maxRadius);
  for (let ky = -reach; ky <= reach; ky++) {
    for (let kx = 0; kx <= reach; kx++) {
      if ((kx > 0 || ky > 0) && Math.hypot(kx, ky) <= maxRadius) {
        x.push(kx);
        y.push(ky);
      }
    }
  }
  return { count: x.length, x: Float64Array.from(x), y: Float64Array.from(y) };
}

/**
 * The transform of a projection of blobs, from the integral over all space: the transform of a Gaussian is
 * h (2π)^(3/2) σ³ exp(-2π²σ²q²) e^(-2πi q·c). In units of pixel sums: divided by the voxel's volume.
 *
 * @param pose x_image = pose · x_volume
 * @param shiftAngstrom where the particle lies in the image, x and y
 * @param grid frequencies in Fourier pixels of the box
 */
export function projectionTransform(
  blobs: Blob[],
  pose: Matrix3,
  shiftAngstrom: readonly [number, number],
  grid: FrequencyGrid,
  boxSize: number,
  pixelSizeAngstrom: number,
): ComplexValues {
  const edge = boxSize * pixelSizeAngstrom;
  const re = new Float64Array(grid.count),
    im = new Float64Array(grid.count);
  for (const {
    centreAngstrom: [x, y, z],
    sigmaAngstrom,
    height,
  } of blobs) {
    const imageX = pose[0]! * x + pose[1]! * y + pose[2]! * z + shiftAngstrom[0];
    const imageY = pose[3]! * x + pose[4]! * y + pose[5]! * z + shiftAngstrom[1];
    const integral = (height * (2 * Math.PI) ** 1.5 * sigmaAngstrom ** 3) / pixelSizeAngstrom ** 3;
    for (let i = 0; i < grid.count; i++) {
      const qx = grid.x[i]! / edge,
        qy = grid.y[i]! / edge;
      const amplitude = integral * Math.exp(-2 * Math.PI ** 2 * sigmaAngstrom ** 2 * (qx * qx + qy * qy));
      const phase = -2 * Math.PI * (qx * imageX + qy * imageY);
      re[i]! += amplitude * Math.cos(phase);
      im[i]! += amplitude * Math.sin(phase);
    }
  }
  return { re, im };
}

/** The projection itself at the pixels, z integrated over: Σ h √(2π)σ/p exp(-r²/2σ²), row by row. */
export function projectionImage(
  blobs: Blob[],
  pose: Matrix3,
  shiftAngstrom: readonly [number, number],
  boxSize: number,
  pixelSizeAngstrom: number,
): Float64Array {
  const centre = Math.floor(boxSize / 2);
  const out = new Float64Array(boxSize * boxSize);
  for (const {
    centreAngstrom: [x, y, z],
    sigmaAngstrom,
    height,
  } of blobs) {
    const imageX = pose[0]! * x + pose[1]! * y + pose[2]! * z + shiftAngstrom[0];
    const imageY = pose[3]! * x + pose[4]! * y + pose[5]! * z + shiftAngstrom[1];
    const line = (c: number) =>
      Float64Array.from({ length: boxSize }, (_, i) =>
        Math.exp(-(((i - centre) * pixelSizeAngstrom - c) ** 2) / (2 * sigmaAngstrom ** 2)),
      );
    const alongX = line(imageX),
      alongY = line(imageY);
    const peak = (height * Math.sqrt(2 * Math.PI) * sigmaAngstrom) / pixelSizeAngstrom;
    for (let row = 0; row < boxSize; row++)
      for (let column = 0; column < boxSize; column++)
        out[row * boxSize + column]! += peak * alongY[row]! * alongX[column]!;
  }
  return out;
}

/** |found - truth| over |truth|, root mean square over what `shellOf` puts together. */
export function relativeErrors(
  found: ComplexValues,
  truth: ComplexValues,
  shellOf: (i: number) => number,
  shells: number,
): number[] {
  const error = new Float64Array(shells),
    size = new Float64Array(shells);
  for (let i = 0; i < truth.re.length; i++) {
    error[shellOf(i)]! += (found.re[i]! - truth.re[i]!) ** 2 + (found.im[i]! - truth.im[i]!) ** 2;
    size[shellOf(i)]! += truth.re[i]! ** 2 + truth.im[i]! ** 2;
  }
  return Array.from(error, (e, i) => Math.sqrt(e / size[i]!));
}

/** Element [i, b] of a [count, batch] tensor pair, for one b. */
export function column(values: { re: Float32Array; im: Float32Array }, batch: number, b: number): ComplexValues {
  const take = (all: Float32Array) => Float64Array.from({ length: all.length / batch }, (_, i) => all[i * batch + b]!);
  return { re: take(values.re), im: take(values.im) };
}
