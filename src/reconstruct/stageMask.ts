import { maskOnGrid } from "../io/maskFile.ts";
import type { StageContext } from "./stage.ts";

/**
 * Soft sphere about voxel floor(n/2): 1 inside `radius` - edge/2, 0 beyond `radius` + edge/2, a cosine between; lengths
 * in voxels.
 */
export function sphericalMask(n: number, radius: number, edge: number): Float32Array {
  const out = new Float32Array(n ** 3);
  const centre = Math.floor(n / 2);
  for (let z = 0, i = 0; z < n; z++) {
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++, i++) {
        const t = (Math.hypot(x - centre, y - centre, z - centre) - radius) / edge + 0.5;
        out[i] = t <= 0 ? 1 : t >= 1 ? 0 : 0.5 + 0.5 * Math.cos(Math.PI * t);
      }
    }
  }
  return out;
}

/** Where a stage in a box of n³ voxels allows density: inside the mask that was given, else inside a sphere. */
export function stageMask(
  n: number,
  { mask, maskRadius, boxAngstrom }: Pick<StageContext, "mask" | "maskRadius" | "boxAngstrom">,
): Float32Array {
  return mask ? maskOnGrid(mask, n, boxAngstrom / n) : sphericalMask(n, maskRadius * n, Math.max(2, n / 8));
}
