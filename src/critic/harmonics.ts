/**
 * Circular harmonics of an image's Fourier transform on a polar grid.
 *
 * With the half-plane samples F(r, φ) goes the real function Y = Re F + Im F on the whole circle (Hartley): the inner
 * product of two images is that of their Y, and turning an image turns its Y. Here Y is expanded, on every circle, in
 * the orthonormal real basis cos mφ, sin mφ. As F at the opposite direction is the complex conjugate, even orders come
 * from Re F and odd ones from Im F alone.
 */
import type { Complex } from "../physics/complex.ts";
import type { PolarGrid } from "../physics/frequencies.ts";
import * as op from "../tensor/ops.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";

/** The orders in the sequence in which harmonics are stored: even ones, then odd ones, all below `angles`. */
export function harmonicOrders(angles: number): number[] {
  const all = [...Array(angles).keys()];
  return [...all.filter((m) => m % 2 === 0), ...all.filter((m) => m % 2 === 1)];
}

/**
 * Rows cos mφ and sin mφ for each order, orthonormal over the whole circle, applied to half of it: [2·orders, angles].
 */
function transformMatrix(orders: number[], angles: number): Tensor {
  const out = new Float32Array(2 * orders.length * angles);
  orders.forEach((m, i) => {
    const norm = (m === 0 ? Math.SQRT1_2 : 1) * (2 / Math.sqrt(angles));
    for (let a = 0; a < angles; a++) {
      out[2 * i * angles + a] = norm * Math.cos((m * Math.PI * a) / angles);
      out[(2 * i + 1) * angles + a] = norm * Math.sin((m * Math.PI * a) / angles);
    }
  });
  return constant(out, [2 * orders.length, angles]);
}

/**
 * @param f complex [angles·radii, batch] on the polar grid
 * @returns [orders, 2·radii, batch], for each order the cosine, then the sine coefficients
 */
export function harmonics(f: Complex, grid: PolarGrid): Tensor {
  const { angles } = grid;
  const radii = grid.radii.length,
    batch = f.re.shape[1]!;
  const orders = harmonicOrders(angles);
  const evens = orders.filter((m) => m % 2 === 0),
    odds = orders.filter((m) => m % 2 === 1);
  const transform = (part: Tensor, list: number[]): Tensor =>
    op.reshape(op.matmul(transformMatrix(list, angles), op.reshape(part, [angles, radii * batch])), [
      list.length,
      2 * radii,
      batch,
    ]);
  return op.concat([transform(f.re, evens), transform(f.im, odds)], 0);
}

/**
 * Values at `turns` angles over the whole circle of functions given by their harmonics: [turns, 2·orders], for each
 * order the cosine, then the sine.
 */
export function turningMatrix(angles: number, turns: number): Tensor {
  const orders = harmonicOrders(angles);
  const out = new Float32Array(turns * 2 * orders.length);
  for (let t = 0; t < turns; t++) {
    orders.forEach((m, i) => {
      out[(t * orders.length + i) * 2] = Math.cos((2 * Math.PI * m * t) / turns);
      out[(t * orders.length + i) * 2 + 1] = Math.sin((2 * Math.PI * m * t) / turns);
    });
  }
  return constant(out, [turns, 2 * orders.length]);
}

/**
 * Samples on the polar grid from harmonics: the inverse of `harmonics`, but for the highest angular order, which that
 * drops.
 *
 * @param coefficients [orders, 2·radii, batch]
 * @returns complex [angles·radii, batch]
 */
export function angularSamples(coefficients: Tensor, grid: PolarGrid): Complex {
  const { angles } = grid;
  const radii = grid.radii.length,
    batch = coefficients.shape[2]!;
  const evens = harmonicOrders(angles).filter((m) => m % 2 === 0),
    odds = harmonicOrders(angles).filter((m) => m % 2 === 1);
  // Rows of the transform have squared length 2 on half the circle.
  const inverse = (part: Tensor, list: number[]): Tensor =>
    op.reshape(
      op.matmul(
        op.mul(op.matrixTranspose(transformMatrix(list, angles)), 0.5),
        op.reshape(part, [2 * list.length, radii * batch]),
      ),
      [angles * radii, batch],
    );
  return {
    re: inverse(op.slice(coefficients, 0, 0, evens.length), evens),
    im: inverse(op.slice(coefficients, 0, evens.length, angles), odds),
  };
}
