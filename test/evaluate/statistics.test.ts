import { describe, expect, it } from "vitest";
import type { Volume } from "../../src/base/types.ts";
import { guinierProfile, mapCorrelation, mapStatistics, radialPower, skewness } from "../../src/evaluate/statistics.ts";
import { densityOf, withNoise } from "./blobs.ts";

function smallMap(values: number[]): Volume {
  return {
    data: Float32Array.from(values),
    shape: [1, 1, values.length],
    pixelSizeAngstrom: 1,
    originAngstrom: [0, 0, 0],
  };
}

describe("map statistics", () => {
  it("gives extremes, mean and standard deviation", () => {
    expect(mapStatistics(smallMap([2, 4, 4, 4, 5, 5, 7, 9]))).toEqual({ min: 2, max: 9, mean: 5, sigma: 2 });
  });

  it("tells by the skewness to which side values stand out", () => {
    // Of 0, 0, 0, 1: mean 1/4, variance 3/16, third moment 3/32; a share p at 1: (1 - 2p)/√(p(1 - p)).
    expect(skewness([0, 0, 0, 1], [1, 1, 1, 1])).toBeCloseTo(2 / Math.sqrt(3), 12);
    expect(skewness([0, -1], [3, 1])).toBeCloseTo(-2 / Math.sqrt(3), 12);
    expect(skewness([0, 1, 99], [3, 1, 0])).toBeCloseTo(2 / Math.sqrt(3), 12);
    expect(skewness([5, 5], [1, 1])).toBe(0);
  });

  it("puts the power of a wave into its shell", () => {
    const n = 16;
    const data = Float32Array.from({ length: n ** 3 }, (_, i) => 3 * Math.cos((2 * Math.PI * 5 * (i % n)) / n));
    const { frequency, value } = radialPower({ ...densityOf([], n, 2), data });
    // Two coefficients of amplitude 3 n^3 / 2 among those of shell 5, counted directly.
    let size = 0;
    for (let z = -8; z < 8; z++)
      for (let y = -8; y < 8; y++) for (let x = -8; x < 8; x++) if (Math.round(Math.hypot(x, y, z)) === 5) size++;
    expect(value[4]! / ((2 * (1.5 * n ** 3) ** 2) / size)).toBeCloseTo(1, 5);
    expect(value[3]! / value[4]!).toBeLessThan(1e-10);
    expect(frequency[4]).toBeCloseTo(5 / 32, 12);
  });

  it("makes a line of slope -2 pi^2 sigma^2 of a Gaussian in the Guinier plot", () => {
    const { inverseSquareResolution: x, logAmplitude: y } = guinierProfile(
      densityOf([{ centreAngstrom: [1, 2, 3], sigmaAngstrom: 3, height: 2 }], 32, 2),
    );
    const slope = (y[7]! - y[3]!) / (x[7]! - x[3]!);
    expect(slope / (-2 * Math.PI ** 2 * 9)).toBeCloseTo(1, 1);
  });

  it("makes the same Guinier plot of a map's first shells alone", () => {
    const map = withNoise(densityOf([{ centreAngstrom: [1, 2, 3], sigmaAngstrom: 3, height: 2 }], 32, 2), 1, 3),
      whole = guinierProfile(map),
      first = guinierProfile(map, 9);
    expect(first.logAmplitude).toHaveLength(9);
    for (const curve of ["inverseSquareResolution", "logAmplitude"] as const)
      first[curve].forEach((v, i) => expect(v).toBeCloseTo(whole[curve][i]!, 10));
  });

  it("correlates densities within a mask", () => {
    const a = smallMap([1, 2, 3, 4, 100]);
    expect(mapCorrelation(a, smallMap([5, 7, 9, 11, 203]))).toBeCloseTo(1, 6);
    expect(mapCorrelation(a, smallMap([-1, -2, -3, -4, 50]), smallMap([1, 1, 1, 1, 0]))).toBeCloseTo(-1, 6);
    // Weighted Pearson by hand: weights 1, 1, 2 on (0,0), (1,0), (2,3); means 1.25 and 1.5; sums 4.5, 2.75 and 9.
    const weighted = mapCorrelation(smallMap([0, 1, 2]), smallMap([0, 0, 3]), smallMap([1, 1, 2]));
    expect(weighted).toBeCloseTo(4.5 / Math.sqrt(2.75 * 9), 6);
    expect(mapCorrelation(a, smallMap([1, 1, 1, 1, 1]))).toBe(0);
    const noise = densityOf([], 20, 1);
    expect(Math.abs(mapCorrelation(withNoise(noise, 1, 1), withNoise(noise, 1, 2)))).toBeLessThan(3 / Math.sqrt(8000));
  });
});
