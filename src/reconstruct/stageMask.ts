import { maskOnGrid } from "../io/maskFile.ts";
import { sphericalMask } from "../physics/mask.ts";
import type { StageContext } from "./stage.ts";

/**
 * Where a stage in a box of n³ voxels allows the density of a class: inside the mask that was given, else inside a
 * sphere about the molecule.
 */
export function stageMask(
  n: number,
  {
    mask,
    maskRadius,
    maskCentres,
    boxAngstrom,
  }: Pick<StageContext, "mask" | "maskRadius" | "maskCentres" | "boxAngstrom">,
  c = 0,
): Float32Array {
  const [x, y, z] = maskCentres?.[c] ?? [0, 0, 0];
  if (mask) return maskOnGrid(mask, n, boxAngstrom / n);
  return sphericalMask([n, n, n], maskRadius * n, Math.max(2, n / 8), [n * x, n * y, n * z]);
}
