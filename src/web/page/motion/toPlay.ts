import { mapLevels } from "../../../charts/mapLevels.ts";
import type { MapGrid } from "../map/grid.ts";
import { largestEdge } from "./series.ts";

/**
 * A map as it is played: of one in a large box the means of cubes of voxels, the middle one about the middle of the
 * box.
 */
export function toPlay(map: MapGrid): MapGrid {
  const n = map.shape[0];
  if (n <= largestEdge || map.shape.some((edge) => edge !== n)) return map;
  const cube = Math.ceil(n / largestEdge),
    m = Math.floor(n / cube),
    first = Math.max(0, Math.floor(n / 2) - Math.floor(m / 2) * cube - (cube >> 1)),
    data = new Float32Array(m ** 3);
  for (let z = 0; z < m * cube; z++)
    for (let y = 0; y < m * cube; y++) {
      const from = (((first + z) % n) * n + ((first + y) % n)) * n,
        into = (Math.floor(z / cube) * m + Math.floor(y / cube)) * m;
      for (let x = 0; x < m * cube; x++)
        data[into + Math.floor(x / cube)]! += map.data[from + ((first + x) % n)]! / cube ** 3;
    }
  const pixelSizeAngstrom = cube * map.pixelSizeAngstrom;
  return { ...map, data, shape: [m, m, m], pixelSizeAngstrom, statistics: mapLevels(data) };
}
