import { describe, expect, it } from "vitest";
import { cosineEdge, sphericalMask } from "../../src/physics/mask.ts";

it("a cosine edge is 1 up to its start, ½ in the middle and 0 from its end on", () => {
  expect([-3, 0, 4, 9].map((d) => cosineEdge(d, 4))).toEqual([1, 1, 0, 0]);
  expect(cosineEdge(1, 4)).toBeCloseTo(0.5 + Math.SQRT2 / 4, 12);
  expect(cosineEdge(2, 4)).toBeCloseTo(0.5, 12);
});

describe("a spherical mask", () => {
  it.each([20, 21])("is 1 inside, ½ at the radius and 0 outside, about voxel floor(n/2), box %i", (n) => {
    const mask = sphericalMask([n, n, n], 6, 4); // 1 up to 4, 0 from 8
    const at = (z: number, y: number, x: number): number => mask[((z + 10) * n + y + 10) * n + x + 10]!;
    expect(at(0, 0, 0)).toBe(1);
    expect(at(0, -4, 0)).toBe(1);
    expect(at(0, 0, 5)).toBeCloseTo(0.5 + Math.SQRT2 / 4, 6);
    expect(at(-6, 0, 0)).toBeCloseTo(0.5, 6);
    expect(at(2, 3, 6)).toBeCloseTo(0.5 - Math.SQRT2 / 4, 6); // radius 7
    expect(at(0, 8, 0)).toBeCloseTo(0, 12);
    expect(at(-10, -10, -10)).toBe(0);
  });

  it("lies about the centre of a box that is no cube", () => {
    const mask = sphericalMask([3, 4, 5], 1, 0.5);
    const inside = [...mask.keys()]
      .filter((i) => mask[i] === 1)
      .map((i) => [Math.floor(i / 20), Math.floor(i / 5) % 4, i % 5]);
    expect(inside).toEqual([[1, 2, 2]]);
    expect(mask[(0 * 4 + 2) * 5 + 2]).toBeCloseTo(0.5, 6);
  });
});
