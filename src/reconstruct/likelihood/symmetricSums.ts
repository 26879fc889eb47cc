/**
 * Sums on the Fourier table of a molecule with symmetry. Rotations that take its axes to axes lead voxels to voxels,
 * and need not be gone through for each slice: once all slices are in, what stands at a voxel is put to what stands at
 * those it is led to.
 */
import type { Matrix3 } from "../../physics/rotations.ts";

/**
 * Gives every voxel within shell n/2 what stands at all voxels that the rotations lead it to, in place: after
 * `addSlices` over the `others` of a group (`splitGroup`) the sums are those of the whole group.
 *
 * @param values of `TableSums` of a map of edge n
 */
export function symmetriseSums(values: Float32Array, n: number, onAxes: readonly Matrix3[]): void {
  if (onAxes.length < 2) return;
  foldPlane(values, n);
  const rotations = onAxes.map((rotation) => Int32Array.from(rotation, (v) => Math.round(v))),
    m = 2 * n + 2,
    order = rotations.length;
  /** Places of the voxels that one is led to, and whether its complex conjugate stands there. */
  const places = new Int32Array(order),
    conjugate = new Uint8Array(order);
  /** @returns whether it is the first of those it is led to; of one that is not the rest is not told */
  const lead = (x: number, y: number, z: number): boolean => {
    const at = 3 * ((z * m + y + n) * m + x + n);
    for (let h = 0; h < order; h++) {
      const r = rotations[h]!,
        kz = r[6]! * x + r[7]! * y + r[8]! * z,
        sign = kz < 0 ? -1 : 1,
        kx = sign * (r[0]! * x + r[1]! * y + r[2]! * z),
        ky = sign * (r[3]! * x + r[4]! * y + r[5]! * z),
        place = 3 * ((sign * kz * m + ky + n) * m + kx + n);
      if (place < at) return false;
      places[h] = place;
      conjugate[h] = sign < 0 ? 1 : 0;
    }
    return true;
  };
  // In the plane kz = 0 a half of a frequency's sums stands at f and the other at -f.
  const inPlane = 3 * m * m;
  for (let z = 0; z <= n; z++)
    for (let y = -n; y <= n; y++) {
      const apart = n * n - y * y - z * z;
      if (apart < 0) continue;
      const reach = Math.floor(Math.sqrt(apart));
      for (let x = -reach; x <= reach; x++) {
        if (!lead(x, y, z)) continue;
        let [re, im, weight] = [0, 0, 0];
        for (let h = 0; h < order; h++) {
          const from = places[h]!,
            times = from < inPlane ? 2 : 1;
          re += times * values[from]!;
          im += (conjugate[h] === 1 ? -times : times) * values[from + 1]!;
          weight += times * values[from + 2]!;
        }
        for (let h = 0; h < order; h++) {
          const to = places[h]!,
            share = to < inPlane ? 0.5 : 1;
          values[to] = share * re;
          values[to + 1] = (conjugate[h] === 1 ? -share : share) * im;
          values[to + 2] = share * weight;
        }
      }
    }
}

/** In the plane kz = 0 what belongs to f may stand at -f, its complex conjugate: each gets a half of both. */
function foldPlane(values: Float32Array, n: number): void {
  const m = 2 * n + 2,
    origin = 3 * (n * m + n);
  for (let y = -n; y <= 0; y++)
    for (let x = -n; x <= n; x++) {
      const away = 3 * (y * m + x);
      if (away > 0) continue;
      const [at, opposite] = [origin + away, origin - away];
      const re = (values[at]! + values[opposite]!) / 2,
        im = (values[at + 1]! - values[opposite + 1]!) / 2,
        weight = (values[at + 2]! + values[opposite + 2]!) / 2;
      values[at] = values[opposite] = re;
      values[at + 1] = im;
      values[opposite + 1] = -im;
      values[at + 2] = values[opposite + 2] = weight;
    }
}
