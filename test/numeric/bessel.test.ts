import { expect, test } from "vitest";
import { besselI, besselJ, zerosOfJ1 } from "../../src/numeric/bessel.ts";

// Values of Abramowitz & Stegun (1964), tables 9.1 to 9.11.
test.each([
  [0, 0, 1],
  [0, 1, 0.7651976866],
  [1, 2, 0.5767248078],
  [3, 0.5, 0.0025637299946],
  [6, 10, -0.0144588421],
  [0, 50, 0.0558123277],
  [2, 50, -0.0597128008],
])("J%d(%d) is %d", (order, x, value) => {
  expect(besselJ(order, x)[order]).toBeCloseTo(value, 9);
  expect(besselJ(order + 5, x)[order]).toBeCloseTo(value, 9);
});

test.each([
  [0, 0, 1],
  [0, 1, 1.2660658778],
  [1, 2, 1.5906368546],
  [3, 5, 10.3311501691],
])("I%d(%d) is %d", (order, x, value) => {
  expect(besselI(order + 4, x)[order]).toBeCloseTo(value, 8);
});

test("J₁ vanishes at its zeros", () => {
  const zeros = [...zerosOfJ1(4)];
  [3.8317059702, 7.0155866698, 10.1734681351, 13.3236919363].forEach((zero, i) => {
    expect(zeros[i]).toBeCloseTo(zero, 9);
  });
});
