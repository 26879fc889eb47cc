/** Grids of views: poses that fill the asymmetric unit of a point group about evenly. */
import { evenDirections, isInUnit } from "./directions.ts";
import type { Matrix3 } from "./rotations.ts";
import { poseAlong } from "./viewing.ts";

/**
 * Viewing directions that fill the asymmetric unit of a point group about evenly: those of a Fibonacci lattice over the
 * whole sphere, turned as asked, that lie in the unit. Directions d and -d count as one, because every template is
 * taken with its mirror image.
 *
 * @param spacing angle between neighbours, radians
 * @param turn    orientation of the lattice; its points change, the unit does not
 * @returns poses with psi = 0, at least one
 */
export function viewGrid(spacing: number, group: readonly Matrix3[], turn: Matrix3): Matrix3[] {
  const inUnit = evenDirections(spacing, turn).filter((direction) => isInUnit(direction, group));
  // A coarse lattice may miss a small unit.
  return inUnit.length > 0 ? inUnit.map((direction) => poseAlong(direction, 0)) : viewGrid(spacing / 2, group, turn);
}

/** Angle between neighbouring views at radius R is 96°/R: half the width that a feature of that size moves by. */
export const viewSpacing = (maxRadius: number): number => (96 / maxRadius) * (Math.PI / 180);

/** Room for any turn's `viewGrid`: their number varies by the points that fall on the unit's border. */
export function viewCapacity(spacing: number, group: readonly Matrix3[]): number {
  const expected = (2 * Math.PI) / spacing ** 2 / group.length;
  return Math.ceil(expected + 3 * Math.sqrt(expected) + 2);
}

/** Rotations as programs take them, [views, 3, 3]. */
export const flatten = (rotations: readonly Matrix3[]): Float32Array =>
  Float32Array.from(rotations.flatMap((r) => [...r]));

/** The same for a program with room for more, [capacity, 3, 3]: the last is repeated. */
export const flattenInto = (capacity: number, rotations: readonly Matrix3[]): Float32Array =>
  flatten(Array.from({ length: capacity }, (_, i) => rotations[Math.min(i, rotations.length - 1)]!));

/** Log prior of the places in such a program that hold no view. */
export const absentView = -1e4;
