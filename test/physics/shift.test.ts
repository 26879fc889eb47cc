import { describe, expect, it } from "vitest";
import { sampleShifts, shift } from "../../src/physics/shift.ts";
import { createStream } from "../../src/runtime/random.ts";
import { input } from "../../src/tensor/tensor.ts";
import { randomBlobs } from "../evaluate/blobs.ts";
import { cartesianGrid, column, evaluate, projectionTransform, randomPoses, relativeErrors } from "./analytic.ts";

describe("shift", () => {
  it("moves the particle to +x and +y: the transform of moved blobs", async () => {
    const n = 20,
      pixel = 2;
    const grid = cartesianGrid(n / 2);
    const blobs = randomBlobs(2, 8, 10, 2 * pixel);
    const pose = randomPoses(5, 1)[0]!;
    const shifts: [number, number][] = [
      [3.7, 0],
      [0, -5.1],
      [-2.2, 8.4],
    ]; // Å
    const centred = projectionTransform(blobs, pose, [0, 0], grid, n, pixel);
    const spread = (values: Float64Array) =>
      Float32Array.from({ length: grid.count * 3 }, (_, i) => values[Math.floor(i / 3)]!);
    const re = input("real", [grid.count, 3]),
      im = input("imaginary", [grid.count, 3]),
      by = input("by", [2, 3]);
    const moved = await evaluate(
      { ...shift({ re, im }, by, grid) },
      {
        real: { tensor: re, values: spread(centred.re) },
        imaginary: { tensor: im, values: spread(centred.im) },
        by: {
          tensor: by,
          values: Float32Array.from([...shifts.map(([x]) => x), ...shifts.map(([, y]) => y)], (a) => a / (n * pixel)),
        },
      },
    );
    shifts.forEach((d, b) => {
      const [error] = relativeErrors(
        column(moved, 3, b),
        projectionTransform(blobs, pose, d, grid, n, pixel),
        () => 0,
        1,
      );
      expect(error).toBeLessThan(1e-5);
    });
  });
});

describe("sampleShifts", () => {
  const count = 20_000;
  const stream = () => createStream(3, "shifts");
  const moments = (values: Float32Array) => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    return { mean, variance, largest: values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) };
  };

  it("none: zero", () => expect(moments(sampleShifts({ kind: "none" }, count, stream())).largest).toBe(0));

  it("Gaussian: the standard deviation asked for", () => {
    const { mean, variance } = moments(sampleShifts({ kind: "gaussian", sigma: 0.03 }, count, stream()));
    const draws = 2 * count;
    expect(Math.abs(mean)).toBeLessThan((3 * 0.03) / Math.sqrt(draws));
    expect(Math.abs(variance / 0.03 ** 2 - 1)).toBeLessThan(3 * Math.sqrt(2 / draws));
  });

  it("triangular on ±extent: variance extent²/6, fourth moment extent⁴/15", () => {
    const values = sampleShifts({ kind: "triangular", extent: 0.06 }, count, stream());
    const { mean, variance, largest } = moments(values);
    const draws = 2 * count;
    expect(largest).toBeLessThanOrEqual(0.06);
    expect(largest).toBeGreaterThan(0.058);
    expect(Math.abs(mean)).toBeLessThan((3 * 0.06) / Math.sqrt(6 * draws));
    expect(Math.abs((6 * variance) / 0.06 ** 2 - 1)).toBeLessThan(3 * Math.sqrt((36 / 15 - 1) / draws));
    const fourth = values.reduce((a, b) => a + b ** 4, 0) / draws;
    expect((15 * fourth) / 0.06 ** 4).toBeCloseTo(1, 1);
  });
});
