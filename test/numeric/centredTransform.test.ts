import { describe, expect, it } from "vitest";
import { centeredInverse, centeredTransform } from "../../src/numeric/centredTransform.ts";
import { fftn, signedFrequency } from "../../src/numeric/fft.ts";

/** Deterministic numbers without structure that a transform could hide. */
function sample(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => (Math.sin((i + 1) * 12.9898) * 43758.5453) % 1);
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((largest, v, i) => Math.max(largest, Math.abs(v - b[i]!)), a.length === b.length ? 0 : Infinity);

describe("centeredTransform", () => {
  it.each([[[24]], [[25]], [[24, 27]], [[20, 21, 22]]])(
    "of a Gaussian at floor(n/2) is the analytic real Gaussian, shape %j",
    (shape) => {
      const sigma = 1.5;
      const total = shape.reduce((a, b) => a * b, 1);
      const coordinates = (i: number): number[] => {
        const out: number[] = [];
        for (const n of [...shape].reverse()) {
          out.unshift(i % n);
          i = Math.floor(i / n);
        }
        return out;
      };
      const data = Float64Array.from({ length: total }, (_, i) => {
        const r2 = coordinates(i).reduce((s, x, d) => s + (x - Math.floor(shape[d]! / 2)) ** 2, 0);
        return Math.exp(-r2 / (2 * sigma * sigma)) / (2 * Math.PI * sigma * sigma) ** (shape.length / 2);
      });
      const { re, im } = centeredTransform(data, shape);
      let worst = 0;
      for (let i = 0; i < total; i++) {
        const s2 = coordinates(i).reduce((s, k, d) => s + (signedFrequency(k, shape[d]!) / shape[d]!) ** 2, 0);
        worst = Math.max(worst, Math.abs(re[i]! - Math.exp(-2 * Math.PI ** 2 * sigma ** 2 * s2)), Math.abs(im[i]!));
      }
      // The sampled Gaussian differs from the continuous one by its aliases, exp(-2 pi^2 sigma^2 / 4) at the Nyquist
      // frequency.
      expect(worst).toBeLessThan(3e-5);
      expect(largestDifference(centeredInverse(re, im, shape), data)).toBeLessThan(1e-14);
    },
  );

  it.each([
    [20, 6],
    [21, 10],
    [20, 9],
  ])("of %i³ points up to frequency %i is that part of the plain complex transform", (n, furthest) => {
    const data = sample(n ** 3),
      whole = { re: new Float64Array(n ** 3), im: new Float64Array(n ** 3) },
      middle = Math.floor(n / 2);
    const at = (z: number, y: number, x: number, edge: number): number =>
      (((z + edge) % edge) * edge + ((y + edge) % edge)) * edge + ((x + edge) % edge);
    for (let z = 0, i = 0; z < n; z++)
      for (let y = 0; y < n; y++)
        for (let x = 0; x < n; x++, i++) whole.re[at(z - middle, y - middle, x - middle, n)] = data[i]!;
    fftn(whole.re, whole.im, [n, n, n]);
    const edge = 2 * furthest + 1,
      { re, im } = centeredTransform(data, [n, n, n], furthest);
    expect(re).toHaveLength(edge ** 3);
    let worst = 0;
    for (let z = -furthest; z <= furthest; z++)
      for (let y = -furthest; y <= furthest; y++)
        for (let x = -furthest; x <= furthest; x++) {
          const part = at(z, y, x, edge),
            all = at(z, y, x, n);
          worst = Math.max(worst, Math.abs(re[part]! - whole.re[all]!), Math.abs(im[part]! - whole.im[all]!));
        }
    expect(worst).toBeLessThan(1e-11);
  });
});
