/** Poses of images against a map that was put elsewhere. */
import { apply } from "../../physics/directions.ts";
import type { Matrix3 } from "../../physics/rotations.ts";
import { multiply, transpose } from "../../physics/rotations.ts";

/** placed(x) = map(Rᵀ(x − shift)), after mirroring in x where `mirrored` (evaluate/align.ts). */
export interface Placement {
  mirrored: boolean;
  rotation: Matrix3;
  /** In units of the box. */
  shift: readonly [number, number, number];
}

/**
 * An image of the map in the pose A, shifted by d, shows the mirrored map in diag(1, 1, −1)·A·diag(−1, 1, 1), which has
 * the same slice, and the placed map in that pose times Rᵀ, shifted by d less the projection of the map's shift.
 *
 * @param found poses [count, 3, 3] and shifts [2, count], in units of the box
 */
export function posesOfPlaced(
  { poses, shifts }: { poses: Float32Array; shifts: Float32Array },
  { mirrored, rotation, shift }: Placement,
): { poses: Float32Array; shifts: Float32Array } {
  const count = poses.length / 9,
    back = transpose(rotation),
    placed = { poses: new Float32Array(poses.length), shifts: shifts.slice() };
  for (let p = 0; p < count; p++) {
    const own = Float64Array.from(poses.subarray(9 * p, 9 * p + 9), (v, i) =>
        mirrored && (i % 3 === 0) !== i >= 6 ? -v : v,
      ),
      pose = multiply(own, back),
      [x, y] = apply(pose, shift);
    placed.poses.set(pose, 9 * p);
    placed.shifts[p]! -= x;
    placed.shifts[count + p]! -= y;
  }
  return placed;
}
