import type { Volume } from "../../../base/types.ts";

/**
 * Every `step`-th voxel along each axis, from the first on. Values are as they are, so that a level means the same.
 *
 * @returns shape [ceil(nz / step), ceil(ny / step), ceil(nx / step)], voxels `step` times as wide
 */
export function thinned({ data, shape, pixelSizeAngstrom, originAngstrom }: Volume, step: number): Volume {
  const [nz, ny, nx] = shape,
    [mz, my, mx] = shape.map((n) => Math.ceil(n / step)) as [number, number, number];
  const kept = new Float32Array(mx * my * mz);
  for (let z = 0, i = 0; z < nz; z += step)
    for (let y = 0; y < ny; y += step)
      for (let x = 0, row = (z * ny + y) * nx; x < nx; x += step) kept[i++] = data[row + x]!;
  return { data: kept, shape: [mz, my, mx], pixelSizeAngstrom: pixelSizeAngstrom * step, originAngstrom };
}
