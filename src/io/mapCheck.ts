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
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    return `holds what is no number: voxel ${voxelName(wrong, shape)} is ${data[wrong]}; make the map anew`;
  if (!mayBeConstant && data.every((value) => value === data[0])) return `is empty: all voxels are ${data[0]}`;
  return undefined;
}

/** "3, 4, 5 (x, y, z)" of the voxel at this place in the data; counted from 0. */
export function voxelName(place: number, [, ny, nx]: Volume["shape"]): string {
  return `${place % nx}, ${Math.floor(place / nx) % ny}, ${Math.floor(place / (nx * ny))} (x, y, z)`;
}
