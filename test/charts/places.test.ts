import { expect, test } from "vitest";
import { countWithin, spreadOf, ticksOf } from "../../src/charts/places.ts";
import { createStream } from "../../src/runtime/random.ts";

test("each particle is in the bin that reaches about its place", () => {
  const z = Float32Array.of(-2, -1.9, 0, 0.1, 1, 2);
  const { ranges, bins, counts, largest } = spreadOf([z]);
  expect(ranges).toEqual([{ low: -2, high: 2 }]);
  expect([bins, largest]).toEqual([16, 2]);
  // Bins are 0.25 wide.
  expect([...counts]).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 1]);
});

test("of two components the first runs fastest", () => {
  const { counts, bins } = spreadOf([Float32Array.of(0, 1, 1), Float32Array.of(0, 0, 4)]);
  const at = (x: number, y: number) => counts[y * bins + x];
  expect([at(0, 0), at(bins - 1, 0), at(bins - 1, bins - 1), at(0, bins - 1)]).toEqual([1, 1, 1, 0]);
});

test("particles all in one place are in one bin", () => {
  const { ranges, counts } = spreadOf([Float32Array.of(3, 3, 3)]);
  expect(ranges).toEqual([{ low: 2.5, high: 3.5 }]);
  expect(Math.max(...counts)).toBe(3);
});

test("a million particles have no more bins than can be seen, and none is lost", () => {
  const stream = createStream(1, "places"),
    places = [0, 1].map(() => Float32Array.from({ length: 1_000_000 }, () => stream.uniform()));
  const { bins, counts } = spreadOf(places);
  expect(bins).toBeLessThan(100);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_000_000);
  const share = countWithin(places, new Map([[0, { low: 0.25, high: 0.75 }]])) / 1_000_000;
  expect(Math.abs(share - 0.5)).toBeLessThan(0.005); // ten standard deviations
  const box = countWithin(
    places,
    new Map([
      [0, { low: 0.25, high: 0.75 }],
      [1, { low: 0.9, high: 2 }],
    ]),
  );
  expect(Math.abs(box / 1_000_000 - 0.05)).toBeLessThan(0.0025);
});

test("ticks are round numbers, no more than nine", () => {
  expect(ticksOf({ low: -1.87, high: 2.1 })).toEqual([-1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2]);
  expect(ticksOf({ low: 0, high: 103 })).toEqual([0, 20, 40, 60, 80, 100]);
  expect(ticksOf({ low: 0, high: 2 }).length).toBeLessThanOrEqual(9);
});
