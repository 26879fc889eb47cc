/** What a contour encloses. */
import { formatNumber } from "../../../base/format.ts";
import type { Volume } from "../../../base/types.ts";

/**
 * Of protein: 1.35 g/cm³, the density of large ones (Fischer, Polikarpov & Craievich 2004, Protein Sci. 13, 2825),
 * times 0.6022 Da/Å³.
 */
const daltonPerCubicAngstrom = 0.81;

/** Volume of the voxels whose density is above `level`, Å³. */
export function enclosedCubicAngstrom({ data, pixelSizeAngstrom }: Volume, level: number): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i]! > level) count++;
  return count * pixelSizeAngstrom ** 3;
}

/** "574 nm³, 465 kDa of protein". */
export function enclosedText(cubicAngstrom: number): string {
  const kilodalton = (cubicAngstrom * daltonPerCubicAngstrom) / 1000,
    mass = kilodalton < 1000 ? `${formatNumber(kilodalton)} kDa` : `${formatNumber(kilodalton / 1000)} MDa`;
  return `${formatNumber(cubicAngstrom / 1000)} nm³, ${mass} of protein`;
}
