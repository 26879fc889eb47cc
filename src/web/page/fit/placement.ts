/** Where a model lies on the map that it was fitted to. */
import type { Fitted } from "./fitted.ts";

/** A point y, Å from the centre of what was fitted, comes to R y + shift, Å from the centre of the map's box. */
export interface Placement {
  /** R by rows. */
  rotation: ArrayLike<number>;
  shiftAngstrom: readonly number[];
}

/** The model as it was searched for, on the map in the hand of the run or mirrored. */
export function placementIn(
  { report, modelCentreAngstrom }: Fitted,
  mirrored: boolean,
): { placement: Placement; centreAngstrom: readonly [number, number, number] } {
  const { rotation, shiftAngstrom } = report.alignment!,
    placement = { rotation: rotation.flat(), shiftAngstrom };
  return { placement: mirrored ? mirroredPlacement(placement) : placement, centreAngstrom: modelCentreAngstrom! };
}

/**
 * The same on the mirrored map. A search that mirrors what it moves in x, then turns and shifts it, finds so where it
 * lies unmirrored: with X the mirror, map(x) = f(X Rᵀ (x - s)) gives map(X x) = f((X R X)ᵀ (x - X s)).
 */
const mirroredPlacement = ({ rotation: r, shiftAngstrom: [x, y, z] }: Placement): Placement => ({
  rotation: [r[0]!, -r[1]!, -r[2]!, -r[3]!, r[4]!, r[5]!, -r[6]!, r[7]!, r[8]!],
  shiftAngstrom: [-x!, y!, z!],
});
