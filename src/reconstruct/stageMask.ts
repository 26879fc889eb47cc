import { maskOnGrid } from "../io/maskFile.ts";
import { sphericalMask } from "../physics/mask.ts";
import type { StageContext } from "./stage.ts";

/** Where a stage in a box of n³ voxels allows density: inside the mask that was given, else inside a sphere. */
export function stageMask(
  n: number,
  { mask, maskRadius, boxAngstrom }: Pick<StageContext, "mask" | "maskRadius" | "boxAngstrom">,
): Float32Array {
  return mask ? maskOnGrid(mask, n, boxAngstrom / n) : sphericalMask([n, n, n], maskRadius * n, Math.max(2, n / 8));
}
