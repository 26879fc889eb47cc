/** A map's surface as a picture, lit from the upper left: what a report can show of it without a graphics card. */
import type { Volume } from "../base/types.ts";
import type { GrayImage } from "../io/grayImage.ts";
import { type Axis, geometry } from "./volumeImages.ts";

/** Whether the axis runs away from the eye, so that right, down and away are a right-handed frame, or against it. */
const awayFromEye = { z: 1, y: -1, x: 1 } as const;

/** In the frame of the picture: from above, from the left, and from the eye. Of unit length. */
const light = [-0.45, -0.55, -0.704] as const;
const ambient = 0.25,
  /** Of the brightness of what is nearest, that of what is farthest. */
  farthest = 0.45;

/**
 * Orthographic view of the surface where a map rises to `level`, laid out as `centralSlice` and `axisProjection` lay
 * out theirs, seen from the side that shows the hand of the map as it is. Lambert's shading, darker with depth.
 *
 * @param pixelsPerVoxel how finely it is drawn; between voxels the map is interpolated linearly
 * @returns brightness 0 to 1; 0 where no ray meets the surface
 */
export function surfaceImage(volume: Volume, along: Axis, level: number, pixelsPerVoxel = 1): GrayImage {
  const { size, at } = seenAlong(volume, along),
    [columns, rows, depth] = size,
    width = Math.round(columns * pixelsPerVoxel),
    height = Math.round(rows * pixelsPerVoxel);
  const pixels = new Float32Array(width * height);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const [x, y] = [(column + 0.5) / pixelsPerVoxel - 0.5, (row + 0.5) / pixelsPerVoxel - 0.5],
        t = firstCrossing((layer) => at(x, y, layer), depth, level);
      if (t === undefined) continue;
      const rise = [
        at(x + 1, y, t) - at(x - 1, y, t),
        at(x, y + 1, t) - at(x, y - 1, t),
        at(x, y, t + 1) - at(x, y, t - 1),
      ] as const;
      // The surface looks where the map falls.
      const towards = -(light[0] * rise[0] + light[1] * rise[1] + light[2] * rise[2]) / (Math.hypot(...rise) || 1);
      pixels[row * width + column] =
        (ambient + (1 - ambient) * Math.max(0, towards)) * (1 - ((1 - farthest) * t) / depth);
    }
  return { width, height, pixels };
}

/** Where a ray first rises to the level, in layers: between two of them linearly. */
function firstCrossing(value: (layer: number) => number, depth: number, level: number): number | undefined {
  let before = value(0);
  if (before >= level) return 0;
  for (let layer = 1; layer < depth; layer++) {
    const here = value(layer);
    if (here >= level) return layer - (here - level) / (here - before);
    before = here;
  }
  return undefined;
}

const within = (place: number, size: number): number => Math.min(size - 1, Math.max(0, place));

/**
 * A volume in the frame of its picture: how large it is to the right, down and away, and its value there in voxels,
 * trilinear; beyond the volume its edge goes on.
 */
function seenAlong(
  volume: Volume,
  along: Axis,
): { size: readonly [number, number, number]; at: (right: number, down: number, away: number) => number } {
  const { width: columns, height: rows, depth, index } = geometry(volume, along),
    { data } = volume,
    sign = awayFromEye[along],
    [toRight, toDown, toAway] = [index(1, 0, 0), index(0, 1, 0), sign * index(0, 0, 1)],
    first = sign < 0 ? index(0, 0, depth - 1) : 0;
  const at = (x: number, y: number, z: number): number => {
    const [cx, cy, cz] = [within(x, columns), within(y, rows), within(z, depth)];
    const x0 = Math.min(columns - 2, Math.floor(cx)),
      y0 = Math.min(rows - 2, Math.floor(cy)),
      z0 = Math.floor(cz),
      [fx, fy, fz] = [cx - x0, cy - y0, cz - z0];
    const i = first + x0 * toRight + y0 * toDown + z0 * toAway,
      near = bilinear(i, fx, fy);
    return fz === 0 ? near : near + fz * (bilinear(i + toAway, fx, fy) - near);
  };
  const bilinear = (i: number, fx: number, fy: number): number => {
    const above = data[i]! + fx * (data[i + toRight]! - data[i]!),
      j = i + toDown,
      below = data[j]! + fx * (data[j + toRight]! - data[j]!);
    return above + fy * (below - above);
  };
  return { size: [columns, rows, depth], at };
}
