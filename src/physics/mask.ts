/** Soft edges and spheres: the one shape that every mask and filter falls off with. */

/** Raised cosine: 1 up to `distance` 0, falling to 0 at `width`. */
export function cosineEdge(distance: number, width: number): number {
  if (distance <= 0) return 1;
  return distance >= width ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * distance) / width);
}

/**
 * Soft sphere about voxel floor(n/2), or a place from there: 1 up to `radius` - `edge`/2, ½ at `radius`, 0 from
 * `radius` + `edge`/2 on, a raised cosine between.
 *
 * @param shape  voxels along z, y and x
 * @param radius in voxels
 * @param edge   in voxels
 * @param centre x, y, z in voxels
 * @returns [z, y, x]
 */
export function sphericalMask(
  shape: readonly [number, number, number],
  radius: number,
  edge: number,
  centre: readonly [number, number, number] = [0, 0, 0],
): Float32Array {
  const [nz, ny, nx] = shape;
  const out = new Float32Array(nz * ny * nx);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const r = Math.hypot(
          x - Math.floor(nx / 2) - centre[0],
          y - Math.floor(ny / 2) - centre[1],
          z - Math.floor(nz / 2) - centre[2],
        );
        out[i] = cosineEdge((r - radius) / edge + 0.5, 1);
      }
    }
  }
  return out;
}
