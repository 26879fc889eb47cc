/** Poses as RELION writes them. */
import type { Poses } from "../base/types.ts";
import { matrixToEuler } from "./rotations.ts";

/**
 * Poses as RELION writes them; its origins are the way back to the centre.
 * @param rotations [count, 3, 3]
 * @param shifts [count, 2], in units of the box
 */
export function relionPoses(rotations: Float32Array, shifts: Float32Array, boxAngstrom: number): Poses {
  const count = rotations.length / 9;
  const angles = Array.from({ length: count }, (_, i) =>
    matrixToEuler(Float64Array.from(rotations.subarray(9 * i, 9 * i + 9))),
  );
  const column = (value: (i: number) => number) => Float64Array.from({ length: count }, (_, i) => value(i));
  return {
    rot: column((i) => angles[i]!.rot),
    tilt: column((i) => angles[i]!.tilt),
    psi: column((i) => angles[i]!.psi),
    originXAngstrom: column((i) => -shifts[2 * i]! * boxAngstrom),
    originYAngstrom: column((i) => -shifts[2 * i + 1]! * boxAngstrom),
  };
}
