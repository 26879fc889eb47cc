/** Averaging a volume over a point group. */
import * as op from "../tensor/ops.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import { fourierTable, padding } from "./project.ts";
import type { Matrix3 } from "./rotations.ts";
import { splitGroup } from "./symmetry.ts";

/** Of a rotation that takes axes to axes: for each of the source, x, y, z, the axis that it lies on, and its sign. */
const axesOf = (g: Matrix3): { axis: number; sign: number }[] =>
  [0, 1, 2].map((i) => {
    const row = Array.from(g.slice(3 * i, 3 * i + 3), Math.round),
      axis = row.findIndex((v) => v !== 0);
    return { axis, sign: row[axis]! };
  });

/** A volume mirrored along an axis of its array about voxel n/2; the first plane has no opposite and stays. */
function flipped(volume: Tensor, axis: 0 | 1 | 2): Tensor {
  const n = volume.shape[0]!,
    opposite = constant(
      Array.from({ length: n }, (_, i) => (n - i) % n),
      [n],
      "int32",
    );
  if (axis === 2) return op.reshape(op.gatherColumns(op.reshape(volume, [n * n, n]), opposite), [n, n, n]);
  if (axis === 1) return op.transpose(flipped(op.transpose(volume, [1, 0, 2]), 0), [1, 0, 2]);
  return op.reshape(op.gather(op.reshape(volume, [n, n * n]), opposite), [n, n, n]);
}

/** V(g·r) at every voxel r, for a rotation that takes axes to axes. */
function turned(volume: Tensor, axes: readonly { axis: number; sign: number }[]): Tensor {
  const order: number[] = [];
  axes.forEach(({ axis }, source) => (order[2 - axis] = 2 - source)); // arrays are z, y, x
  return axes.reduce(
    (sofar, { axis, sign }) => (sign < 0 ? flipped(sofar, (2 - axis) as 0 | 1 | 2) : sofar),
    op.transpose(volume, order),
  );
}

/**
 * The mean of a volume over the rotations of a point group. That over the rotations that take axes to axes is exact (of
 * C2, C4, D2, D4 and O all do, of I, turned to I2, the twelve of T); then that of what is left is made in Fourier
 * space, from the same interpolated samples that projections are made from, frequencies beyond the Nyquist sphere
 * dropped.
 *
 * @param volume [n, n, n], n even, centred at voxel n/2
 * @param group  all rotations of the group, the identity first; a group of one leaves the volume as it is
 * @returns [n, n, n]
 */
export function symmetrise(volume: Tensor, group: readonly Matrix3[]): Tensor {
  const { onAxes, others } = splitGroup(group),
    turns = onAxes.map((g) => turned(volume, axesOf(g))),
    exact = turns.length > 1 ? op.mul(turns.reduce(op.add), 1 / turns.length) : volume;
  // V(h·r·x), meant over h, is the exact mean at r·x.
  return others.length > 1 ? meanInFourierSpace(exact, others) : exact;
}

/** The mean of V(g·x) over rotations g. */
function meanInFourierSpace(volume: Tensor, rotations: readonly Matrix3[]): Tensor {
  const n = volume.shape[0]!;
  const table = fourierTable(volume);
  const lattice: number[] = [],
    points: number[] = [];
  for (let z = -n / 2; z < n / 2; z++) {
    for (let y = -n / 2; y < n / 2; y++) {
      for (let x = -n / 2; x < n / 2; x++) if (Math.hypot(x, y, z) < n / 2) lattice.push(x, y, z);
    }
  }
  const count = lattice.length / 3;
  for (const g of rotations) {
    for (let i = 0; i < lattice.length; i += 3) {
      for (const row of [0, 3, 6])
        points.push(
          n + padding * (g[row]! * lattice[i]! + g[row + 1]! * lattice[i + 1]! + g[row + 2]! * lattice[i + 2]!),
        );
    }
  }
  const samples = op.trilinear(table, constant(points, [rotations.length, count, 3]));
  const transform = op.mean(samples, [1]); // [2, count]

  // Back to real space, an axis at a time, from the samples put onto the whole lattice.
  // frequencies outside the sphere take the row of zeros behind the samples
  const place = new Int32Array(n ** 3).fill(count);
  for (let i = 0; i < count; i++)
    place[((lattice[3 * i + 2]! + n / 2) * n + lattice[3 * i + 1]! + n / 2) * n + lattice[3 * i]! + n / 2] = i;
  const rows = op.gather(op.pad(op.transpose(transform, [1, 0]), 0, 0, 1), constant(place, [n ** 3], "int32"));
  const cosine = new Float32Array(n * n),
    sine = new Float32Array(n * n);
  for (let x = 0; x < n; x++) {
    for (let k = 0; k < n; k++) {
      const angle = (2 * Math.PI * (x - n / 2) * (k - n / 2)) / n;
      cosine[x * n + k] = Math.cos(angle) / n;
      sine[x * n + k] = Math.sin(angle) / n;
    }
  }
  const c = constant(cosine, [n, n]),
    s = constant(sine, [n, n]);
  let re = op.reshape(op.slice(rows, 1, 0, 1), [n, n * n]),
    im = op.reshape(op.slice(rows, 1, 1, 2), [n, n * n]);
  // Multiplies by e^(+2πikx/n) along the first axis, then turns the axes round; three times brings them back.
  for (let axis = 0; axis < 3; axis++) {
    const turned = (t: Tensor): Tensor => op.reshape(op.transpose(t, [1, 0]), [n, n * n]);
    [re, im] = [turned(op.sub(op.matmul(c, re), op.matmul(s, im))), turned(op.add(op.matmul(c, im), op.matmul(s, re)))];
  }
  return op.reshape(re, [n, n, n]);
}
