/** Shifts of particles as they are being found: [2, count], x then y, in units of the box. */
import { type ShiftLaw, shiftDeviation } from "../../physics/shift.ts";

/**
 * Moves the shift of a particle by Newton's step to the most likely one, under the law that shifts follow.
 *
 * @param p         the particle
 * @param slope     of the log-likelihood along x and y
 * @param curvature negative second derivative along either
 */
export function moveShift(
  shifts: Float32Array,
  p: number,
  slope: readonly [number, number],
  curvature: number,
  law: ShiftLaw,
): void {
  const precision = 1 / shiftDeviation(law) ** 2,
    count = shifts.length / 2;
  slope.forEach((along, axis) => {
    const at = axis * count + p;
    shifts[at]! += (along - shifts[at]! * precision) / (curvature + precision);
  });
}
