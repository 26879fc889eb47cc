/**
 * Fourier transforms of real images and volumes about point floor(n/2), of low frequencies alone where no others are
 * asked for. Two rows at a time are the real and the imaginary part of one, F = A + iB, so that
 * A(k) = (F(k) + F(-k)*)/2 and B(k) = (F(k) - F(-k)*)/2i (Press et al., "Numerical Recipes", section 12.3);
 * coefficients that nobody asked for are dropped after each axis, and go on to none of the next.
 */
import { emptyLines, type Lines, transformLines } from "./fft.ts";

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

/** Pairs of rows that are transformed at a time. */
const pairsAtOnce = 16;

/**
 * Twice the room for so many points. What is small is kept for the next transform: of small images new arrays would
 * take longer than the transforms themselves.
 */
function twice(points: number, of: "pair" | "plane" | "line"): readonly [Lines, Lines] {
  const before = kept[of];
  if (before?.[0].re.length === points) return before;
  const made = [emptyLines(points), emptyLines(points)] as const;
  if (points <= keptPoints) kept[of] = made;
  return made;
}

const kept: { [of in "pair" | "plane" | "line"]?: readonly [Lines, Lines] } = {},
  keptPoints = 2 ** 16;

/** An inverse transform is the forward one with the real and the imaginary part exchanged. */
const exchanged = ({ re, im }: Lines): Lines => ({ re: im, im: re });

/**
 * F(k) = sum_x f(x) exp(-2 pi i k (x - floor(n/2)) / length).
 *
 * @param data   real numbers of that shape
 * @param reach  the largest frequencies wanted, at most half of `length`
 * @param length points of the transform; more than `shape`: padded with zeros
 * @param window what the numbers are multiplied by, along each axis; absent: 1
 */
export function halfSpectrum(
  data: ArrayLike<number>,
  shape: Three,
  reach: Three,
  length: Three = shape,
  window?: readonly [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>],
): HalfSpectrum {
  const [nz, ny] = shape,
    [lengthZ, lengthY, lengthX] = length,
    [reachZ, reachY, reachX] = reach;
  const rows = 2 * reachY + 1,
    columns = reachX + 1,
    count = (2 * reachZ + 1) * rows * columns;
  // Planes first, then the spectrum in their place: along z each row of them is done by itself.
  const all = emptyLines(Math.max(count, nz * rows * columns)),
    pairs = Math.min(pairsAtOnce, Math.ceil(ny / 2)),
    pair = twice(pairs * lengthX, "pair"),
    plane = twice(lengthY * columns, "plane");
  for (let z = 0; z < nz; z++) {
    if (lengthY > ny) clear(plane[0]);
    for (let first = 0; first < ny; first += 2 * pairs) {
      clear(pair[0]);
      packRows(data, shape, z, first, pairs, lengthX, pair[0], window);
      const done = transformLines(pair[0], pair[1], lengthX, pairs);
      for (let p = 0; p < pairs && first + 2 * p < ny; p++)
        partPair(done, pairs, p, lengthX, columns, plane[0], first + 2 * p, ny, lengthY);
    }
    const done = transformLines(plane[0], plane[1], lengthY, columns);
    for (let ky = -reachY; ky <= reachY; ky++) copyRow(done, place(ky, lengthY), all, z * rows + ky + reachY, columns);
  }
  const line = twice(lengthZ * columns, "line");
  for (let y = 0; y < rows; y++) {
    if (lengthZ > nz) clear(line[0]);
    for (let z = 0; z < nz; z++) copyRow(all, z * rows + y, line[0], place(z - Math.floor(nz / 2), lengthZ), columns);
    const done = transformLines(line[0], line[1], lengthZ, columns);
    for (let kz = -reachZ; kz <= reachZ; kz++)
      copyRow(done, place(kz, lengthZ), all, (kz + reachZ) * rows + y, columns);
  }
  return { re: all.re.subarray(0, count), im: all.im.subarray(0, count), reach };
}

function clear({ re, im }: Lines): void {
  re.fill(0);
  im.fill(0);
}

function copyRow(from: Lines, fromRow: number, to: Lines, toRow: number, columns: number): void {
  const first = fromRow * columns,
    at = toRow * columns;
  for (let x = 0; x < columns; x++) {
    to.re[at + x] = from.re[first + x]!;
    to.im[at + x] = from.im[first + x]!;
  }
}

/** Rows first, first + 1, … of plane z as real and imaginary parts of lines side by side. */
function packRows(
  data: ArrayLike<number>,
  [, ny, nx]: Three,
  z: number,
  first: number,
  pairs: number,
  lengthX: number,
  into: Lines,
  window?: readonly [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>],
): void {
  const middle = Math.floor(nx / 2);
  for (let row = 0; row < 2 * pairs && first + row < ny; row++) {
    const y = first + row,
      part = row % 2 === 0 ? into.re : into.im,
      p = Math.floor(row / 2),
      from = (z * ny + y) * nx;
    if (!window) {
      for (let x = 0; x < nx; x++) part[place(x - middle, lengthX) * pairs + p] = data[from + x]!;
      continue;
    }
    const ofRow = window[0][z]! * window[1][y]!,
      ofX = window[2];
    for (let x = 0; x < nx; x++) part[place(x - middle, lengthX) * pairs + p] = data[from + x]! * ofRow * ofX[x]!;
  }
}

/** The transforms of the two rows of a pair, to rows y and y + 1 of the plane. */
function partPair(
  { re, im }: Lines,
  pairs: number,
  p: number,
  lengthX: number,
  columns: number,
  plane: Lines,
  y: number,
  ny: number,
  lengthY: number,
): void {
  const even = place(y - Math.floor(ny / 2), lengthY) * columns,
    odd = place(y + 1 - Math.floor(ny / 2), lengthY) * columns;
  for (let kx = 0; kx < columns; kx++) {
    const here = kx * pairs + p,
      opposite = ((lengthX - kx) % lengthX) * pairs + p;
    plane.re[even + kx] = (re[here]! + re[opposite]!) / 2;
    plane.im[even + kx] = (im[here]! - im[opposite]!) / 2;
    if (y + 1 === ny) continue;
    plane.re[odd + kx] = (im[here]! + im[opposite]!) / 2;
    plane.im[odd + kx] = (re[opposite]! - re[here]!) / 2;
  }
}

/**
 * Inverse of `halfSpectrum`, on any grid that holds its frequencies: those beyond its reach are zero.
 * @param out what it is written to, of that shape
 */
export function inverseOfHalf<T extends Float32Array | Float64Array>(
  spectrum: HalfSpectrum,
  [nz, ny, nx]: Three,
  out: T,
): T {
  const [reachZ, reachY, reachX] = spectrum.reach,
    rows = 2 * reachY + 1,
    columns = reachX + 1,
    middle = Math.floor(nx / 2),
    scale = 1 / (nz * ny * nx);
  const planes = emptyLines(nz * rows * columns),
    line = twice(nz * columns, "line");
  for (let y = 0; y < rows; y++) {
    clear(line[0]);
    for (let kz = -reachZ; kz <= reachZ; kz++)
      copyRow(spectrum, (kz + reachZ) * rows + y, line[0], place(kz, nz), columns);
    const done = exchanged(transformLines(exchanged(line[0]), exchanged(line[1]), nz, columns));
    for (let z = 0; z < nz; z++) copyRow(done, place(z - Math.floor(nz / 2), nz), planes, z * rows + y, columns);
  }
  const pairs = Math.min(pairsAtOnce, Math.ceil(ny / 2)),
    pair = twice(pairs * nx, "pair"),
    plane = twice(ny * columns, "plane");
  for (let z = 0; z < nz; z++) {
    clear(plane[0]);
    for (let ky = -reachY; ky <= reachY; ky++)
      copyRow(planes, z * rows + ky + reachY, plane[0], place(ky, ny), columns);
    const whole = exchanged(transformLines(exchanged(plane[0]), exchanged(plane[1]), ny, columns));
    for (let first = 0; first < ny; first += 2 * pairs) {
      clear(pair[0]);
      for (let p = 0; p < pairs && first + 2 * p < ny; p++)
        joinPair(whole, columns, first + 2 * p, ny, pair[0], pairs, p, nx);
      const { re, im } = exchanged(transformLines(exchanged(pair[0]), exchanged(pair[1]), nx, pairs));
      for (let row = 0; row < 2 * pairs && first + row < ny; row++) {
        const part = row % 2 === 0 ? re : im,
          p = Math.floor(row / 2),
          to = (z * ny + first + row) * nx;
        for (let x = 0; x < nx; x++) out[to + x] = scale * part[place(x - middle, nx) * pairs + p]!;
      }
    }
  }
  return out;
}

/** Rows y and y + 1 of a plane of transforms of real rows as one line. */
function joinPair(
  { re, im }: Lines,
  columns: number,
  y: number,
  ny: number,
  pair: Lines,
  pairs: number,
  p: number,
  nx: number,
): void {
  const even = place(y - Math.floor(ny / 2), ny) * columns,
    odd = y + 1 === ny ? even : place(y + 1 - Math.floor(ny / 2), ny) * columns; // the last may be alone
  for (let kx = 0; kx < columns; kx++) {
    const a = re[even + kx]!,
      b = re[odd + kx]!,
      here = kx * pairs + p;
    if (kx === 0 || 2 * kx === nx) {
      pair.re[here] = a; // a coefficient of a row that is real
      pair.im[here] = b;
      continue;
    }
    const ai = im[even + kx]!,
      bi = im[odd + kx]!,
      opposite = (nx - kx) * pairs + p;
    pair.re[here] = a - bi;
    pair.im[here] = ai + b;
    pair.re[opposite] = a + bi;
    pair.im[opposite] = b - ai;
  }
}
