/**
 * The unknown volume, by coefficients of unit scale: U in a real, orthonormal Fourier basis (cas = cos + sin along each
 * axis), multiplied by the amplitude that the images themselves show at each frequency, √P(|k|), so that one step size
 * of the optimiser fits all. Outside a soft mask, a sphere unless one is given, the density is zero.
 */
import { shellValue } from "../../physics/frequencies.ts";
import type { Matrix3 } from "../../physics/rotations.ts";
import { symmetrise } from "../../physics/symmetrise.ts";
import * as op from "../../tensor/ops.ts";
import { constant, type Tensor } from "../../tensor/tensor.ts";

/** Row k, column x: (cos + sin)(2πkx/n)/√n, both counted from floor(n/2). Symmetric, and its own inverse. */
export function casMatrix(n: number): Float32Array {
  const out = new Float32Array(n * n);
  const centre = Math.floor(n / 2);
  for (let k = 0; k < n; k++) {
    for (let x = 0; x < n; x++) {
      const angle = (2 * Math.PI * (k - centre) * (x - centre)) / n;
      out[k * n + x] = (Math.cos(angle) + Math.sin(angle)) / Math.sqrt(n);
    }
  }
  return out;
}

/** The orthonormal cas transform of [n, n, n] along its three axes; applying it twice gives the argument back. */
export function casTransform(volume: Tensor): Tensor {
  const n = volume.shape[0]!;
  const matrix = constant(casMatrix(n), [n, n]);
  const alongX = op.matmul(op.reshape(volume, [n * n, n]), matrix);
  const alongXY = op.matmul(matrix, op.reshape(alongX, [n, n, n]));
  const all = op.matmul(matrix, op.reshape(alongXY, [n, n * n]));
  return op.reshape(all, [n, n, n]);
}

/** Amplitude √P(|k|) of each coefficient, zero beyond `maxRadius`; [n, n, n]. */
export function coefficientAmplitude(n: number, power: ArrayLike<number>, maxRadius: number): Float32Array {
  const out = new Float32Array(n ** 3);
  const centre = Math.floor(n / 2);
  for (let z = 0, i = 0; z < n; z++) {
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++, i++) {
        const k = Math.hypot(x - centre, y - centre, z - centre);
        if (k <= maxRadius + 0.5) out[i] = Math.sqrt(shellValue(power, k));
      }
    }
  }
  return out;
}

export interface VolumeModel {
  n: number;
  /** √P(|k|), [n, n, n]. */
  amplitude: Float32Array;
  /** Soft mask in real space, [n, n, n]. */
  mask: Float32Array;
  /** Whether negative density is cut off. */
  positive: boolean;
  /** Of each class the rotations of the point group that its density is averaged over. */
  groups: readonly (readonly Matrix3[])[];
  /** Components of a molecule that moves, after its mean; absent: none. They have its group, and either sign. */
  components?: number;
}

/** How many densities there are: of all classes, or the mean and the components. */
export const densitiesOf = ({ groups, components = 0 }: VolumeModel): number => groups.length + components;

/**
 * Density of coefficients U, scaled so that its unnormalised Fourier transform is √P·U.
 *
 * @param u [densities·n, n, n]
 * @returns [densities·n, n, n]
 */
export function density(u: Tensor, model: VolumeModel): Tensor {
  const { n } = model;
  const amplitude = constant(
      model.amplitude.map((a) => a / n ** 1.5),
      [n, n, n],
    ),
    mask = constant(model.mask, [n, n, n]);
  return op.concat(
    Array.from({ length: densitiesOf(model) }, (_, c) => {
      const group = model.groups[c] ?? model.groups[0]!,
        positive = model.positive && c < model.groups.length;
      const scaled = op.mul(op.slice(u, 0, c * n, (c + 1) * n), amplitude),
        everywhere = symmetrise(casTransform(scaled), group);
      return op.mul(positive ? op.maximum(everywhere, 0) : everywhere, mask);
    }),
    0,
  );
}
