import type { Volume } from "../base/types.ts";
import type { GrayImage } from "../io/grayImage.ts";

export type Axis = "x" | "y" | "z";

/** Plane of the image seen along each axis: horizontal and vertical volume axis. */
const planes = { z: ["x", "y"], y: ["x", "z"], x: ["y", "z"] } as const;

/** How a picture along an axis is laid out: its edges, how deep the volume is, and where a voxel of it stands. */
export function geometry({ shape: [nz, ny, nx] }: Volume, along: Axis) {
  const size = { x: nx, y: ny, z: nz };
  const stride = { x: 1, y: nx, z: nx * ny };
  const [horizontal, vertical] = planes[along];
  return {
    width: size[horizontal],
    height: size[vertical],
    depth: size[along],
    index: (column: number, row: number, layer: number) =>
      column * stride[horizontal] + row * stride[vertical] + layer * stride[along],
  };
}

/**
 * The slice through the centre voxel floor(n/2), perpendicular to `along`. Columns run along x (or y), rows along y (or
 * z).
 */
export function centralSlice(volume: Volume, along: Axis): GrayImage {
  const { width, height, depth, index } = geometry(volume, along);
  const pixels = new Float32Array(width * height);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      pixels[row * width + column] = volume.data[index(column, row, Math.floor(depth / 2))]!;
  return { width, height, pixels };
}

/** The sum of all slices perpendicular to `along`, laid out as `centralSlice` lays them out. */
export function axisProjection(volume: Volume, along: Axis): GrayImage {
  const { width, height, depth, index } = geometry(volume, along);
  const pixels = new Float32Array(width * height);
  for (let layer = 0; layer < depth; layer++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        pixels[row * width + column] = pixels[row * width + column]! + volume.data[index(column, row, layer)]!;
  return { width, height, pixels };
}
