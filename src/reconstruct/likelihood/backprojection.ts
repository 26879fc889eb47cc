/** Back-projection: the sums of the expectation step go into the volume's Fourier table. */

import { templatesOfSlices } from "../../critic/views.ts";
import type { PolarGrid } from "../../physics/frequencies.ts";
import { type Matrix3, multiply, transpose } from "../../physics/rotations.ts";
import type { Program } from "../../runtime/program.ts";
import { gradient } from "../../tensor/gradient.ts";
import * as op from "../../tensor/ops.ts";
import { input } from "../../tensor/tensor.ts";

/**
 * From sums over templates to sums over the samples of slices, the adjoint of `templatesOfSlices`.
 * Feeds `numerator` [orders, views, 2·radii]; outputs `re` and `im` [samples, views].
 */
export function sampleSumsProgram(grid: PolarGrid, views: number, whitening: Float32Array): Program {
  const numerator = input("numerator", [grid.angles, views, 2 * grid.radii.length]);
  const re = input("re", [grid.count, views]),
    im = input("im", [grid.count, views]);
  const [sumRe, sumIm] = gradient(op.sum(op.mul(numerator, templatesOfSlices({ re, im }, grid, whitening))), [re, im]);
  return { name: "sample-sums", state: {}, feeds: { numerator }, outputs: { re: sumRe!, im: sumIm! } };
}

/**
 * Sums on one half of the volume's padded Fourier table, kz = 0 … n+1 (one more, for the upper neighbour), ky and kx =
 * -n … n+1: real part, imaginary part and weight of each of its (n+2)·(2n+2)² voxels in turn. What belongs to -f stands
 * at f, its complex conjugate; in the plane kz = 0 it may stand at either.
 */
export interface TableSums {
  n: number;
  values: Float32Array;
}

/** How many they are. */
export const sumsSize = (n: number): number => 3 * (n + 2) * (2 * n + 2) ** 2;

export const emptySums = (n: number): TableSums => ({ n, values: new Float32Array(sumsSize(n)) });

export interface SliceSums {
  /** [samples, views], from `sampleSumsProgram`. */
  re: Float32Array;
  im: Float32Array;
  /** Σ posterior·CTF², [views, radii]. */
  denominator: Float32Array;
}

/** A view, and its place among all of an expectation step. */
export interface PlacedView {
  pose: Matrix3;
  place: number;
}

/** Of the weight of all views of a step, what is less counts for nothing; every second view has no more. */
const leastWeight = 1e-6;

/**
 * The views that images were seen in.
 *
 * @param poses       of the views from the place `first` on
 * @param denominator [views, radii], of `SliceSums`
 */
export function seenViews(
  poses: readonly Matrix3[],
  denominator: Float32Array,
  radii: number,
  first = 0,
): PlacedView[] {
  const weights = poses.map((_, v) =>
      denominator.subarray((first + v) * radii, (first + v + 1) * radii).reduce((sum, w) => sum + w, 0),
    ),
    least = leastWeight * weights.reduce((sum, w) => sum + w, 0);
  return poses.flatMap((pose, v) => (weights[v]! > least ? [{ pose, place: first + v }] : []));
}

/**
 * Adds slices to the table, each at its pose and at those that the rotations of `group` make of it: the adjoint of
 * trilinear interpolation
 * (`centralSlices`), of the half with kz < 0 its complex conjugate. A loop and not a tensor program, because scattering
 * is slower there; sample by sample over all views, because neighbouring views then touch the same part of the table
 * while it is in the cache.
 *
 * @param seen the views to add; the others are left out
 */
export function addSlices(
  { n, values }: TableSums,
  { re, im, denominator }: SliceSums,
  seen: readonly PlacedView[],
  group: readonly Matrix3[],
  grid: PolarGrid,
  whitening: Float32Array,
): void {
  const m = 2 * n + 2,
    toY = 3 * m,
    toZ = 3 * m * m,
    radii = grid.radii.length,
    views = re.length / grid.count,
    places = Int32Array.from(seen, ({ place }) => place);
  for (const g of group) {
    const axes = Float64Array.from(seen.flatMap(({ pose }) => [...multiply(pose, transpose(g))].slice(0, 6)));
    for (let s = 0; s < grid.count; s++) {
      const kx = 2 * grid.x[s]!,
        ky = 2 * grid.y[s]!;
      // A sample counts twice in a template's energy: for itself and for its complex conjugate on the other half of the
      // circle.
      const energy = 2 * whitening[s]! ** 2,
        r = s % radii;
      for (let v = 0; v < places.length; v++) {
        const a = 6 * v,
          view = places[v]!,
          j = s * views + view;
        const kz = kx * axes[a + 2]! + ky * axes[a + 5]!,
          sign = kz < 0 ? -1 : 1;
        const px = sign * (kx * axes[a]! + ky * axes[a + 3]!) + n,
          py = sign * (kx * axes[a + 1]! + ky * axes[a + 4]!) + n,
          pz = sign * kz;
        const ix = px | 0,
          iy = py | 0,
          iz = pz | 0,
          fx = px - ix,
          fy = py - iy,
          fz = pz - iz;
        const sampleRe = re[j]!,
          sampleIm = sign * im[j]!,
          weight = energy * denominator[view * radii + r]!;
        let i = iz * toZ + iy * toY + 3 * ix;
        for (let corner = 0; corner < 4; corner++) {
          const w = (corner & 1 ? fy : 1 - fy) * (corner & 2 ? fz : 1 - fz),
            low = w * (1 - fx),
            high = w * fx;
          values[i]! += low * sampleRe;
          values[i + 1]! += low * sampleIm;
          values[i + 2]! += low * weight;
          values[i + 3]! += high * sampleRe;
          values[i + 4]! += high * sampleIm;
          values[i + 5]! += high * weight;
          i += corner === 1 ? toZ - toY : toY;
        }
      }
    }
  }
}
