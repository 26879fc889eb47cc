/**
 * Where a molecule lies in its box: the mask follows it, and the map that is written has it in the middle. The stages
 * themselves stay in the frame of the images, about whose centres the law of shifts is.
 */
import { volumeOf } from "../classes.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import { centreOfMass } from "../measure/centreOfMass.ts";
import type { ImageContext, Place } from "../stage.ts";

/**
 * The state with the place of the density of each class, along the axes that the point group leaves free. Without one
 * where particles are said to be centred, or the frame is the user's, by a start or a mask of theirs.
 */
export function withPlace(
  state: Checkpoint,
  {
    groups,
    mask,
    maskRadius,
    shiftSigma,
  }: Pick<ImageContext, "groups" | "mask" | "maskRadius"> & { shiftSigma: number },
): Checkpoint {
  const { volume, schedule } = state;
  if (!volume || mask || schedule.given || shiftSigma === 0) return state;
  const { n, unmasked } = volume;
  const places = groups.map((group, c) => centreOfMass(volumeOf({ n, data: unmasked }, c), maskRadius, group));
  return { ...state, places };
}

/**
 * Shifts of particles against the map that has what is at `place` in its middle: the projection of that is added.
 * @param shifts [2, count], `poses` [count, 3, 3]
 */
export function shiftsOfMoved(shifts: Float32Array, poses: Float32Array, place: Place): Float32Array {
  const count = shifts.length / 2;
  return shifts.map((shift, i) => {
    const row = 9 * (i % count) + 3 * Math.floor(i / count);
    return shift + poses[row]! * place[0] + poses[row + 1]! * place[1] + poses[row + 2]! * place[2];
  });
}
