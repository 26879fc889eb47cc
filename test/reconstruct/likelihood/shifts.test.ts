import { expect, it } from "vitest";
import { shiftsOf } from "../../../src/physics/shift.ts";
import { moveShift } from "../../../src/reconstruct/likelihood/shifts.ts";

it("the shifts of a batch are those of its particles, x then y", () => {
  expect(shiftsOf(Float32Array.of(1, 2, 3, 4, 10, 20, 30, 40), Int32Array.of(3, 0, 3))).toEqual(
    Float32Array.of(4, 1, 4, 40, 10, 40),
  );
});

it("one step leads to the most likely shift of a Gaussian likelihood, drawn to the centre as the law says", () => {
  // Log-likelihood -curvature/2 · |d - d₀|² and a normal law: the posterior's peak is the mean of d₀ and 0, weighted by
  // their precisions.
  const curvature = 300,
    sigma = 0.05,
    peak = [0.04, -0.02] as const,
    start = [0.01, 0.03] as const;
  const shifts = Float32Array.of(7, start[0], 7, 7, start[1], 7);
  moveShift(shifts, 1, [curvature * (peak[0] - start[0]), curvature * (peak[1] - start[1])], curvature, {
    kind: "gaussian",
    sigma,
  });
  const weight = curvature / (curvature + 1 / sigma ** 2);
  expect(shifts[1]).toBeCloseTo(weight * peak[0], 7);
  expect(shifts[4]).toBeCloseTo(weight * peak[1], 7);
  expect([shifts[0], shifts[2], shifts[3], shifts[5]]).toEqual([7, 7, 7, 7]);
});

it("a triangular law has the variance of the sum of two uniform ones, extent²/6", () => {
  const shifts = Float32Array.of(0.03, 0);
  moveShift(shifts, 0, [0, 0], 100, { kind: "triangular", extent: 0.06 });
  const precision = 6 / 0.06 ** 2;
  expect(shifts[0]).toBeCloseTo(0.03 - (0.03 * precision) / (100 + precision), 7);
});
