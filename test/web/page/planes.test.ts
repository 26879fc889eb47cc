import { expect, test } from "vitest";
import { mapLevels } from "../../../src/charts/mapLevels.ts";
import { acrossAxis, greyRange, placeOfVoxel, planeOf, voxelAt } from "../../../src/web/page/map/planes.ts";
import { scaleBarAngstrom } from "../../../src/web/page/map/scaleBar.ts";
import { thinned } from "../../../src/web/page/map/thinned.ts";

/** A box of 4 x 3 x 2 voxels of 2 Å whose density tells its place: x in ones, y in tens, z in hundreds. */
const map = {
  shape: [2, 3, 4] as [number, number, number],
  pixelSizeAngstrom: 2,
  originAngstrom: [0, 0, 0] as [number, number, number],
  data: Float32Array.from({ length: 24 }, (_, i) => (i % 4) + 10 * (Math.floor(i / 4) % 3) + 100 * Math.floor(i / 12)),
};

test("slices show the density at their place, what is up at the top", () => {
  expect(planeOf(map, "z", 1)).toEqual({
    width: 4,
    height: 3,
    values: Float32Array.of(120, 121, 122, 123, 110, 111, 112, 113, 100, 101, 102, 103),
  });
  expect(planeOf(map, "y", 2)).toEqual({
    width: 4,
    height: 2,
    values: Float32Array.of(120, 121, 122, 123, 20, 21, 22, 23),
  });
  expect(planeOf(map, "x", 3)).toEqual({
    width: 3,
    height: 2,
    values: Float32Array.of(103, 113, 123, 3, 13, 23),
  });
});

test("thinned to every second voxel, those that are left stay where they were", () => {
  const thin = thinned(map, 2);
  expect([thin.shape, thin.pixelSizeAngstrom, [...thin.data]]).toEqual([[1, 2, 2], 4, [0, 2, 20, 22]]);
});

test("right, up and towards the viewer are a right-handed frame", () => {
  const unit = { x: [1, 0, 0], y: [0, 1, 0], z: [0, 0, 1] };
  for (const axis of ["x", "y", "z"] as const) {
    const { right, up, towardsViewer } = acrossAxis[axis],
      [a, b] = [unit[right], unit[up]] as [[number, number, number], [number, number, number]];
    const cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    expect(cross).toEqual(unit[axis].map((value) => value * towardsViewer + 0));
  }
});

test("places are counted from voxel floor(n/2), and end at the borders", () => {
  expect([0, 1, 2, 3].map((voxel) => placeOfVoxel(map, "x", voxel))).toEqual([-4, -2, 0, 2]);
  expect([0, 1, 2].map((voxel) => placeOfVoxel(map, "y", voxel))).toEqual([-2, 0, 2]);
  for (const voxel of [0, 1, 2, 3]) expect(voxelAt(map, "x", placeOfVoxel(map, "x", voxel))).toBe(voxel);
  expect([-99, -2.9, 0.9, 99].map((place) => voxelAt(map, "x", place))).toEqual([0, 1, 2, 3]);
});

test("grey reaches as far below the mean as above it, and further than the level of the surface", () => {
  const values = Float32Array.from({ length: 10_000 }, (_, i) => (i % 20 === 0 ? 10 : 0) + ((i * 7919) % 1000) / 1000);
  const statistics = mapLevels(values),
    [black, white] = greyRange(statistics);
  expect((black + white) / 2).toBeCloseTo(statistics.mean, 6);
  expect(white).toBeGreaterThan(statistics.mean + statistics.defaultLevelSigma * statistics.sigma);
  const [low, high] = greyRange(mapLevels(new Float32Array(8).fill(2)));
  expect([low < 2, high > 2]).toEqual([true, true]); // a constant map is grey
});

test.each([
  [100, 20],
  [205, 50],
  [300, 100],
  [15, 5],
  [3, 1],
  [0.7, 0.2],
])("of %s Å that are seen the scale bar is %s Å long", (seen, length) => {
  expect(scaleBarAngstrom(seen)).toBeCloseTo(length, 9);
});
