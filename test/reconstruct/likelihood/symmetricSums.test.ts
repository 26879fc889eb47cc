import { expect, test } from "vitest";
import { polarGrid } from "../../../src/physics/frequencies.ts";
import { randomRotation } from "../../../src/physics/rotations.ts";
import { pointGroup, splitGroup } from "../../../src/physics/symmetry.ts";
import { addSlices, emptySums } from "../../../src/reconstruct/likelihood/backprojection.ts";
import { symmetriseSums } from "../../../src/reconstruct/likelihood/symmetricSums.ts";
import { createStream } from "../../../src/runtime/random.ts";

const n = 12,
  m = 2 * n + 2;

/**
 * The sums of a frequency wherever they stand: in the plane kz = 0 those of -f, conjugate, put to those of f. Beyond
 * the finest shell, where slices have but neighbours of samples, nothing is made of them.
 */
const ofFrequencies = (values: Float32Array): Float32Array =>
  values.map((v, i) => {
    const voxel = Math.floor(i / 3),
      [x, y, z] = [(voxel % m) - n, (Math.floor(voxel / m) % m) - n, Math.floor(voxel / m ** 2)];
    if (Math.hypot(x, y, z) > n) return 0;
    if (z > 0) return v;
    const opposite = 3 * ((n - y) * m + n - x) + (i % 3);
    return i % 3 === 1 ? v - values[opposite]! : v + values[opposite]!;
  });

test.each([
  ["C1", 1, 1],
  ["C2", 2, 1],
  ["C3", 1, 3],
  ["C4", 4, 1],
  ["D2", 4, 1],
  ["D3", 2, 3],
  ["D7", 2, 7],
  ["T", 1, 12],
  ["O", 24, 1],
  ["I", 12, 5],
])("slices at some poses, put together afterwards, are those at all of %s", (symbol, onAxes, others) => {
  const group = pointGroup(symbol),
    split = splitGroup(group);
  expect([split.onAxes.length, split.others.length]).toEqual([onAxes, others]);
  const stream = createStream(5, symbol),
    grid = polarGrid(n / 2, 10),
    views = 4;
  const seen = Array.from({ length: views }, (_, place) => ({ pose: randomRotation(stream), place })),
    normal = (size: number): Float32Array => Float32Array.from({ length: size }, () => stream.normal());
  const slices = {
    re: normal(grid.count * views),
    im: normal(grid.count * views),
    denominator: normal(views * grid.radii.length).map(Math.abs),
  };
  const [whole, some] = [emptySums(n), emptySums(n)],
    whitening = normal(grid.count);
  addSlices(whole, slices, seen, group, grid, whitening);
  addSlices(some, slices, seen, split.others, grid, whitening);
  symmetriseSums(some.values, n, split.onAxes);
  const [expected, found] = [ofFrequencies(whole.values), ofFrequencies(some.values)],
    largest = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  expect(largest).toBeGreaterThan(1);
  expect(found.reduce((most, v, i) => Math.max(most, Math.abs(v - expected[i]!)), 0)).toBeLessThan(1e-5 * largest);
});
