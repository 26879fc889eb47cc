import { expect, it } from "vitest";
import {
  afterPass,
  moveScale,
  restoredScales,
  scalesFrom,
  scaleTensors,
} from "../../../src/reconstruct/likelihood/scales.ts";
import { createStream } from "../../../src/runtime/random.ts";

it("one step leads to the peak of the posterior, found here by trying", () => {
  const scales = { ...scalesFrom(3, Float32Array.of(1, 0.8, 1.1)), spread: 0.15 };
  // Response 90 and half-energy 40 at scale 1.
  const posterior = (s: number): number => s * 90 - s * s * 40 - (s - 1) ** 2 / (2 * 0.15 ** 2);
  let best = 0;
  for (let s = 0.5; s < 1.5; s += 1e-5) if (posterior(s) > posterior(best)) best = s;
  const s = scales.values[1]!;
  moveScale(scales, 1, s * 90, s * s * 40);
  expect(scales.values[1]).toBeCloseTo(best, 4);
  expect([scales.values[0], scales.values[2]]).toEqual([1, Math.fround(1.1)]);
});

/** Passes over particles whose responses are those of normal noise: the spread found, and the error of the scales. */
function passes(spread: number, energy: number): { found: number; error: number; known: number } {
  const count = 4000,
    stream = createStream(1, "scales");
  const truth = Float64Array.from({ length: count }, () => 1 + spread * stream.normal());
  // At scale 1 a particle of scale t gives the response 2e·t ± √(2e).
  const response = truth.map((t) => 2 * energy * t + Math.sqrt(2 * energy) * stream.normal());
  let scales = scalesFrom(count, undefined);
  for (let pass = 0; pass < 30; pass++) {
    for (let p = 0; p < count; p++) {
      const s = scales.values[p]!;
      moveScale(scales, p, s * response[p]!, s * s * energy);
    }
    scales = afterPass(scales);
  }
  const error = (of: ArrayLike<number>): number =>
    Math.sqrt(truth.reduce((sum, t, p) => sum + (of[p]! - t) ** 2, 0) / count);
  return {
    found: scales.spread,
    error: error(scales.values),
    known: error(response.map((r) => r / (2 * energy))),
  };
}

it("the spread is found with the scales, and they are nearer to the truth than 1 and than their own peaks", () => {
  const { found, error, known } = passes(0.2, 20);
  expect(found).toBeCloseTo(0.2, 1.5);
  expect(error).toBeLessThan(0.9 * known);
  expect(error).toBeLessThan(0.9 * 0.2);
});

it("particles of one scale stay near it", () => {
  const { error, known } = passes(0, 20);
  expect(error).toBeLessThan(0.35 * known);
});

it("after a pass the mean is 1, and what a checkpoint holds is what goes on", () => {
  const scales = scalesFrom(4, undefined);
  [30, 50, 45, 20].forEach((response, p) => moveScale(scales, p, response, 20));
  const { scales: values, scaleLaw } = scaleTensors(scales);
  expect(restoredScales({ scales: values!.slice(), scaleLaw: scaleLaw! })).toEqual(scales);
  const after = afterPass(scales);
  expect(after.values.reduce((a, b) => a + b) / 4).toBeCloseTo(1, 6);
  expect([after.moved, after.squares]).toEqual([0, 0]);
  expect(restoredScales({})).toBeUndefined();
});
