import { describe, expect, it } from "vitest";
import { InputError } from "../../src/base/errors.ts";
import { angularDistance, axisAngleToMatrix, multiply, transpose } from "../../src/physics/rotations.ts";
import { pointGroup } from "../../src/physics/symmetry.ts";

const identity = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

/**
 * Axes as RELION's src/symmetries.cpp prints them (`SymList::fill_symmetry_class`), fold and direction, and the order
 * of each group as crystallography knows it.
 */
const relion: Record<string, { order: number; axes: [number, number, number, number][] }> = {
  C1: { order: 1, axes: [] },
  C2: { order: 2, axes: [[2, 0, 0, 1]] },
  C7: { order: 7, axes: [[7, 0, 0, 1]] },
  C12: { order: 12, axes: [[12, 0, 0, 1]] },
  D1: { order: 2, axes: [[2, 1, 0, 0]] },
  D2: {
    order: 4,
    axes: [
      [2, 0, 0, 1],
      [2, 1, 0, 0],
      [2, 0, 1, 0],
    ],
  },
  D7: {
    order: 14,
    axes: [
      [7, 0, 0, 1],
      [2, 1, 0, 0],
    ],
  },
  D17: {
    order: 34,
    axes: [
      [17, 0, 0, 1],
      [2, 1, 0, 0],
    ],
  },
  T: {
    order: 12,
    axes: [
      [3, 0, 0, 1],
      [2, 0, 0.816496, 0.57735],
    ],
  },
  O: {
    order: 24,
    axes: [
      [3, 0.5773502, 0.5773502, 0.5773502],
      [4, 0, 0, 1],
    ],
  },
  I: {
    order: 60,
    axes: [
      [2, 0, 0, 1],
      [5, 0.525731114, 0, 0.850650807],
      [3, 0, 0.356822076, 0.934172364],
    ],
  },
  I2: {
    order: 60,
    axes: [
      [2, 0, 0, 1],
      [5, 0.525731114, 0, 0.850650807],
      [3, 0, 0.356822076, 0.934172364],
    ],
  },
  I1: {
    order: 60,
    axes: [
      [2, 1, 0, 0],
      [5, 0.850650807027, 0, -0.5257311142635],
      [3, 0.934172364, 0.3568220765, 0],
    ],
  },
  I3: {
    order: 60,
    axes: [
      [2, -0.5257311143, 0, 0.850650807],
      [5, 0, 0, 1],
      [3, -0.4911234778630044, 0.3568220764705179, 0.7946544753759428],
    ],
  },
  I4: {
    order: 60,
    axes: [
      [2, 0.5257311143, 0, 0.850650807],
      [5, 0.8944271932547097, 0, 0.4472135909903704],
      [3, 0.4911234778630044, 0.3568220764705179, 0.7946544753759428],
    ],
  },
};

const contains = (group: Float64Array[], a: Float64Array, tolerance: number) =>
  group.some((b) => angularDistance(a, b) < tolerance);

describe.each(Object.keys(relion))("point group %s", (symbol) => {
  const group = pointGroup(symbol);
  const { order, axes } = relion[symbol]!;

  it("has its order and starts with the identity", () => {
    expect(group.length).toBe(order);
    expect(group[0]).toEqual(identity);
  });

  it("is closed under products and inverses, and holds no rotation twice", () => {
    for (const a of group) {
      expect(contains(group, transpose(a), 1e-9)).toBe(true);
      for (const b of group) {
        expect(contains(group, multiply(a, b), 1e-9)).toBe(true);
        if (a !== b) expect(angularDistance(a, b)).toBeGreaterThan(0.1);
      }
    }
  });

  it("has RELION's axes where RELION has them", () => {
    for (const [fold, x, y, z] of axes) {
      // RELION writes some axes with six digits.
      expect(contains(group, axisAngleToMatrix([x, y, z], (2 * Math.PI) / fold), 1e-5)).toBe(true);
      expect(contains(group, axisAngleToMatrix([x, y, z], Math.PI / fold), 1e-2)).toBe(false);
    }
  });
});

describe("symbols", () => {
  it("may be written in lower case", () => {
    expect(pointGroup("d2")).toEqual(pointGroup("D2"));
  });

  it.each(["", "C", "C0", "D0", "C100", "D2h", "Td", "I5", "Ih", "X", "C2 ", "2"])(
    "refuses %j with the list of valid ones",
    (symbol) => {
      expect(() => pointGroup(symbol)).toThrow(InputError);
      expect(() => pointGroup(symbol)).toThrow(/C1 to C99, D1 to D99, T, O, I/);
    },
  );
});
