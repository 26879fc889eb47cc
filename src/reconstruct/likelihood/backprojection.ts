/**
 * The maximisation step: the sums of the expectation step go into the volume's Fourier table, and Wiener's estimate
 * makes a density of it.
 */

import { pairOf, pairsOf, partAlong } from "../../critic/motion.ts";
import { templatesOfSlices } from "../../critic/views.ts";
import { type PolarGrid, shellValue } from "../../physics/frequencies.ts";
import { fourierTable } from "../../physics/project.ts";
import { type Matrix3, multiply, transpose } from "../../physics/rotations.ts";
import type { Program } from "../../runtime/program.ts";
import { gradient } from "../../tensor/gradient.ts";
import * as op from "../../tensor/ops.ts";
import { backward, cholesky, forward } from "../../tensor/smallSystems.ts";
import { constant, input, type Tensor } from "../../tensor/tensor.ts";

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

/** Sums on the volume's Fourier table: real part, imaginary part and weight of each of its (2n+2)³ voxels in turn. */
export interface TableSums {
  n: number;
  values: Float32Array;
}

/** How many they are. */
export const sumsSize = (n: number): number => 3 * (2 * n + 2) ** 3;

export const emptySums = (n: number): TableSums => ({ n, values: new Float32Array(sumsSize(n)) });

export interface SliceSums {
  /** [samples, views], from `sampleSumsProgram`. */
  re: Float32Array;
  im: Float32Array;
  /** Σ posterior·CTF², [views, radii]. */
  denominator: Float32Array;
  /** The first of the views that are added; absent: 0. */
  first?: number;
}

/**
 * Adds slices to the table, each at its pose and all the poses equivalent to it: the adjoint of trilinear interpolation
 * (`centralSlices`). A loop and not a tensor program, because scattering is slower there; sample by sample over all
 * views, because neighbouring views then touch the same part of the table while it is in the cache.
 *
 * @param poses of the views from the first on; the others are left out
 */
export function addSlices(
  { n, values }: TableSums,
  { re, im, denominator, first = 0 }: SliceSums,
  poses: readonly Matrix3[],
  group: readonly Matrix3[],
  grid: PolarGrid,
  whitening: Float32Array,
): void {
  const m = 2 * n + 2,
    toY = 3 * m,
    toZ = 3 * m * m,
    radii = grid.radii.length,
    views = re.length / grid.count;
  for (const g of group) {
    const axes = Float64Array.from(poses.flatMap((pose) => [...multiply(pose, transpose(g))].slice(0, 6)));
    for (let s = 0; s < grid.count; s++) {
      const kx = 2 * grid.x[s]!,
        ky = 2 * grid.y[s]!;
      // A sample counts twice in a template's energy: for itself and for its complex conjugate on the other half of the
      // circle.
      const energy = 2 * whitening[s]! ** 2,
        r = s % radii;
      for (let v = 0; v < poses.length; v++) {
        const a = 6 * v,
          j = s * views + first + v;
        const px = kx * axes[a]! + ky * axes[a + 3]! + n,
          py = kx * axes[a + 1]! + ky * axes[a + 4]! + n,
          pz = kx * axes[a + 2]! + ky * axes[a + 5]! + n;
        const ix = px | 0,
          iy = py | 0,
          iz = pz | 0,
          fx = px - ix,
          fy = py - iy,
          fz = pz - iz;
        const sampleRe = re[j]!,
          sampleIm = im[j]!,
          weight = energy * denominator[(first + v) * radii + r]!;
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

/**
 * Expected power at each voxel of the padded table; 0 beyond `maxRadius`. The padded table is eight times finer than
 * the independent frequencies.
 */
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

/** A mask with the scale of the inverse transform in it, for the program below. */
export const wienerMask = (mask: Float32Array, n: number): Float32Array => mask.map((w) => w / (2 * n) ** 3);

/**
 * What slices leave empty: they fill one half of the table, and frequency -f holds the conjugate. The last plane of
 * each axis has no partner and stays empty.
 *
 * @returns the place of -f for each voxel, and whether there is one
 */
function partners(n: number): { partner: Int32Array; paired: Uint8Array } {
  const m = 2 * n + 2,
    partner = new Int32Array(m ** 3),
    paired = new Uint8Array(m ** 3);
  for (let z = 0, i = 0; z < m; z++) {
    for (let y = 0; y < m; y++) {
      for (let x = 0; x < m; x++, i++) {
        paired[i] = z <= 2 * n && y <= 2 * n && x <= 2 * n ? 1 : 0;
        partner[i] = paired[i] ? ((2 * n - z) * m + (2 * n - y)) * m + (2 * n - x) : i;
      }
    }
  }
  return { partner, paired };
}

/** The inverse transform and the gridding correction, the adjoint of `fourierTable`: [2, m, m, m] to [n, n, n]. */
function inverseOfTable(transform: Tensor, n: number): Tensor {
  const v = input("v", [n, n, n]);
  const [back] = gradient(op.sum(op.mul(transform, fourierTable(v))), [v]);
  return back!;
}

/**
 * Wiener's estimate numerator/(denominator + 1/prior) at each frequency, then back to real space and masked.
 *
 * Feeds `sums` [(2n+2)³, 3] from `addSlices` and `mask` [n, n, n] from `wienerMask`; outputs `volume` and, before the
 * mask, `unmasked`, [n, n, n].
 *
 * @param prior from `tablePrior`
 */
export function wienerProgram(n: number, prior: Float32Array): Program {
  const m = 2 * n + 2,
    rows = m ** 3;
  const sums = input("sums", [rows, 3]),
    mask = input("mask", [n, n, n]);
  const { partner, paired } = partners(n),
    kept = Float32Array.from(paired, (has, i) => (has && prior[i]! > 0 ? 1 : 0));
  const opposite = constant(partner, [rows], "int32");
  const channel = (c: number): Tensor => op.slice(sums, 1, c, c + 1);
  const re = op.add(channel(0), op.gather(channel(0), opposite));
  const im = op.sub(channel(1), op.gather(channel(1), opposite));
  const denominator = op.add(
    op.add(channel(2), op.gather(channel(2), opposite)),
    constant(
      prior.map((p) => (p > 0 ? 1 / p : 1)),
      [rows, 1],
    ),
  );
  const factor = op.div(constant(kept, [rows, 1]), denominator);
  const transform = op.reshape(op.concat([op.mul(re, factor), op.mul(im, factor)], 0), [2, m, m, m]);
  const back = inverseOfTable(transform, n);
  return {
    name: "wiener",
    state: {},
    feeds: { sums, mask },
    outputs: {
      volume: op.mul(back, mask),
      unmasked: op.mul(back, 1 / (2 * n) ** 3),
    },
  };
}

/**
 * The same for the mean and the components of a molecule that moves: at each frequency the normal equations
 * Σ_k (A_jk + δ_jk/prior_j)·V_k = b_j, A_jk = Σ ⟨z_j·z_k⟩·CTF² and b_j = Σ ⟨z_j⟩·CTF·F.
 *
 * Feeds `sums` [pairs·(2n+2)³, 3], from `addSlices` for each of `pairsOf` (the weights are those of the pair;
 * numerators count in pairs of a part with itself), `inversePrior` [(1 + components)·(2n+2)³, 1] and `mask`; outputs
 * `volumes` [(1 + components)·n, n, n].
 *
 * @param maxRadius beyond which there is nothing
 */
export function componentsProgram(n: number, components: number, maxRadius: number): Program {
  const m = 2 * n + 2,
    rows = m ** 3,
    parts = 1 + components,
    pairs = pairsOf(components);
  const sums = input("sums", [pairs.length * rows, 3]),
    inversePrior = input("inversePrior", [parts * rows, 1]),
    mask = input("mask", [n, n, n]);
  const { partner, paired } = partners(n),
    inside = tablePrior(n, [1], maxRadius),
    kept = constant(
      Float32Array.from(paired, (has, i) => (has && inside[i]! > 0 ? 1 : 0)),
      [rows, 1],
    ),
    opposite = constant(partner, [rows], "int32");
  const channel = (pair: number, c: number): Tensor => op.slice(partAlong(sums, 0, pair, pairs.length), 1, c, c + 1);
  const both = (of: Tensor): Tensor => op.add(of, op.gather(of, opposite));
  const factor = cholesky(parts, (j, k) => {
    const weight = both(channel(pairOf(pairs, k, j), 2));
    return j === k ? op.add(weight, partAlong(inversePrior, 0, j, parts)) : weight;
  });
  const solve = (c: 0 | 1): Tensor[] =>
    backward(
      factor,
      forward(
        factor,
        Array.from({ length: parts }, (_, j) => {
          const own = channel(pairOf(pairs, j, j), c);
          return c === 0 ? both(own) : op.sub(own, op.gather(own, opposite));
        }),
      ),
    ).map((x) => op.mul(x, kept));
  const re = solve(0),
    im = solve(1);
  const volumes = re.map((x, j) =>
    op.mul(inverseOfTable(op.reshape(op.concat([x, im[j]!], 0), [2, m, m, m]), n), mask),
  );
  return {
    name: "components",
    state: {},
    feeds: { sums, inversePrior, mask },
    outputs: { volumes: op.concat(volumes, 0) },
  };
}
