import { describe, expect, it } from "vitest";
import { harmonicOrders, harmonics, turningMatrix } from "../../src/critic/harmonics.ts";
import { polarGrid } from "../../src/physics/frequencies.ts";
import { evaluateReference } from "../../src/tensor/reference.ts";
import { input } from "../../src/tensor/tensor.ts";
import { circle, randomTransforms, transformsOf } from "./polar.ts";

const angles = 6,
  radii = 3;
const grid = polarGrid(radii, angles);

/**
 * Harmonics of transforms [samples, batch] by the code under test, as a function of order, part (0 cosine, 1 sine),
 * radius and image.
 */
function computed(
  re: number[],
  im: number[],
  batch: number,
): (m: number, part: number, r: number, b: number) => number {
  const f = { re: input("re", [grid.count, batch]), im: input("im", [grid.count, batch]) };
  const [h] = evaluateReference(
    [harmonics(f, grid)],
    new Map([
      [f.re, Float64Array.from(re)],
      [f.im, Float64Array.from(im)],
    ]),
  );
  const orders = harmonicOrders(angles);
  return (m, part, r, b) => h![((orders.indexOf(m) * 2 + part) * radii + r) * batch + b]!;
}

describe("circular harmonics", () => {
  const batch = 2;
  const { re, im } = randomTransforms(grid, batch, 1);
  const of = computed(re, im, batch);

  it("are the sums over the whole circle of the Hartley values times cos mφ and sin mφ", () => {
    for (let b = 0; b < batch; b++)
      for (let r = 0; r < radii; r++) {
        const y = circle(grid, re, im, batch, b, r);
        for (let m = 0; m < angles; m++) {
          const norm = (m === 0 ? Math.SQRT1_2 : 1) * Math.sqrt(2 / (2 * angles)); // orthonormal over 2·angles points
          let cosine = 0,
            sine = 0;
          y.forEach((v, a) => {
            cosine += norm * v * Math.cos((Math.PI * m * a) / angles);
            sine += norm * v * Math.sin((Math.PI * m * a) / angles);
          });
          expect(of(m, 0, r, b)).toBeCloseTo(cosine, 6);
          expect(of(m, 1, r, b)).toBeCloseTo(sine, 6);
        }
      }
  });

  it("keep the inner product of images over the whole Fourier plane", () => {
    // Orders below `angles` leave out order `angles` itself: take it from the samples first.
    const smooth = transformsOf(grid, batch, (a, r, b) => {
      const y = circle(grid, re, im, batch, b, r);
      const alternating = y.reduce((sum, v, k) => sum + v * (k % 2 ? -1 : 1), 0) / (2 * angles);
      return y[a]! - alternating * (a % 2 ? -1 : 1);
    });
    const h = computed(smooth.re, smooth.im, batch);
    let direct = 0,
      through = 0;
    for (let i = 0; i < grid.count; i++)
      direct += smooth.re[i * batch]! * smooth.re[i * batch + 1]! + smooth.im[i * batch]! * smooth.im[i * batch + 1]!;
    for (let m = 0; m < angles; m++)
      for (const part of [0, 1]) for (let r = 0; r < radii; r++) through += h(m, part, r, 0) * h(m, part, r, 1);
    expect(through).toBeCloseTo(2 * direct, 5); // the half plane left out holds the complex conjugates
  });

  it("of a turned image have their phase moved by m times the angle", () => {
    const step = 5,
      delta = (Math.PI * step) / angles;
    const turned = transformsOf(
      grid,
      batch,
      (a, r, b) => circle(grid, re, im, batch, b, r)[(a - step + 2 * angles) % (2 * angles)]!,
    );
    const after = computed(turned.re, turned.im, batch);
    for (let m = 0; m < angles; m++)
      for (let r = 0; r < radii; r++) {
        const c = of(m, 0, r, 0),
          s = of(m, 1, r, 0);
        expect(after(m, 0, r, 0)).toBeCloseTo(c * Math.cos(m * delta) - s * Math.sin(m * delta), 6);
        expect(after(m, 1, r, 0)).toBeCloseTo(s * Math.cos(m * delta) + c * Math.sin(m * delta), 6);
      }
  });

  it("the turning matrix evaluates cosine and sine series at equal steps of the whole turn", () => {
    const turns = 5,
      orders = harmonicOrders(angles);
    const [t] = evaluateReference([turningMatrix(angles, turns)], new Map());
    orders.forEach((m, i) => {
      for (let k = 0; k < turns; k++) {
        expect(t![(k * angles + i) * 2]).toBeCloseTo(Math.cos((2 * Math.PI * m * k) / turns), 6);
        expect(t![(k * angles + i) * 2 + 1]).toBeCloseTo(Math.sin((2 * Math.PI * m * k) / turns), 6);
      }
    });
  });
});
