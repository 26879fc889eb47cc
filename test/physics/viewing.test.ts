import { describe, expect, it } from "vitest";
import { InputError } from "../../src/base/errors.ts";
import { matrixToEuler } from "../../src/physics/rotations.ts";
import { samplePoses, type ViewingDistribution } from "../../src/physics/viewing.ts";
import { createStream } from "../../src/runtime/random.ts";

const count = 20000;
const draw = (distribution: ViewingDistribution, number = count) =>
  samplePoses(distribution, number, createStream(8, "views"));
const row2 = (poses: Float32Array, i: number) => [poses[9 * i + 6], poses[9 * i + 7], poses[9 * i + 8]];

function meanDirection(poses: Float32Array): number[] {
  const mean = [0, 0, 0];
  const number = poses.length / 9;
  for (let i = 0; i < number; i++) row2(poses, i).forEach((c, k) => (mean[k]! += c! / number));
  return mean;
}

/** Pearson's statistic of the in-plane angles against a uniform distribution over 24 bins. */
function psiChiSquare(poses: Float32Array): number {
  const counts = new Float64Array(24);
  const number = poses.length / 9;
  for (let i = 0; i < number; i++) {
    const { psi } = matrixToEuler(Float64Array.from(poses.subarray(9 * i, 9 * i + 9)));
    counts[Math.min(23, Math.floor((psi / (2 * Math.PI) + 0.5) * 24))]!++;
  }
  return counts.reduce((sum, c) => sum + (c - number / 24) ** 2 / (number / 24), 0);
}
const psiLimit = 23 + 5 * Math.sqrt(46);

describe("samplePoses", () => {
  const peak: ViewingDistribution = { kind: "peaks", peaks: [{ direction: [1, -2, 2], kappa: 5 }] };
  const table: ViewingDistribution = {
    kind: "table",
    views: [
      { rot: 0.3, tilt: 1, weight: 1 },
      { rot: -2, tilt: 2, weight: 3 },
    ],
    jitter: 0.05,
  };

  it("gives proper rotations for every kind", () => {
    for (const distribution of [{ kind: "uniform" } as const, peak, table]) {
      const poses = draw(distribution, 50);
      expect(poses.length).toBe(450);
      for (let i = 0; i < 50; i++) {
        const a = poses.subarray(9 * i, 9 * i + 9);
        for (let r = 0; r < 3; r++) {
          for (let s = 0; s < 3; s++) {
            expect(a[3 * r]! * a[3 * s]! + a[3 * r + 1]! * a[3 * s + 1]! + a[3 * r + 2]! * a[3 * s + 2]!).toBeCloseTo(
              r === s ? 1 : 0,
              5,
            );
          }
        }
        // row0 x row1 = row2: no mirror image
        expect(a[1]! * a[5]! - a[2]! * a[4]!).toBeCloseTo(a[6]!, 5);
        expect(a[2]! * a[3]! - a[0]! * a[5]!).toBeCloseTo(a[7]!, 5);
        expect(a[0]! * a[4]! - a[1]! * a[3]!).toBeCloseTo(a[8]!, 5);
      }
    }
  });

  it("covers the sphere evenly when uniform", () => {
    const poses = draw({ kind: "uniform" });
    const limit = 5 / Math.sqrt(3 * count);
    for (const c of meanDirection(poses)) expect(Math.abs(c)).toBeLessThan(limit);
    // The cosine to any axis is uniform in -1..1 (Archimedes).
    const counts = new Float64Array(20);
    for (let i = 0; i < count; i++) counts[Math.min(19, Math.floor((row2(poses, i)[2]! + 1) * 10))]!++;
    expect(counts.reduce((sum, c) => sum + (c - count / 20) ** 2 / (count / 20), 0)).toBeLessThan(
      19 + 5 * Math.sqrt(38),
    );
    expect(psiChiSquare(poses)).toBeLessThan(psiLimit);
  });

  it.each([0.5, 5, 500])(
    "has the mean direction and resultant length coth(kappa) - 1/kappa of von Mises-Fisher, kappa %d",
    (kappa) => {
      const poses = draw({ kind: "peaks", peaks: [{ direction: [1, -2, 2], kappa }] });
      const mean = meanDirection(poses);
      const expected = 1 / Math.tanh(kappa) - 1 / kappa;
      // Components spread by at most 1/sqrt(max(kappa, 3)) per axis.
      const limit = 5 / Math.sqrt(Math.max(kappa, 3) * count);
      [1 / 3, -2 / 3, 2 / 3].forEach((c, k) => expect(Math.abs(mean[k]! - expected * c)).toBeLessThan(limit));
      expect(psiChiSquare(poses)).toBeLessThan(psiLimit);
    },
  );

  it("follows the von Mises-Fisher distribution of the cosine to the mean direction", () => {
    const poses = draw(peak);
    const kappa = 5;
    const below = (w: number) => (Math.exp(kappa * (w - 1)) - Math.exp(-2 * kappa)) / (1 - Math.exp(-2 * kappa));
    const edges = [-1, 0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1];
    const counts = new Float64Array(10);
    for (let i = 0; i < count; i++) {
      const [x, y, z] = row2(poses, i);
      const w = (x! - 2 * y! + 2 * z!) / 3;
      counts[edges.findIndex((edge, k) => k > 0 && (w <= edge || k === 10)) - 1]!++;
    }
    let chiSquare = 0;
    for (let k = 0; k < 10; k++) {
      const expected = count * (below(edges[k + 1]!) - below(edges[k]!));
      chiSquare += (counts[k]! - expected) ** 2 / expected;
    }
    expect(chiSquare).toBeLessThan(9 + 5 * Math.sqrt(18));
  });

  it("is uniform for kappa 0 and stays at the direction for a huge kappa", () => {
    const flat = meanDirection(draw({ kind: "peaks", peaks: [{ direction: [0, 0, 1], kappa: 0 }] }));
    for (const c of flat) expect(Math.abs(c)).toBeLessThan(5 / Math.sqrt(3 * count));
    for (const direction of [
      [0, 0, 1],
      [0, 0, -1],
      [0, 3, 0],
    ] as [number, number, number][]) {
      const sharp = draw({ kind: "peaks", peaks: [{ direction, kappa: 1e12 }] }, 20);
      const length = Math.hypot(...direction);
      for (let i = 0; i < 20; i++) row2(sharp, i).forEach((c, k) => expect(c).toBeCloseTo(direction[k]! / length, 4));
    }
  });

  it("shares the particles by weight, with jitter as the spread per axis", () => {
    const poses = draw(table);
    const tilts = Array.from({ length: count }, (_, i) => Math.acos(row2(poses, i)[2]!));
    const first = tilts.filter((tilt) => tilt < 1.5);
    expect(Math.abs(first.length - count / 4)).toBeLessThan(5 * Math.sqrt(count * 0.25 * 0.75));
    // Close to the tabulated direction the tilt is normal with the jitter as its standard deviation.
    const mean = first.reduce((a, b) => a + b, 0) / first.length;
    const deviation = Math.sqrt(first.reduce((a, b) => a + (b - mean) ** 2, 0) / first.length);
    expect(mean).toBeCloseTo(1, 2);
    expect(Math.abs(deviation / 0.05 - 1)).toBeLessThan(5 / Math.sqrt(2 * first.length));
  });

  it("keeps exactly to the table without jitter, and never draws a view of weight 0", () => {
    const poses = draw(
      {
        kind: "table",
        views: [
          { rot: 1, tilt: 0.2, weight: 0 },
          { rot: 0.5, tilt: 1.5, weight: 2 },
          { rot: 0, tilt: 3, weight: 0 },
        ],
        jitter: 0,
      },
      200,
    );
    for (let i = 0; i < 200; i++) {
      const { rot, tilt } = matrixToEuler(Float64Array.from(poses.subarray(9 * i, 9 * i + 9)));
      expect(rot).toBeCloseTo(0.5, 5);
      expect(tilt).toBeCloseTo(1.5, 5);
    }
  });

  it("names the entry that is no distribution", () => {
    const peaks = (entry: object): ViewingDistribution => ({
      kind: "peaks",
      peaks: [
        { direction: [0, 0, 1], kappa: 1 },
        { direction: [0, 0, 1], kappa: 1, ...entry },
      ],
    });
    expect(() => draw(peaks({ kappa: -1 }), 1)).toThrow(/entry 2: kappa/);
    expect(() => draw(peaks({ kappa: NaN }), 1)).toThrow(InputError);
    expect(() => draw(peaks({ weight: -1 }), 1)).toThrow(/entry 2: the weight/);
    expect(() => draw(peaks({ direction: [0, 0, 0] }), 1)).toThrow(/entry 2: 0, 0, 0 is not a direction/);
    expect(() => draw({ kind: "peaks", peaks: [] }, 1)).toThrow(InputError);
    expect(() => draw({ kind: "table", views: [{ rot: 0, tilt: 0, weight: 0 }], jitter: 0 }, 1)).toThrow(
      /no entry has a weight/,
    );
    expect(() => draw({ kind: "table", views: [{ rot: 0, tilt: 0, weight: 1 }], jitter: -1 }, 1)).toThrow(/jitter/);
  });
});
