/** Whether independent starts came to one shape. */
import type { Volume } from "../../base/types.ts";
import { alignToReference } from "../../evaluate/align.ts";
import { angularCorrelation } from "../../evaluate/angular.ts";
import { changeBox } from "../../numeric/fourierCrop.ts";
import type { StageVolume } from "../stage.ts";

/** Coarser shells tell a molecule's size and hardly its shape. */
const firstShell = 3;

/**
 * Mean correlation of the density of each other start with that of the best one, put onto it (rotation, shift and
 * hand), over the shells that both hold; rotational averages are left out, as any two balls agree in them.
 */
export const startAgreement = (best: StageVolume, others: readonly StageVolume[]): number[] =>
  others.map((other) => {
    const n = Math.min(best.n, other.n),
      { map, reference } = alignToReference(mapOf(other, n), mapOf(best, n));
    const shells = angularCorrelation(map, reference).slice(firstShell - 1, n / 2 - 1);
    return shells.reduce((sum, v) => sum + v, 0) / Math.max(1, shells.length);
  });

function mapOf({ n, data }: StageVolume, to: number): Volume {
  const grid = changeBox({ n, data }, to);
  return { data: grid.data, shape: [to, to, to], pixelSizeAngstrom: 1, originAngstrom: [0, 0, 0] };
}
