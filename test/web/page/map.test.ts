import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { mapLevels } from "../../../src/charts/mapLevels.ts";
import { mirrored, readMapGrid } from "../../../src/web/page/map/grid.ts";
import { installTestDebs, python, temporaryFolder } from "../../io/helpers.ts";

beforeAll(installTestDebs);

test("statistics of numbers known by hand", () => {
  const values = Float32Array.from({ length: 10_000 }, (_, i) => i);
  const { min, max, mean, sigma, defaultLevelSigma, highestLevelSigma } = mapLevels(values);
  expect([min, max, mean]).toEqual([0, 9999, 4999.5]);
  // Of n whole numbers in a row: sqrt((n² - 1) / 12).
  expect(sigma).toBeCloseTo(Math.sqrt((1e8 - 1) / 12), 3);
  // Even values are best parted in the middle; the histogram has bins of 2.44.
  expect(Math.abs(mean + defaultLevelSigma * sigma - 5000)).toBeLessThan(3);
  // 0.01 % of them are above 9998.
  expect(Math.abs(mean + highestLevelSigma * sigma - 9999)).toBeLessThan(3);
});

test("the default level parts a particle from solvent that is twenty times as large", () => {
  // Wide values around 0 and around 10, in the shape of a triangle; whole numbers from a fixed rule.
  const spread = (i: number) => ((i * 7919) % 1000) / 1000 + ((i * 104729) % 1000) / 1000 - 1;
  const values = Float32Array.from({ length: 21_000 }, (_, i) => (i % 21 === 0 ? 10 : 0) + 2 * spread(i));
  const { mean, sigma, defaultLevelSigma } = mapLevels(values);
  const level = mean + defaultLevelSigma * sigma;
  expect(values.filter((value) => value > level).length).toBe(1000);
});

test("a constant map has levels", () => {
  expect(mapLevels(new Float32Array(8).fill(2))).toMatchObject({
    sigma: 0,
    defaultLevelSigma: 0,
    highestLevelSigma: 1,
  });
});

test("a map that mrcfile wrote is read with its axes, pixel size and origin", async () => {
  const path = join(temporaryFolder(), "map.mrc");
  python(
    `
import sys, mrcfile, numpy as np
with mrcfile.new(sys.argv[1]) as f:
    f.set_data(np.arange(24, dtype=np.float32).reshape(2, 3, 4)); f.voxel_size = 1.5
    f.header.origin.x, f.header.origin.y, f.header.origin.z = 1, 2, 3
`,
    path,
  );
  const bytes = readFileSync(path);
  const map = await readMapGrid(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  expect(map.shape).toEqual([2, 3, 4]);
  expect(map.pixelSizeAngstrom).toBeCloseTo(1.5, 6);
  expect(map.originAngstrom).toEqual([1, 2, 3]);
  expect([...map.data]).toEqual(Array.from({ length: 24 }, (_, i) => i));
  // The other hand: x about voxel floor(4 / 2) = 2, so 0 1 2 3 becomes 0 3 2 1.
  expect([...mirrored(map).data].slice(0, 4)).toEqual([0, 3, 2, 1]);
});

test("what is no map is refused", async () => {
  await expect(readMapGrid(new TextEncoder().encode("x".repeat(2000)).buffer)).rejects.toThrow();
});
