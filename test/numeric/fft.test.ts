import { describe, expect, it } from "vitest";
import { fft, fftn } from "../../src/numeric/fft.ts";

/** Deterministic numbers without structure that a transform could hide. */
function sample(length: number, seed: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => (Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453) % 1);
}

/** The definition, written with nothing but the definition. */
function directDft(re: ArrayLike<number>, im: ArrayLike<number>, sign: number): { re: number[]; im: number[] } {
  const n = re.length;
  const out = { re: [] as number[], im: [] as number[] };
  for (let k = 0; k < n; k++) {
    let sumR = 0,
      sumI = 0;
    for (let x = 0; x < n; x++) {
      const angle = (sign * 2 * Math.PI * ((k * x) % n)) / n;
      sumR += re[x]! * Math.cos(angle) - im[x]! * Math.sin(angle);
      sumI += re[x]! * Math.sin(angle) + im[x]! * Math.cos(angle);
    }
    out.re.push(sumR);
    out.im.push(sumI);
  }
  return out;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

const lengths = [...Array.from({ length: 40 }, (_, i) => i + 1), 64, 97, 98, 130, 192];

describe("fft", () => {
  it("of nothing is nothing", () => {
    fft(new Float64Array(0), new Float64Array(0));
    fftn(new Float64Array(0), new Float64Array(0), [0, 4]);
  });

  it.each(lengths)("equals the direct sum, forward and inverse, for length %i", (n) => {
    const re = sample(n, 1),
      im = sample(n, 2);
    const forward = directDft(re, im, -1);
    const backward = directDft(re, im, 1);
    const a = re.slice(),
      b = im.slice();
    fft(a, b);
    expect(largestDifference(a, forward.re)).toBeLessThan(1e-12 * n);
    expect(largestDifference(b, forward.im)).toBeLessThan(1e-12 * n);
    const c = re.slice(),
      d = im.slice();
    fft(c, d, true);
    expect(
      largestDifference(
        c,
        backward.re.map((v) => v / n),
      ),
    ).toBeLessThan(1e-12);
    expect(
      largestDifference(
        d,
        backward.im.map((v) => v / n),
      ),
    ).toBeLessThan(1e-12);
  });
});

describe("fftn", () => {
  it("equals the direct triple sum on a box with three different edges", () => {
    const shape = [3, 10, 7] as const;
    const total = 210;
    const re = sample(total, 3),
      im = sample(total, 4);
    const a = re.slice(),
      b = im.slice();
    fftn(a, b, shape);
    let worst = 0;
    for (let kz = 0; kz < 3; kz++)
      for (let ky = 0; ky < 10; ky++)
        for (let kx = 0; kx < 7; kx++) {
          let sumR = 0,
            sumI = 0;
          for (let z = 0; z < 3; z++)
            for (let y = 0; y < 10; y++)
              for (let x = 0; x < 7; x++) {
                const angle = -2 * Math.PI * ((kz * z) / 3 + (ky * y) / 10 + (kx * x) / 7);
                const i = (z * 10 + y) * 7 + x;
                sumR += re[i]! * Math.cos(angle) - im[i]! * Math.sin(angle);
                sumI += re[i]! * Math.sin(angle) + im[i]! * Math.cos(angle);
              }
          const k = (kz * 10 + ky) * 7 + kx;
          worst = Math.max(worst, Math.abs(sumR - a[k]!), Math.abs(sumI - b[k]!));
        }
    expect(worst).toBeLessThan(1e-11);
  });

  it("refuses arrays that do not fit the shape", () => {
    expect(() => fftn(new Float64Array(5), new Float64Array(5), [2, 3])).toThrow(RangeError);
  });
});
