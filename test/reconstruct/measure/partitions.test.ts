import { expect, test } from "vitest";
import { adjustedRandIndex, bestOverlaps } from "../../../src/reconstruct/measure/partitions.ts";
import { createStream } from "../../../src/runtime/random.ts";

test("the index by counting all pairs of particles", () => {
  const stream = createStream(3, "partitions"),
    draw = (): number[] => Array.from({ length: 60 }, () => stream.integer(3));
  const a = draw(),
    b = a.map((label) => (stream.uniform() < 0.7 ? label : stream.integer(3)));
  let [both, inA, inB, all] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < i; j++) {
      const alikeA = a[i] === a[j],
        alikeB = b[i] === b[j];
      all++;
      inA += Number(alikeA);
      inB += Number(alikeB);
      both += Number(alikeA && alikeB);
    }
  const expected = (inA * inB) / all;
  expect(adjustedRandIndex(a, b)).toBeCloseTo((both - expected) / ((inA + inB) / 2 - expected), 10);
  expect(adjustedRandIndex(a, b)).toBeGreaterThan(0.2);
});

test("is 1 of one partition with other labels, and about 0 of partitions at random", () => {
  const stream = createStream(4, "partitions"),
    draw = (): number[] => Array.from({ length: 3000 }, () => stream.integer(3));
  const a = draw();
  expect(
    adjustedRandIndex(
      a,
      a.map((label) => [7, 5, 9][label]!),
    ),
  ).toBe(1);
  expect(Math.abs(adjustedRandIndex(a, draw()))).toBeLessThan(0.01);
  expect(adjustedRandIndex([1, 1, 1], [2, 2, 2])).toBe(1);
});

test("classes are matched by what they have in common", () => {
  expect(bestOverlaps([1, 1, 1, 2, 2, 2], [5, 5, 6, 6, 6, 6])).toEqual(
    new Map([
      [1, 2 / 3],
      [2, 3 / 4],
    ]),
  );
});
