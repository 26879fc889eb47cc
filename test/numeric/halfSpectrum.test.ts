import { describe, expect, it } from "vitest";
import { halfSpectrum, inverseOfHalf, scale, type Three } from "../../src/numeric/halfSpectrum.ts";

/** Deterministic numbers without structure that a transform could hide. */
function sample(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => (Math.sin((i + 1) * 78.233) * 43758.5453) % 1);
}

/** By the definition: the sum over all points of the shape, of positions from its middle. */
function direct(data: Float64Array, shape: Three, length: Three, k: Three): [number, number] {
  const middle = shape.map((n) => Math.floor(n / 2));
  let re = 0,
    im = 0,
    i = 0;
  for (let z = 0; z < shape[0]; z++)
    for (let y = 0; y < shape[1]; y++)
      for (let x = 0; x < shape[2]; x++, i++) {
        const turns = [z, y, x].reduce((sum, p, axis) => sum + (k[axis]! * (p - middle[axis]!)) / length[axis]!, 0);
        re += data[i]! * Math.cos(2 * Math.PI * turns);
        im -= data[i]! * Math.sin(2 * Math.PI * turns);
      }
  return [re, im];
}

/** Calls `visit` with each frequency and its place. */
function each([rz, ry, rx]: Three, visit: (k: Three, i: number) => void): void {
  let i = 0;
  for (let z = -rz; z <= rz; z++)
    for (let y = -ry; y <= ry; y++) for (let x = 0; x <= rx; x++, i++) visit([z, y, x], i);
}

describe("half of the spectrum of real numbers", () => {
  it.each<{ shape: Three; reach: Three; length?: Three }>([
    { shape: [4, 6, 8], reach: [2, 3, 4] },
    { shape: [5, 7, 9], reach: [2, 3, 4] },
    { shape: [6, 5, 8], reach: [1, 2, 2] },
    { shape: [1, 7, 6], reach: [0, 2, 3] },
    { shape: [5, 6, 7], reach: [3, 4, 5], length: [10, 12, 14] },
  ])("is the sum of waves: $shape to $reach, padded to $length", ({ shape, reach, length = shape }) => {
    const data = sample(shape[0] * shape[1] * shape[2]),
      { re, im } = halfSpectrum(data, shape, reach, length);
    let worst = 0;
    each(reach, (k, i) => {
      const [expectedRe, expectedIm] = direct(data, shape, length, k);
      worst = Math.max(worst, Math.abs(re[i]! - expectedRe), Math.abs(im[i]! - expectedIm));
    });
    expect(worst).toBeLessThan(1e-12);
  });

  it("is that of the numbers times a window along each axis, more rows than are done at a time", () => {
    const shape: Three = [3, 37, 5],
      length: Three = [6, 74, 10],
      window = shape.map((n) => sample(n)) as [Float64Array, Float64Array, Float64Array],
      data = sample(3 * 37 * 5),
      times = data.map(
        (v, i) => v * window[0][Math.floor(i / 185)]! * window[1][Math.floor(i / 5) % 37]! * window[2][i % 5]!,
      ),
      { re, im } = halfSpectrum(data, shape, [2, 9, 3], length, window);
    let worst = 0;
    each([2, 9, 3], (k, i) => {
      const [expectedRe, expectedIm] = direct(times, shape, length, k);
      worst = Math.max(worst, Math.abs(re[i]! - expectedRe), Math.abs(im[i]! - expectedIm));
    });
    expect(worst).toBeLessThan(1e-12);
  });

  it.each<{ shape: Three; reach: Three }>([
    { shape: [8, 6, 4], reach: [4, 3, 2] },
    { shape: [7, 5, 9], reach: [3, 2, 4] },
    { shape: [1, 5, 6], reach: [0, 2, 3] },
    { shape: [2, 37, 6], reach: [1, 18, 3] },
  ])("has the numbers as its inverse: $shape", ({ shape, reach }) => {
    const data = sample(shape[0] * shape[1] * shape[2]),
      back = inverseOfHalf(halfSpectrum(data, shape, reach), shape, new Float64Array(data.length));
    expect(Math.max(...back.map((v, i) => Math.abs(v - data[i]!)))).toBeLessThan(1e-14);
  });

  it("is that of a wave on any grid that holds it, with the gain at its radius", () => {
    const wave = (n: number): Float64Array =>
      Float64Array.from({ length: n ** 3 }, (_, i) => {
        const [z, y, x] = [Math.floor(i / n ** 2), Math.floor(i / n) % n, i % n].map((p) => p - Math.floor(n / 2));
        return Math.cos((2 * Math.PI * (2 * z! - y! + 2 * x!)) / n + 0.3);
      });
    const half = halfSpectrum(wave(8), [8, 8, 8], [2, 2, 2]);
    scale(half, (radius) => 10 * radius);
    for (const n of [5, 9, 12]) {
      const out = inverseOfHalf(half, [n, n, n], new Float64Array(n ** 3)),
        expected = wave(n).map((v) => 30 * v * (8 / n) ** 3);
      expect(Math.max(...out.map((v, i) => Math.abs(v - expected[i]!)))).toBeLessThan(1e-12);
    }
  });
});
