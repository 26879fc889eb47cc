/** What a map must be for anything to be computed with it. */

import type { Volume } from "../base/types.ts";
import { isPixelSize, pixelSizeRange } from "./pixelSize.ts";

export interface MapOptions {
  /** Used instead of the size in the header. */
  pixelSizeAngstrom?: number;
  /** The option that gives it, for messages. */
  pixelSizeOption?: string;
  /** A map of one value is good, too: a mask that leaves nothing out. */
  mayBeConstant?: boolean;
}

/** Voxels along each axis; fewer hold no shells to compare. */
const leastEdge = 8;

/** Why nothing can be computed with a map, to complete its name; undefined where it is sound. */
export function mapProblem(
  { data, shape, pixelSizeAngstrom }: Volume,
  { mayBeConstant = false, pixelSizeOption }: MapOptions = {},
): string | undefined {
  const [nz, ny, nx] = shape;
  if (Math.min(nz, ny, nx) < leastEdge)
    return `has ${nx} x ${ny} x ${nz} voxels; at least ${leastEdge} along each axis are needed`;
  if (!(pixelSizeAngstrom > 0))
    return (
      `names no pixel size in its header; ${pixelSizeOption === undefined ? "" : `give it (${pixelSizeOption}), or `}` +
      "write it there (relion_image_handler --force_header_angpix)"
    );
  if (!isPixelSize(pixelSizeAngstrom)) return `has a pixel size of ${pixelSizeAngstrom} Å; ${pixelSizeRange}`;
  const wrong = firstNotFinite(data);
  if (wrong >= 0)
    return `holds what is no number: voxel ${voxelName(wrong, shape)} is ${data[wrong]}; make the map anew`;
  return mayBeConstant ? undefined : rangeProblem(data, "voxels");
}

/** Beyond these the squares of differences leave the range of float32. */
const spreads = [1e-15, 1e15] as const;

/** Why nothing can be computed with these finite values, to complete the name of their file. */
export function rangeProblem(data: Float32Array, what: "voxels" | "pixels"): string | undefined {
  let [low, high] = [Infinity, -Infinity];
  // A loop, as a map may have 10⁹ voxels.
  for (let i = 0; i < data.length; i++) {
    if (data[i]! < low) low = data[i]!;
    if (data[i]! > high) high = data[i]!;
  }
  if (low === high) return `is empty: all ${what} are ${low}`;
  if (high - low < spreads[0] || high - low > spreads[1] || Math.max(-low, high) > spreads[1])
    return `has ${what} from ${low} to ${high}; scale them to about 1 (relion_image_handler --multiply_constant)`;
  return undefined;
}

/** "3, 4, 5 (x, y, z)" of the voxel at this place in the data; counted from 0. */
export function voxelName(place: number, [, ny, nx]: Volume["shape"]): string {
  return `${place % nx}, ${Math.floor(place / nx) % ny}, ${Math.floor(place / (nx * ny))} (x, y, z)`;
}

function firstNotFinite(data: Float32Array): number {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
}
