/** Directions spread over the sphere, and those of them that a point group leaves different. */
import type { Matrix3 } from "./rotations.ts";

export type Direction = readonly [number, number, number];

export const apply = (m: Matrix3, [x, y, z]: Direction): Direction => [
  m[0]! * x + m[1]! * y + m[2]! * z,
  m[3]! * x + m[4]! * y + m[5]! * z,
  m[6]! * x + m[7]! * y + m[8]! * z,
];

/** Direction of projection of a pose. */
export const directionOf = (pose: ArrayLike<number>): Direction => [pose[6]!, pose[7]!, pose[8]!];

/**
 * Directions about evenly over the whole sphere: a Fibonacci lattice, turned as asked.
 *
 * @param spacing about the angle between neighbours, radians
 */
export function evenDirections(spacing: number, turn: Matrix3): Direction[] {
  const total = Math.ceil((4 * Math.PI) / spacing ** 2);
  return Array.from({ length: total }, (_, i) => {
    const height = 1 - (2 * i + 1) / total,
      angle = i * Math.PI * (3 - Math.sqrt(5)),
      radius = Math.sqrt(1 - height * height);
    return apply(turn, [radius * Math.cos(angle), radius * Math.sin(angle), height]);
  });
}

/** Middle of the asymmetric unit. Generic: on no symmetry axis or mirror plane. */
const centre: Direction = [0.3219, 0.1957, 0.9263];

/**
 * Cosine of the angle to the middle of the asymmetric unit: of equivalent directions, the one of highest value lies in
 * the unit.
 */
export const closenessToUnit = ([x, y, z]: Direction): number => x * centre[0] + y * centre[1] + z * centre[2];

/** Whether a direction lies in the asymmetric unit, where a direction and its opposite count as one. */
export function isInUnit(direction: Direction, group: readonly Matrix3[]): boolean {
  const own = closenessToUnit(direction);
  return own >= 0 && group.every((g) => Math.abs(closenessToUnit(apply(g, direction))) <= own + 1e-9);
}
