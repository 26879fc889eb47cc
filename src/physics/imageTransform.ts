/**
 * Between images and their Fourier transforms, by matrix products (exact at any frequency, and quick on any device).
 */
import * as op from "../tensor/ops.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import type { Complex } from "./complex.ts";
import type { FrequencyGrid, RectangularGrid } from "./frequencies.ts";

/**
 * Real images from their half-plane transforms.
 *
 * @param f    complex [frequencies of `grid`, batch], unnormalised transform about pixel floor(n/2)
 * @returns [n, n, batch] (y, x, batch)
 */
export function imagesFromTransform(f: Complex, grid: RectangularGrid): Tensor {
  const { n, rows, columns } = grid;
  const batch = f.re.shape[1]!;
  const centre = Math.floor(n / 2);
  // Along y: e^(+2πi ky y/n), complex to complex, [2·y, 2·ky].
  const alongY = new Float32Array(4 * n * rows);
  for (let y = 0; y < n; y++) {
    for (let row = 0; row < rows; row++) {
      const angle = (2 * Math.PI * (row - (columns - 1)) * (y - centre)) / n;
      const c = Math.cos(angle),
        s = Math.sin(angle);
      alongY[y * 2 * rows + row] = c;
      alongY[y * 2 * rows + rows + row] = -s;
      alongY[(n + y) * 2 * rows + row] = s;
      alongY[(n + y) * 2 * rows + rows + row] = c;
    }
  }
  // Along x: the real part, with kx > 0 counted twice for the half plane left out, [x, 2·kx].
  const alongX = new Float32Array(2 * n * columns);
  for (let x = 0; x < n; x++) {
    for (let kx = 0; kx < columns; kx++) {
      const angle = (2 * Math.PI * kx * (x - centre)) / n;
      const weight = (kx === 0 ? 1 : 2) / (n * n);
      alongX[x * 2 * columns + kx] = weight * Math.cos(angle);
      alongX[x * 2 * columns + columns + kx] = -weight * Math.sin(angle);
    }
  }
  const both = op.concat([op.reshape(f.re, [rows, columns * batch]), op.reshape(f.im, [rows, columns * batch])], 0);
  const lines = op.matmul(constant(alongY, [2 * n, 2 * rows]), both);
  const perRow = op.transpose(op.reshape(lines, [2, n, columns * batch]), [1, 0, 2]);
  return op.matmul(constant(alongX, [n, 2 * columns]), op.reshape(perRow, [n, 2 * columns, batch]));
}

/** The same images one after another, [batch, n·n]. */
export function imagesInRows(f: Complex, grid: RectangularGrid): Tensor {
  const batch = f.re.shape[1]!;
  return op.transpose(op.reshape(imagesFromTransform(f, grid), [grid.n * grid.n, batch]), [1, 0]);
}

/**
 * The frequencies of a grid up to signs and the order of their components: (kx, ky) = (±u, ±v) or, swapped, (±v, ±u),
 * with u ≥ v ≥ 0.
 */
function upToSymmetry({ count, x, y }: FrequencyGrid): {
  u: number[];
  v: number[];
  from: Int32Array;
  signs: Float32Array[];
} {
  const u: number[] = [],
    v: number[] = [],
    known = new Map<string, number>();
  const sx = Float32Array.from(x, (k) => (k < 0 ? -1 : 1)),
    sy = Float32Array.from(y, (k) => (k < 0 ? -1 : 1));
  const of = Array.from({ length: count }, (_, i) => {
    const [high, low] = [Math.max(Math.abs(x[i]!), Math.abs(y[i]!)), Math.min(Math.abs(x[i]!), Math.abs(y[i]!))];
    const key = `${high.toFixed(6)}/${low.toFixed(6)}`;
    if (!known.has(key)) {
      known.set(key, u.push(high) - 1);
      v.push(low);
    }
    return known.get(key)!;
  });
  const from = Int32Array.from(of, (j, i) => (Math.abs(y[i]!) > Math.abs(x[i]!) ? u.length + j : j));
  return { u, v, from, signs: [sx, sy, sx.map((s, i) => s * sy[i]!)] };
}

/**
 * Fourier transform of images at any frequencies, exact. Images are folded along the axes and the diagonals into parts
 * that are even or odd under each, so that a grid of frequencies with the same symmetry takes an eighth of the products
 * for the real and a quarter for the imaginary part.
 *
 *   Σ f·e^(-i(kx·x + ky·y)) = Σ f·(cos cos - sin sin) - i Σ f·(sin cos + cos sin)
 *
 * @param images  [batch, n·n], pixels y, x
 * @param support [n·n], 0 only where all images are 0, which saves products; default: nowhere
 * @returns complex [frequencies, batch], unnormalised, about pixel floor(n/2)
 */
export function transformOfImages(
  images: Tensor,
  n: number,
  grid: FrequencyGrid,
  support?: ArrayLike<number>,
): Complex {
  const centre = Math.floor(n / 2),
    edge = centre + 1,
    batch = images.shape[0]!;
  // Quadrants of the image, pixels X, Y = 0 … centre from the middle. The border of an even box has no opposite, and
  // axes count once: there stands a pixel of 0.
  const columns = op.concat([op.matrixTranspose(images), op.zeros([1, batch])], 0),
    none = n * n;
  const pixel = (X: number, Y: number, sx: number, sy: number): number => {
    const x = centre + sx * X,
      y = centre + sy * Y;
    return x < n && y < n && (X > 0 || sx > 0) && (Y > 0 || sy > 0) ? y * n + x : none;
  };
  const signed = [1, -1].flatMap((sy) => [1, -1].map((sx) => [sx, sy] as const));
  const holds = (X: number, Y: number): boolean =>
    signed.some(([sx, sy]) => {
      const at = pixel(X, Y, sx, sy);
      return at !== none && support?.[at] !== 0;
    });
  // What one of the two holds both do, so that they can be exchanged.
  const all = Array.from({ length: edge * edge }, (_, i) => [i % edge, Math.floor(i / edge)] as const).filter(
      ([X, Y]) => holds(X, Y) || holds(Y, X),
    ),
    octant = all.filter(([X, Y]) => X >= Y),
    placeOf = new Map(all.map(([X, Y], place) => [Y * edge + X, place])),
    placesOf = (pixels: typeof all): number[] => pixels.map(([X, Y]) => placeOf.get(Y * edge + X)!),
    exchanged = (pixels: typeof all): typeof all => pixels.map(([X, Y]) => [Y, X] as const);
  const quadrant = (sx: 1 | -1, sy: 1 | -1): Tensor =>
    op.gather(
      columns,
      constant(
        all.map(([X, Y]) => pixel(X, Y, sx, sy)),
        [all.length],
        "int32",
      ),
    );
  const [pp, mp, pm, mm] = [quadrant(1, 1), quadrant(-1, 1), quadrant(1, -1), quadrant(-1, -1)];
  const evenX = [op.add(pp, mp), op.add(pm, mm)] as const,
    oddX = [op.sub(pp, mp), op.sub(pm, mm)] as const;
  const ee = op.add(...evenX),
    oo = op.sub(...oddX),
    eo = op.sub(...evenX),
    oe = op.add(...oddX);

  const { u, v, from, signs } = upToSymmetry(grid),
    count = u.length;
  const waves = (k: number[], f: (angle: number) => number): Float64Array =>
    Float64Array.from({ length: count * edge }, (_, i) => f((2 * Math.PI * k[Math.floor(i / edge)]! * (i % edge)) / n));
  const [cosU, cosV] = [u, v].map((k) => waves(k, Math.cos)) as [Float64Array, Float64Array],
    [sinU, sinV] = [u, v].map((k) => waves(k, Math.sin)) as [Float64Array, Float64Array];
  const [xOf, yOf] = [0, 1].map((axis) => Int32Array.from(all, (at) => at[axis]!)) as [Int32Array, Int32Array];
  /** U(X)·V(Y) of each frequency at all pixels, [count, pixels]. */
  const products = (U: Float64Array, V: Float64Array): Tensor => {
    const out = new Float32Array(count * all.length);
    for (let start = 0, o = 0; o < out.length; start += edge)
      for (let i = 0; i < all.length; i++) out[o++] = U[start + xOf[i]!]! * V[start + yOf[i]!]!;
    return constant(out, [count, all.length]);
  };
  /** (U(X)·V(Y) ± U(Y)·V(X))/2 of each at those of the octant. */
  const mixed = (U: Float64Array, V: Float64Array, sign: 1 | -1): Tensor => {
    const out = new Float32Array(count * octant.length);
    for (let start = 0, o = 0; o < out.length; start += edge)
      for (let i = 0; i < all.length; i++) {
        const X = start + xOf[i]!,
          Y = start + yOf[i]!;
        if (X >= Y) out[o++] = (U[X]! * V[Y]! + sign * U[Y]! * V[X]!) / 2;
      }
    return constant(out, [count, octant.length]);
  };
  const pick = (part: Tensor, places: number[]): Tensor => op.gather(part, constant(places, [places.length], "int32"));

  /** Σ part·U(x)·V(y), of a part that is alike in x and y, for (u, v) and then for (v, u): [2·count, batch]. */
  const alike = (part: Tensor, U: Float64Array, V: Float64Array): Tensor => {
    const here = pick(part, placesOf(octant));
    const there = op.mul(
      pick(part, placesOf(exchanged(octant))),
      constant(
        octant.map(([X, Y]) => (X === Y ? 0 : 1)),
        [octant.length, 1],
      ),
    ); // the diagonal counts once
    const sum = op.matmul(mixed(U, V, 1), op.add(here, there)),
      difference = op.matmul(mixed(U, V, -1), op.sub(here, there));
    return op.concat([op.add(sum, difference), op.sub(sum, difference)], 0);
  };
  /** Σ part·U(x)·V(y), and the same of the other part with x and y exchanged: twice [count, batch]. */
  const both = (part: Tensor, other: Tensor, U: Float64Array, V: Float64Array): [Tensor, Tensor] => {
    const sums = op.matmul(products(U, V), op.concat([part, pick(other, placesOf(exchanged(all)))], 1));
    return [op.slice(sums, 1, 0, batch), op.slice(sums, 1, batch, 2 * batch)];
  };
  const cosCos = alike(ee, cosU, cosV),
    sinSin = alike(oo, sinU, sinV);
  const [sinCosHere, cosSinThere] = both(oe, eo, sinU, cosV);
  const [cosSinHere, sinCosThere] = both(eo, oe, cosU, sinV);

  const [sx, sy, sxy] = signs.map((s) => constant(s, [grid.count, 1])) as [Tensor, Tensor, Tensor];
  const sample = (values: Tensor): Tensor => op.gather(values, constant(from, [grid.count], "int32"));
  return {
    re: op.sub(sample(cosCos), op.mul(sample(sinSin), sxy)),
    im: op.neg(
      op.add(
        op.mul(sample(op.concat([sinCosHere, sinCosThere], 0)), sx),
        op.mul(sample(op.concat([cosSinHere, cosSinThere], 0)), sy),
      ),
    ),
  };
}

/**
 * The matrix W with which W·image·Wᵀ is the image on m×m pixels that are `step` times as large, values kept and centres
 * (pixel floor(edge/2)) on each other. The image is taken as its band-limited periodic interpolation; frequencies at
 * and beyond the old or the new Nyquist frequency are dropped. With the default step n/m the field of view stays
 * (Fourier cropping for m < n, padding for m > n); with another it should shrink, as beyond its edge the image repeats
 * itself.
 *
 * @returns row-major [m, n]
 */
export function resamplingMatrix(n: number, m: number, step = n / m): Float32Array {
  const out = new Float32Array(m * n);
  if (m === n && step === 1) {
    for (let a = 0; a < n; a++) out[a * n + a] = 1; // nothing to drop, the Nyquist frequency neither
    return out;
  }
  const reach = Math.ceil(Math.min(n / 2, n / (2 * step)) - 1e-9) - 1;
  for (let a = 0; a < m; a++) {
    for (let x = 0; x < n; x++) {
      const distance = ((a - Math.floor(m / 2)) * step - (x - Math.floor(n / 2))) / n;
      let value = 1;
      for (let k = 1; k <= reach; k++) value += 2 * Math.cos(2 * Math.PI * k * distance);
      out[a * n + x] = value / n;
    }
  }
  return out;
}

/** Images [batch, n, n] resampled to [batch, m, m], see `resamplingMatrix`. */
export function resampleImages(images: Tensor, m: number, step?: number): Tensor {
  const n = images.shape[1]!;
  const w = constant(resamplingMatrix(n, m, step), [m, n]);
  return op.matmul(op.matmul(w, images), op.matrixTranspose(w));
}
