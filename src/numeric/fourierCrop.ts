import { centeredInverse, centeredTransform } from "./fft.ts";

/**
 * The same field of view on n points along each axis: the Fourier transform cropped, or padded with zeros, and
 * inverted. Coefficients at and beyond the old or the new Nyquist frequency are dropped. Values are scaled by (old n /
 * new n)^rank, as the transform is left as it is.
 *
 * @param data  square image or cubic volume about point floor(edge/2), row-major
 * @param shape [edge, edge] or [edge, edge, edge]
 * @param n     new edge
 * @param gain  factor of the coefficients at a radius in Fourier pixels; absent: 1
 * @returns [n, n] or [n, n, n]
 */
export function fourierCrop(
  data: ArrayLike<number>,
  shape: readonly [number, number] | readonly [number, number, number],
  n: number,
  gain?: (radius: number) => number,
): Float64Array {
  const m = shape[0],
    to = shape.map(() => n),
    { re, im } = centeredTransform(data, shape);
  const outRe = new Float64Array(n ** shape.length),
    outIm = new Float64Array(n ** shape.length);
  const reach = Math.ceil(Math.min(n, m) / 2) - 1,
    planes = shape.length === 3 ? reach : 0;
  const place = (z: number, y: number, x: number, edge: number): number =>
    (((z + edge) % edge) * edge + ((y + edge) % edge)) * edge + ((x + edge) % edge);
  for (let z = -planes; z <= planes; z++) {
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) {
        const from = place(z, y, x, m),
          into = place(z, y, x, n),
          factor = gain ? gain(Math.hypot(x, y, z)) : 1;
        outRe[into] = factor * re[from]!;
        outIm[into] = factor * im[from]!;
      }
    }
  }
  return centeredInverse(outRe, outIm, to);
}

/** Samples of a field of view on a cubic grid of n³ points about point floor(n/2). */
export interface CubicGrid {
  n: number;
  data: Float32Array;
}

/** `fourierCrop` of a volume. @param finestShell coefficients with round(|k|) beyond it are left out */
export function changeBox(volume: CubicGrid, n: number, finestShell = Infinity): CubicGrid {
  const m = volume.n;
  if (m === n && finestShell >= Math.floor(n / 2)) return volume;
  const gain = finestShell < Infinity ? (radius: number) => (Math.round(radius) <= finestShell ? 1 : 0) : undefined;
  return { n, data: Float32Array.from(fourierCrop(volume.data, [m, m, m], n, gain)) };
}
