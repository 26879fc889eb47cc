import { halfSpectrum, inThree, inverseOfHalf, scale, type Three } from "./halfSpectrum.ts";

/**
 * The same field of view on n points along each axis: the Fourier transform cropped, or padded with zeros, and
 * inverted. Coefficients at and beyond the old or the new Nyquist frequency are dropped. Values are scaled by (old n /
 * new n)^rank, as the transform is left as it is.
 *
 * @param data  square image or cubic volume about point floor(edge/2), row-major
 * @param shape [edge, edge] or [edge, edge, edge]
 * @param n     new edge
 * @param gain  factor of the coefficients at a radius in Fourier pixels; absent: 1
 * @param out   what it is written to
 * @returns [n, n] or [n, n, n]
 */
export function fourierCrop<T extends Float32Array | Float64Array = Float64Array>(
  data: ArrayLike<number>,
  shape: readonly [number, number] | readonly [number, number, number],
  n: number,
  gain?: (radius: number) => number,
  out = new Float64Array(n ** shape.length) as T,
): T {
  const from = inThree(shape),
    to = inThree(shape.map(() => n)),
    reach = from.map((edge, axis) => Math.ceil(Math.min(edge, to[axis]!) / 2) - 1) as unknown as Three;
  const half = halfSpectrum(data, from, reach);
  if (gain) scale(half, gain);
  return inverseOfHalf(half, to, out);
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
  return { n, data: fourierCrop(volume.data, [m, m, m], n, gain, new Float32Array(n ** 3)) };
}
