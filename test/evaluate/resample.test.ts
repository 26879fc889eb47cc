import { describe, expect, it } from "vitest";
import type { Volume } from "../../src/base/types.ts";
import { resample } from "../../src/evaluate/resample.ts";
import { densityOf, randomBlobs } from "./blobs.ts";

const blobs = randomBlobs(3, 12, 12, 4.5);

function largestError(a: Volume, b: Volume): number {
  expect(a.shape).toEqual(b.shape);
  return a.data.reduce((worst, v, i) => Math.max(worst, Math.abs(v - b.data[i]!)), 0);
}

describe("resample", () => {
  it.each([
    ["coarser, same edge", 48, 1.5, 24, 3],
    ["finer, same edge", 24, 3, 48, 1.5],
    ["even to odd box, ratio not whole", 48, 1.5, 27, 2.7],
    ["odd to even box, smaller edge", 45, 2, 30, 2.4],
    ["larger edge", 32, 2.2, 40, 2.4],
  ])("gives the analytic density on the new grid: %s", (_name, n, pixel, newN, newPixel) => {
    const result = resample(densityOf(blobs, n, pixel), newN, newPixel);
    const truth = densityOf(blobs, newN, newPixel);
    const peak = Math.max(...truth.data);
    expect(largestError(result, truth)).toBeLessThan(3e-3 * peak);
    expect(result.pixelSizeAngstrom).toBe(newPixel);
  });

  it("takes boxes that are not cubes, and keeps the centre voxel in place", () => {
    const cube = densityOf(blobs, 48, 1.5);
    const [nz, ny, nx] = [44, 48, 42];
    const data = new Float32Array(nz * ny * nx);
    for (let z = 0; z < nz; z++)
      for (let y = 0; y < ny; y++)
        for (let x = 0; x < nx; x++) {
          data[(z * ny + y) * nx + x] = cube.data[((z + 24 - nz / 2) * 48 + y + 24 - ny / 2) * 48 + x + 24 - nx / 2]!;
        }
    const result = resample({ data, shape: [nz, ny, nx], pixelSizeAngstrom: 1.5, originAngstrom: [10, 20, 30] }, 24, 3);
    const truth = densityOf(blobs, 24, 3);
    expect(largestError(result, truth)).toBeLessThan(3e-3 * Math.max(...truth.data));
    expect(result.originAngstrom).toEqual([10 + 21 * 1.5 - 36, 20 + 24 * 1.5 - 36, 30 + 22 * 1.5 - 36]);
  });
});
