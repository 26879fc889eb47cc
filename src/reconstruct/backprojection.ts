/**
 * The maximisation step: the sums of the expectation step go into the volume's Fourier table, and Wiener's estimate makes a density of it.
 */
import { harmonics } from "../critic/harmonics.ts";
import { shellValue, type PolarGrid } from "../physics/frequencies.ts";
import { fourierTable } from "../physics/project.ts";
import { multiply, transpose, type Matrix3 } from "../physics/rotations.ts";
import type { Program } from "../runtime/program.ts";
import { gradient } from "../tensor/gradient.ts";
import * as op from "../tensor/ops.ts";
import { constant, input, type Tensor } from "../tensor/tensor.ts";

/**
 * From sums over templates to sums over the samples of slices, the adjoint of how templates are made (`projectionTemplates`).
 * Feeds `numerator` [orders, views, 2·radii]; outputs `re` and `im` [views, samples].
 */
export function sampleSumsProgram(grid: PolarGrid, views: number, whitening: Float32Array): Program {
  const numerator = input("numerator", [grid.angles, views, 2 * grid.radii.length]);
  const re = input("re", [grid.count, views]), im = input("im", [grid.count, views]), weights = constant(whitening, [grid.count, 1]);
  const templates = op.transpose(harmonics({ re: op.mul(re, weights), im: op.mul(im, weights) }, grid), [0, 2, 1]);
  const [sumRe, sumIm] = gradient(op.sum(op.mul(numerator, templates)), [re, im]);
  return { name: "sample-sums", state: {}, feeds: { numerator }, outputs: { re: op.transpose(sumRe!, [1, 0]), im: op.transpose(sumIm!, [1, 0]) } };
}

/** Sums on the volume's Fourier table: real part, imaginary part and weight of each of its (2n+2)³ voxels in turn. */
export interface TableSums {
  n: number;
  values: Float32Array;
}

export const emptySums = (n: number): TableSums => ({ n, values: new Float32Array(3 * (2 * n + 2) ** 3) });

export interface SliceSums {
  /** Sums over samples, [views, samples], from `sampleSumsProgram`. */
  re: Float32Array;
  im: Float32Array;
  /** Σ posterior·CTF², [views, radii]. */
  denominator: Float32Array;
}

/**
 * Adds slices to the table, each at its pose and all the poses equivalent to it: the adjoint of trilinear interpolation (`centralSlices`).
 * A loop and not a tensor program, because scattering is ten times slower there.
 */
export function addSlices(to: TableSums, slices: SliceSums, poses: readonly Matrix3[], group: readonly Matrix3[], grid: PolarGrid, whitening: Float32Array): void {
  const { n, values } = to;
  const m = 2 * n + 2, radii = grid.radii.length, { count } = grid;
  // A sample counts twice in a template's energy: for itself and for its complex conjugate on the other half of the circle.
  const weights = whitening.map((w) => 2 * w * w);
  const x = Float64Array.from(grid.x, (k) => 2 * k), y = Float64Array.from(grid.y, (k) => 2 * k);
  const add = (at: number, w: number, re: number, im: number, weight: number): void => {
    const i = 3 * at;
    values[i]! += w * re;
    values[i + 1]! += w * im;
    values[i + 2]! += w * weight;
  };
  poses.forEach((pose, v) => {
    for (const g of group) {
      const a = multiply(pose, transpose(g));
      for (let s = 0; s < count; s++) {
        const kx = x[s]!, ky = y[s]!;
        const px = kx * a[0]! + ky * a[3]! + n, py = kx * a[1]! + ky * a[4]! + n, pz = kx * a[2]! + ky * a[5]! + n;
        const ix = Math.floor(px), iy = Math.floor(py), iz = Math.floor(pz);
        const fx = px - ix, fy = py - iy, fz = pz - iz, at = (iz * m + iy) * m + ix;
        const re = slices.re[v * count + s]!, im = slices.im[v * count + s]!, weight = weights[s]! * slices.denominator[v * radii + (s % radii)]!;
        const near = (1 - fz) * (1 - fy), up = (1 - fz) * fy, far = fz * (1 - fy), both = fz * fy;
        add(at, near * (1 - fx), re, im, weight);
        add(at + 1, near * fx, re, im, weight);
        add(at + m, up * (1 - fx), re, im, weight);
        add(at + m + 1, up * fx, re, im, weight);
        add(at + m * m, far * (1 - fx), re, im, weight);
        add(at + m * m + 1, far * fx, re, im, weight);
        add(at + m * m + m, both * (1 - fx), re, im, weight);
        add(at + m * m + m + 1, both * fx, re, im, weight);
      }
    }
  });
}

/** Expected power at each voxel of the padded table; 0 beyond `maxRadius`. The padded table is eight times finer than the independent frequencies. */
export function tablePrior(n: number, power: ArrayLike<number>, maxRadius: number): Float32Array {
  const m = 2 * n + 2;
  const out = new Float32Array(m ** 3);
  for (let z = 0, i = 0; z < m; z++) {
    for (let y = 0; y < m; y++) {
      for (let x = 0; x < m; x++, i++) {
        const k = Math.sqrt((x - n) ** 2 + (y - n) ** 2 + (z - n) ** 2) / 2;
        if (k <= maxRadius) out[i] = 8 * shellValue(power, k);
      }
    }
  }
  return out;
}

/**
 * Wiener's estimate numerator/(denominator + 1/prior) at each frequency, then back to real space and masked.
 *
 * Feed `sums` [(2n+2)³, 3] from `addSlices`; output `volume` [n, n, n].
 *
 * @param prior from `tablePrior`
 */
export function wienerProgram(n: number, prior: Float32Array, mask: Float32Array): Program {
  const m = 2 * n + 2, rows = m ** 3;
  const sums = input("sums", [rows, 3]);
  // Slices fill one half of the table; frequency -f holds the conjugate. The last plane of each axis has no partner and stays empty.
  const partner = new Int32Array(rows), kept = new Float32Array(rows);
  for (let z = 0, i = 0; z < m; z++) {
    for (let y = 0; y < m; y++) {
      for (let x = 0; x < m; x++, i++) {
        const paired = z <= 2 * n && y <= 2 * n && x <= 2 * n;
        partner[i] = paired ? ((2 * n - z) * m + (2 * n - y)) * m + (2 * n - x) : i;
        kept[i] = paired && prior[i]! > 0 ? 1 : 0;
      }
    }
  }
  const opposite = constant(partner, [rows], "int32");
  const channel = (c: number): Tensor => op.slice(sums, 1, c, c + 1);
  const re = op.add(channel(0), op.gather(channel(0), opposite));
  const im = op.sub(channel(1), op.gather(channel(1), opposite));
  const denominator = op.add(op.add(channel(2), op.gather(channel(2), opposite)), constant(prior.map((p) => (p > 0 ? 1 / p : 1)), [rows, 1]));
  const factor = op.div(constant(kept, [rows, 1]), denominator);
  const transform = op.reshape(op.concat([op.mul(re, factor), op.mul(im, factor)], 0), [2, m, m, m]);
  // The inverse transform and the gridding correction are the adjoint of `fourierTable`.
  const v = input("v", [n, n, n]);
  const [back] = gradient(op.sum(op.mul(transform, fourierTable(v))), [v]);
  return { name: "wiener", state: {}, feeds: { sums }, outputs: { volume: op.mul(back!, constant(mask.map((w) => w / (2 * n) ** 3), [n, n, n])) } };
}
