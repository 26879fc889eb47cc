import { describe, expect, it } from "vitest";
import type { Volume } from "../../src/base/types.ts";
import { lowPass } from "../../src/evaluate/filter.ts";
import { applyMask, densityMask, otsuThreshold } from "../../src/evaluate/mask.ts";
import { densityOf } from "./blobs.ts";

const at = (v: Volume, x: number, y: number, z: number) => v.data[(z * v.shape[1] + y) * v.shape[2] + x];

describe("densityMask", () => {
  const ball = densityOf([{ centreAngstrom: [4, -2, 0], sigmaAngstrom: 6, height: 1 }], 40, 1);
  const radius = 6 * Math.sqrt(2 * Math.log(2)); // where the Gaussian is one half

  it("is 1 out to threshold radius plus extension, and 0 beyond the edge", () => {
    const mask = densityMask(ball, { lowPassAngstrom: 0, threshold: 0.5, extendVoxels: 2, softEdgeVoxels: 4 });
    for (let z = 0; z < 40; z++)
      for (let y = 0; y < 40; y++)
        for (let x = 0; x < 40; x++) {
          const r = Math.hypot(x - 24, y - 18, z - 20);
          const value = at(mask, x, y, z);
          // The thresholded voxels end within one voxel of the sphere.
          if (r <= radius + 1) expect(value).toBe(1);
          else if (r >= radius + 7) expect(value).toBe(0);
          else {
            const edge = (d: number) => 0.5 + 0.5 * Math.cos(Math.PI * Math.min(1, Math.max(0, d / 4)));
            expect(value).toBeGreaterThanOrEqual(edge(r - radius - 2 + 1) - 1e-6);
            expect(value).toBeLessThanOrEqual(edge(r - radius - 2 - 1) + 1e-6);
          }
        }
  });

  it("falls with the distance to the nearest voxel above the threshold, exactly", () => {
    const shape: [number, number, number] = [14, 11, 17],
      seeds = [
        [3, 2, 5],
        [4, 9, 6],
        [12, 0, 16],
      ];
    const data = new Float32Array(14 * 11 * 17);
    for (const [z, y, x] of seeds) data[(z! * 11 + y!) * 17 + x!] = 1;
    const map: Volume = { data, shape, pixelSizeAngstrom: 1, originAngstrom: [0, 0, 0] };
    const mask = densityMask(map, { lowPassAngstrom: 0, threshold: 0.5, extendVoxels: 1.5, softEdgeVoxels: 4 });
    mask.data.forEach((value, i) => {
      const voxel = [Math.floor(i / (11 * 17)), Math.floor(i / 17) % 11, i % 17],
        distance = Math.min(...seeds.map((seed) => Math.hypot(...seed.map((s, axis) => s - voxel[axis]!))));
      const t = Math.min(1, Math.max(0, (distance - 1.5) / 4));
      expect(value).toBeCloseTo(0.5 + 0.5 * Math.cos(Math.PI * t), 6);
    });
  });

  it("finds a threshold by itself, between background and density", () => {
    const mask = densityMask(ball, { lowPassAngstrom: 8 });
    expect(at(mask, 24, 18, 20)).toBe(1);
    expect(at(mask, 2, 38, 2)).toBe(0);
    expect(otsuThreshold(Float32Array.of(0, 0.1, 0.05, 5, 5.1, 0.02))).toBeGreaterThan(0.1);
    expect(otsuThreshold(Float32Array.of(0, 0.1, 0.05, 5, 5.1, 0.02))).toBeLessThan(5);
  });

  it("says so when nothing is above the threshold", () => {
    expect(() => densityMask(ball, { threshold: 9 })).toThrow(/mask is empty.*lower threshold/);
  });

  it("multiplies a map voxel by voxel", () => {
    const mask = { ...ball, data: ball.data.map((_, i) => i % 7) };
    expect(at(applyMask(ball, mask), 24, 18, 20)).toBe(((20 * 40 + 18) * 40 + 24) % 7); // the ball is 1 there
    expect(at(applyMask(ball, mask), 25, 18, 20)).toBeCloseTo(at(mask, 25, 18, 20)! * at(ball, 25, 18, 20)!, 6);
  });
});

describe("lowPass", () => {
  it("keeps waves below the cut-off, halves those on it and removes those above", () => {
    const n = 24;
    const wave = (k: number) =>
      Float32Array.from({ length: n ** 3 }, (_, i) => Math.cos((2 * Math.PI * k * Math.floor(i / n)) / n));
    const filtered = (k: number) => lowPass({ ...densityOf([], n, 2), data: wave(k) }, 48 / 6).data;
    for (const [k, gain] of [
      [4, 1],
      [5, 1],
      [6, 0.5],
      [7, 0],
      [10, 0],
    ] as const) {
      const before = wave(k);
      filtered(k).forEach((v, i) => expect(Math.abs(v - gain * before[i]!)).toBeLessThan(1e-5));
    }
  });
});
