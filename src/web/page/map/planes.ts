/** Planes of voxels across the axes of a map. Places along an axis are in Å from the box centre, floor(n/2). */
import type { Volume } from "../../../base/types.ts";
import type { MapLevels } from "../../../charts/mapLevels.ts";
import type { Axis } from "../address.ts";

/**
 * What runs to the right and what upwards where one looks at a slice: from above at that across z, from the front
 * (small y) at that across y, from the right at that across x. `towardsViewer` is where the viewer is on the axis, so
 * that right, up and it are a right-handed frame.
 */
export const acrossAxis = {
  x: { right: "y", up: "z", towardsViewer: 1 },
  y: { right: "x", up: "z", towardsViewer: -1 },
  z: { right: "x", up: "y", towardsViewer: 1 },
} as const satisfies Record<Axis, { right: Axis; up: Axis; towardsViewer: 1 | -1 }>;

/** Voxels along an axis. */
export const voxelsAlong = ({ shape }: Pick<Volume, "shape">, axis: Axis): number => shape[{ z: 0, y: 1, x: 2 }[axis]]!;

type Grid = Pick<Volume, "shape" | "pixelSizeAngstrom">;

/** Å from the box centre of a voxel, which may lie between two. */
export const placeOfVoxel = (map: Grid, axis: Axis, voxel: number): number =>
  (voxel - Math.floor(voxelsAlong(map, axis) / 2)) * map.pixelSizeAngstrom;

/** The voxel nearest to a place in Å, at most the last on either side. */
export function voxelAt(map: Grid, axis: Axis, placeAngstrom: number): number {
  const n = voxelsAlong(map, axis),
    voxel = Math.round(placeAngstrom / map.pixelSizeAngstrom) + Math.floor(n / 2);
  return Math.min(n - 1, Math.max(0, voxel));
}

/** Values row by row from the top, as one looks at them. */
export interface Plane {
  width: number;
  height: number;
  values: Float32Array;
}

/** The voxels of a map whose place along `axis` is `voxel`, seen as {@link acrossAxis} has it. */
export function planeOf(map: Volume, axis: Axis, voxel: number): Plane {
  const [, ny, nx] = map.shape,
    stride = { x: 1, y: nx, z: nx * ny };
  const { right, up } = acrossAxis[axis],
    width = voxelsAlong(map, right),
    height = voxelsAlong(map, up),
    values = new Float32Array(width * height);
  for (let row = 0, i = 0; row < height; row++) {
    const start = voxel * stride[axis] + (height - 1 - row) * stride[up];
    for (let column = 0; column < width; column++) values[i++] = map.data[start + column * stride[right]]!;
  }
  return { width, height, values };
}

/**
 * How far grey reaches on either side of the mean, in sigma: one scale for all slices of a map, wide enough that it
 * ends well above the level that parts particle and solvent, narrow enough that solvent is not all one grey.
 */
export const greyReachSigma = ({ defaultLevelSigma, highestLevelSigma }: MapLevels): number =>
  Math.max(1, Math.min(highestLevelSigma, 3 * defaultLevelSigma));

/** Densities of black and white; the mean is the grey halfway. */
export function greyRange(statistics: MapLevels): readonly [number, number] {
  const { mean, sigma } = statistics,
    reach = greyReachSigma(statistics) * (sigma || 1);
  return [mean - reach, mean + reach];
}
