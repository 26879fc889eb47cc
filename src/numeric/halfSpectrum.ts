/**
 * Fourier transforms of real images and volumes about point floor(n/2), of low frequencies alone where no others are
 * asked for. Two rows at a time are the real and the imaginary part of one, F = A + iB, so that
 * A(k) = (F(k) + F(-k)*)/2 and B(k) = (F(k) - F(-k)*)/2i (Press et al., "Numerical Recipes", section 12.3);
 * coefficients that nobody asked for are dropped after each axis, and go on to none of the next.
 */
import { transformAxis } from "./fft.ts";

/** Along z, y and x; images have one plane. */
export type Three = readonly [number, number, number];

/** The edges of an image or volume of one to three dimensions. */
export const inThree = (shape: readonly number[]): Three =>
  [...Array<number>(3 - shape.length).fill(1), ...shape] as unknown as Three;

/** Coefficients of real numbers: those of kx < 0 are complex conjugates of the ones opposite. */
export interface HalfSpectrum {
  /** [2 reach z + 1, 2 reach y + 1, reach x + 1]: kz and ky from -reach to reach, kx from 0 */
  re: Float64Array;
  im: Float64Array;
  /** The largest frequencies, in Fourier pixels. */
  reach: Three;
}

/** One whose coefficients are all 0. */
export function emptySpectrum(reach: Three): HalfSpectrum {
  const [reachZ, reachY, reachX] = reach,
    count = (2 * reachZ + 1) * (2 * reachY + 1) * (reachX + 1);
  return { re: new Float64Array(count), im: new Float64Array(count), reach };
}

/** Multiplies coefficients by the gain at their radius, in Fourier pixels. */
export function scale({ re, im, reach: [reachZ, reachY, reachX] }: HalfSpectrum, gain: (radius: number) => number) {
  let i = 0;
  for (let kz = -reachZ; kz <= reachZ; kz++)
    for (let ky = -reachY; ky <= reachY; ky++)
      for (let kx = 0; kx <= reachX; kx++, i++) {
        const factor = gain(Math.sqrt(kx * kx + ky * ky + kz * kz));
        re[i]! *= factor;
        im[i]! *= factor;
      }
}

/** Place of a position or a frequency on a line, counted from its centre. */
const place = (k: number, length: number): number => (k + length) % length;

/**
 * F(k) = sum_x f(x) exp(-2 pi i k (x - floor(n/2)) / length).
 *
 * @param data   real numbers of that shape
 * @param reach  the largest frequencies wanted, at most half of `length`
 * @param length points of the transform; more than `shape`: padded with zeros
 */
export function halfSpectrum(data: ArrayLike<number>, shape: Three, reach: Three, length: Three = shape): HalfSpectrum {
  const [nz, ny, nx] = shape,
    [lengthZ, lengthY, lengthX] = length,
    [reachZ, reachY, reachX] = reach;
  const rows = 2 * reachY + 1,
    columns = reachX + 1,
    middleX = Math.floor(nx / 2);
  const planesRe = new Float64Array(nz * rows * columns),
    planesIm = new Float64Array(nz * rows * columns);
  const pairRe = new Float64Array(Math.ceil(ny / 2) * lengthX),
    pairIm = new Float64Array(pairRe.length),
    planeRe = new Float64Array(lengthY * columns),
    planeIm = new Float64Array(lengthY * columns);
  for (let z = 0; z < nz; z++) {
    for (const part of [pairRe, pairIm, planeRe, planeIm]) part.fill(0);
    for (let y = 0; y < ny; y++) {
      const into = y % 2 === 0 ? pairRe : pairIm,
        from = (z * ny + y) * nx,
        to = Math.floor(y / 2) * lengthX,
        first = to + lengthX - middleX;
      for (let x = 0; x < middleX; x++) into[first + x] = data[from + x]!;
      for (let x = middleX; x < nx; x++) into[to + x - middleX] = data[from + x]!;
    }
    transformAxis(pairRe, pairIm, lengthX, 1);
    for (let y = 0; y < ny; y += 2) {
      const from = (y / 2) * lengthX,
        even = place(y - Math.floor(ny / 2), lengthY) * columns,
        odd = place(y + 1 - Math.floor(ny / 2), lengthY) * columns;
      for (let kx = 0; kx < columns; kx++) {
        const here = from + kx,
          opposite = from + ((lengthX - kx) % lengthX);
        planeRe[even + kx] = (pairRe[here]! + pairRe[opposite]!) / 2;
        planeIm[even + kx] = (pairIm[here]! - pairIm[opposite]!) / 2;
        if (y + 1 === ny) continue;
        planeRe[odd + kx] = (pairIm[here]! + pairIm[opposite]!) / 2;
        planeIm[odd + kx] = (pairRe[opposite]! - pairRe[here]!) / 2;
      }
    }
    transformAxis(planeRe, planeIm, lengthY, columns);
    for (let ky = -reachY; ky <= reachY; ky++) {
      const from = place(ky, lengthY) * columns,
        to = (z * rows + ky + reachY) * columns;
      planesRe.set(planeRe.subarray(from, from + columns), to);
      planesIm.set(planeIm.subarray(from, from + columns), to);
    }
  }
  const spectrum = emptySpectrum(reach),
    { re, im } = spectrum,
    lineRe = new Float64Array(lengthZ * columns),
    lineIm = new Float64Array(lengthZ * columns);
  for (let y = 0; y < rows; y++) {
    lineRe.fill(0);
    lineIm.fill(0);
    for (let z = 0; z < nz; z++) {
      const from = (z * rows + y) * columns,
        to = place(z - Math.floor(nz / 2), lengthZ) * columns;
      lineRe.set(planesRe.subarray(from, from + columns), to);
      lineIm.set(planesIm.subarray(from, from + columns), to);
    }
    transformAxis(lineRe, lineIm, lengthZ, columns);
    for (let kz = -reachZ; kz <= reachZ; kz++) {
      const from = place(kz, lengthZ) * columns,
        to = ((kz + reachZ) * rows + y) * columns;
      re.set(lineRe.subarray(from, from + columns), to);
      im.set(lineIm.subarray(from, from + columns), to);
    }
  }
  return spectrum;
}

/**
 * Inverse of `halfSpectrum`, on any grid that holds its frequencies: those beyond its reach are zero.
 * @param out what it is written to, of that shape
 */
export function inverseOfHalf<T extends Float32Array | Float64Array>(
  { re, im, reach: [reachZ, reachY, reachX] }: HalfSpectrum,
  [nz, ny, nx]: Three,
  out: T,
): T {
  const rows = 2 * reachY + 1,
    columns = reachX + 1,
    middleX = Math.floor(nx / 2),
    scale = 1 / (nz * ny * nx);
  const planesRe = new Float64Array(nz * rows * columns),
    planesIm = new Float64Array(nz * rows * columns),
    lineRe = new Float64Array(nz * columns),
    lineIm = new Float64Array(nz * columns);
  // An inverse transform is the forward one with the real and the imaginary part exchanged.
  for (let y = 0; y < rows; y++) {
    lineRe.fill(0);
    lineIm.fill(0);
    for (let kz = -reachZ; kz <= reachZ; kz++) {
      const from = ((kz + reachZ) * rows + y) * columns,
        to = place(kz, nz) * columns;
      lineRe.set(re.subarray(from, from + columns), to);
      lineIm.set(im.subarray(from, from + columns), to);
    }
    transformAxis(lineIm, lineRe, nz, columns);
    for (let z = 0; z < nz; z++) {
      const from = place(z - Math.floor(nz / 2), nz) * columns,
        to = (z * rows + y) * columns;
      planesRe.set(lineRe.subarray(from, from + columns), to);
      planesIm.set(lineIm.subarray(from, from + columns), to);
    }
  }
  const pairRe = new Float64Array(Math.ceil(ny / 2) * nx),
    pairIm = new Float64Array(pairRe.length),
    planeRe = new Float64Array(ny * columns),
    planeIm = new Float64Array(planeRe.length);
  for (let z = 0; z < nz; z++) {
    for (const part of [pairRe, pairIm, planeRe, planeIm]) part.fill(0);
    for (let ky = -reachY; ky <= reachY; ky++) {
      const from = (z * rows + ky + reachY) * columns,
        to = place(ky, ny) * columns;
      planeRe.set(planesRe.subarray(from, from + columns), to);
      planeIm.set(planesIm.subarray(from, from + columns), to);
    }
    transformAxis(planeIm, planeRe, ny, columns);
    for (let y = 0; y < ny; y += 2) {
      const to = (y / 2) * nx,
        even = place(y - Math.floor(ny / 2), ny) * columns,
        odd = y + 1 === ny ? even : place(y + 1 - Math.floor(ny / 2), ny) * columns; // the last may be alone
      for (let kx = 0; kx < columns; kx++) {
        const a = planeRe[even + kx]!,
          b = planeRe[odd + kx]!;
        if (kx === 0 || 2 * kx === nx) {
          pairRe[to + kx] = a; // a coefficient of a row that is real
          pairIm[to + kx] = b;
          continue;
        }
        const ai = planeIm[even + kx]!,
          bi = planeIm[odd + kx]!;
        pairRe[to + kx] = a - bi;
        pairIm[to + kx] = ai + b;
        pairRe[to + nx - kx] = a + bi;
        pairIm[to + nx - kx] = b - ai;
      }
    }
    transformAxis(pairIm, pairRe, nx, 1);
    for (let y = 0; y < ny; y++) {
      const row = y % 2 === 0 ? pairRe : pairIm,
        from = Math.floor(y / 2) * nx,
        to = (z * ny + y) * nx,
        first = from + nx - middleX;
      for (let x = 0; x < middleX; x++) out[to + x] = scale * row[first + x]!;
      for (let x = middleX; x < nx; x++) out[to + x] = scale * row[from + x - middleX]!;
    }
  }
  return out;
}
