import { centeredInverse, centeredTransform } from "./fft.ts";

/** Samples of a field of view on a cubic grid of n³ points about point floor(n/2). */
export interface CubicGrid {
  n: number;
  data: Float32Array;
}

/**
 * The same field of view on n³ points, by padding or cropping the Fourier transform; values are scaled by (old n / new
 * n)³.
 */
export function changeBox(volume: CubicGrid, n: number): CubicGrid {
  const m = volume.n;
  if (n === m) return volume;
  const { re, im } = centeredTransform(volume.data, [m, m, m]);
  const outRe = new Float64Array(n ** 3),
    outIm = new Float64Array(n ** 3);
  const reach = Math.ceil(Math.min(n, m) / 2) - 1;
  const row = (z: number, y: number, x: number, edge: number): number =>
    (((z + edge) % edge) * edge + ((y + edge) % edge)) * edge + ((x + edge) % edge);
  for (let z = -reach; z <= reach; z++) {
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) {
        outRe[row(z, y, x, n)] = re[row(z, y, x, m)]!;
        outIm[row(z, y, x, n)] = im[row(z, y, x, m)]!;
      }
    }
  }
  return { n, data: Float32Array.from(centeredInverse(outRe, outIm, [n, n, n])) };
}
