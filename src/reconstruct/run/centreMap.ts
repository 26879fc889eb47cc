/** Moves a map that was found off the middle of the box there, so that the mask about the middle cuts it fairly. */
import type { Checkpoint } from "../folder/checkpoint.ts";
import { centreOfMass, movedToMiddle, type Place } from "../measure/centreOfMass.ts";
import type { ImageContext } from "../stage.ts";
import { stageMask } from "../stageMask.ts";
import { searchesShifts } from "./shiftLaw.ts";

/** Of a voxel; nearer is in the middle. */
const near = 1 / 10;

/**
 * The state with its density's centre of mass in the middle of the box, along the axes that the point group leaves free,
 * and the particles' shifts with it. Not where poses are not known, where particles count as centred, or where the frame
 * is the user's, by a start or a mask of theirs.
 *
 * @param radius of the stage that the state goes into, or comes out of
 */
export function withMapCentred(
  state: Checkpoint,
  radius: number,
  {
    group,
    mask,
    maskRadius,
    boxAngstrom,
    positivity,
    shiftSigma,
  }: Pick<ImageContext, "group" | "mask" | "maskRadius" | "boxAngstrom" | "positivity"> & { shiftSigma: number },
): Checkpoint {
  const { volume, poses, shifts, schedule } = state;
  if (!volume || !poses || !shifts || mask || schedule.given || !searchesShifts(radius, shiftSigma)) return state;
  const { n } = volume,
    place = centreOfMass({ n, data: volume.unmasked }, maskRadius, group);
  if (Math.hypot(...place) * n < near) return state;
  const unmasked = movedToMiddle({ n, data: volume.unmasked }, place),
    inside = stageMask(n, { maskRadius, boxAngstrom }),
    data = unmasked.map((value, i) => inside[i]! * (positivity ? Math.max(0, value) : value));
  return { ...state, volume: { n, data, unmasked }, shifts: shiftsOfMoved(shifts, poses, place) };
}

/**
 * Where particles lie whose density was moved from `place` to the middle: the projection of that is added to their
 * shifts. @param shifts [2, count], `poses` [count, 3, 3]
 */
function shiftsOfMoved(shifts: Float32Array, poses: Float32Array, place: Place): Float32Array {
  const count = shifts.length / 2;
  return shifts.map((shift, i) => {
    const row = 9 * (i % count) + 3 * Math.floor(i / count);
    return shift + poses[row]! * place[0] + poses[row + 1]! * place[1] + poses[row + 2]! * place[2];
  });
}
