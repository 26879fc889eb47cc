import { beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/base/errors.ts";
import type { Volume } from "../../src/base/types.ts";
import { type Atoms, readAtoms } from "../../src/io/atoms.ts";
import { disk } from "../../src/io/disk.ts";
import { densityFromAtoms, orientByInertia } from "../../src/physics/density.ts";
import { eulerToMatrix } from "../../src/physics/rotations.ts";
import { scatteringFactor } from "../../src/physics/scattering.ts";

type Row = [element: string, x: number, y: number, z: number, occupancy: number, bFactor: number];

function atomsFrom(rows: Row[]): Atoms {
  const column = (index: number) => Float64Array.from(rows, (row) => row[index] as number);
  return {
    count: rows.length,
    source: "test.pdb",
    element: rows.map(([element]) => element),
    x: column(1),
    y: column(2),
    z: column(3),
    occupancy: column(4),
    bFactorAngstrom2: column(5),
  };
}

const several: Row[] = [
  ["C", 1.3, -2.2, 0.4, 1, 30],
  ["O", -4.1, 3.7, 2.9, 0.7, 5],
  ["N", 2.2, 5.1, -6.3, 1, 60],
  ["Mg", 0, 0.5, 1, 0.5, 12],
  ["H", -3, -5, -1, 1, 0],
];

/** Transform of the atoms at the frequency g (1/Å), by the formula in the docstring. */
function analyticTransform(rows: Row[], g: number[], resolution: number): { re: number; im: number } {
  const g2 = g.reduce((sum, c) => sum + c * c, 0);
  let re = 0,
    im = 0;
  for (const [element, x, y, z, occupancy, bFactor] of rows) {
    const { a, b } = scatteringFactor(element);
    const f =
      a.reduce((sum, ak, k) => sum + ak * Math.exp(-((b[k]! + bFactor) * g2) / 4), 0) *
      Math.exp(-(resolution ** 2) * g2);
    const phase = -2 * Math.PI * (g[0]! * x + g[1]! * y + g[2]! * z);
    re += occupancy * f * Math.cos(phase);
    im += occupancy * f * Math.sin(phase);
  }
  return { re, im };
}

/**
 * Transform of a map at the frequency index k (x, y, z) by its definition, in real coordinates around voxel floor(n/2).
 */
function mapTransform(volume: Volume, k: number[]): { re: number; im: number } {
  const n = volume.shape[0];
  const half = Math.floor(n / 2);
  const voxel = volume.pixelSizeAngstrom ** 3;
  let re = 0,
    im = 0;
  for (let z = 0, i = 0; z < n; z++) {
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++, i++) {
        const phase = (-2 * Math.PI * (k[0]! * (x - half) + k[1]! * (y - half) + k[2]! * (z - half))) / n;
        re += voxel * volume.data[i]! * Math.cos(phase);
        im += voxel * volume.data[i]! * Math.sin(phase);
      }
    }
  }
  return { re, im };
}

const totalOf = (rows: Row[]) =>
  rows.reduce(
    (sum, [element, , , , occupancy]) => sum + occupancy * scatteringFactor(element).a.reduce((s, a) => s + a, 0),
    0,
  );

describe("densityFromAtoms", () => {
  it.each([
    ["as coarse as Nyquist allows, even box", 20, 2, 4],
    ["as coarse as Nyquist allows, odd box", 21, 2, 4],
    ["well sampled", 36, 1.2, 7],
    ["with pixels finer than the atoms", 40, 0.8, 1.6],
  ])("has the transform of the formula at every frequency: %s", (_, boxSize, pixelSizeAngstrom, resolutionAngstrom) => {
    const volume = densityFromAtoms(atomsFrom(several), {
      boxSize,
      pixelSizeAngstrom,
      resolutionAngstrom,
      center: false,
    });
    const limit = Math.ceil(boxSize / 2) - 1; // below Nyquist
    const frequencies = [
      [0, 0, 0],
      [1, 0, 0],
      [0, 2, 0],
      [0, 0, -3],
      [3, -2, 4],
      [limit, 0, 0],
      [0, -limit, 0],
      [0, 0, limit],
      [limit, limit, 0],
      [1 - limit, 0, limit - 1],
      [5, -limit, -2],
      [limit, -limit, limit],
    ];
    for (const k of frequencies) {
      const expected = analyticTransform(
        several,
        k.map((c) => c / (boxSize * pixelSizeAngstrom)),
        resolutionAngstrom,
      );
      const found = mapTransform(volume, k);
      expect(Math.hypot(found.re - expected.re, found.im - expected.im) / totalOf(several)).toBeLessThan(5e-4);
    }
  });

  it("sums, times the voxel's volume, to occupancy times f(0)", () => {
    const volume = densityFromAtoms(atomsFrom(several), { boxSize: 30, pixelSizeAngstrom: 1.5, resolutionAngstrom: 4 });
    const sum = volume.data.reduce((total, value) => total + value, 0) * 1.5 ** 3;
    expect(sum / totalOf(several)).toBeCloseTo(1, 4);
  });

  it("projects along z to the two-dimensional Gaussians of the atoms", () => {
    const n = 32,
      pixel = 1.3,
      resolution = 8;
    const volume = densityFromAtoms(atomsFrom(several), {
      boxSize: n,
      pixelSizeAngstrom: pixel,
      resolutionAngstrom: resolution,
      center: false,
    });
    let largest = 0;
    const differences: number[] = [];
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++) {
        let projection = 0;
        for (let z = 0; z < n; z++) projection += volume.data[(z * n + y) * n + x]! * pixel;
        let expected = 0;
        for (const [element, ax, ay, , occupancy, bFactor] of several) {
          const { a, b } = scatteringFactor(element);
          const r2 = ((x - 16) * pixel - ax) ** 2 + ((y - 16) * pixel - ay) ** 2;
          a.forEach((ak, k) => {
            const variance = (b[k]! + bFactor) / (8 * Math.PI ** 2) + (resolution / (Math.PI * Math.SQRT2)) ** 2;
            expected += (occupancy * ak * Math.exp(-r2 / (2 * variance))) / (2 * Math.PI * variance);
          });
        }
        largest = Math.max(largest, expected);
        differences.push(Math.abs(projection - expected));
      }
    }
    expect(Math.max(...differences) / largest).toBeLessThan(5e-4);
  });

  it("is the density of one carbon atom at its peak", () => {
    const volume = densityFromAtoms(atomsFrom([["C", 7, 8, 9, 1, 20]]), {
      boxSize: 16,
      pixelSizeAngstrom: 2,
      resolutionAngstrom: 12,
      includeBFactors: false,
    });
    const { a, b } = scatteringFactor("C");
    const expected = (bFactor: number) =>
      a.reduce((sum, ak, k) => sum + ak * ((4 * Math.PI) / (b[k]! + bFactor + 4 * 144)) ** 1.5, 0);
    expect(volume.data[(8 * 16 + 8) * 16 + 8]! / expected(0)).toBeCloseTo(1, 5);
    const broadened = densityFromAtoms(atomsFrom([["C", 7, 8, 9, 1, 20]]), {
      boxSize: 16,
      pixelSizeAngstrom: 2,
      resolutionAngstrom: 12,
    });
    expect(broadened.data[(8 * 16 + 8) * 16 + 8]! / expected(20)).toBeCloseTo(1, 5);
  });

  it.each([24, 25])("has its centre of mass at voxel floor(n/2) of %d, and an origin that overlays the atoms", (n) => {
    const rows = several.map(([element, x, ...rest]): Row => [element, x + 100, ...rest]);
    const volume = densityFromAtoms(atomsFrom(rows), { boxSize: n, pixelSizeAngstrom: 1.5, resolutionAngstrom: 9 });
    const mean = [0, 0, 0];
    let total = 0;
    volume.data.forEach((value, i) => {
      total += value;
      [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)].forEach((index, axis) => (mean[axis]! += value * index));
    });
    const masses = rows.map(
      ([element, , , , occupancy]) => occupancy * scatteringFactor(element).a.reduce((s, a) => s + a, 0),
    );
    for (let axis = 0; axis < 3; axis++) {
      expect(mean[axis]! / total).toBeCloseTo(Math.floor(n / 2), 2);
      const atomsMean = rows.reduce((sum, row, i) => sum + masses[i]! * (row[1 + axis] as number), 0) / totalOf(rows);
      expect(volume.originAngstrom[axis]! + 1.5 * Math.floor(n / 2)).toBeCloseTo(atomsMean, 9);
    }
  });

  it("refuses what cannot be mapped, and says what to do", () => {
    const make =
      (rows: Row[], options = {}) =>
      () =>
        densityFromAtoms(atomsFrom(rows), { boxSize: 20, pixelSizeAngstrom: 1, resolutionAngstrom: 4, ...options });
    const pair: Row[] = [
      ["C", -15, 0, 0, 1, 0],
      ["C", 15, 0, 0, 1, 0],
    ];
    expect(make(pair)).toThrow(InputError);
    expect(make(pair)).toThrow(
      /test.pdb: the molecule is 30.0 Å in diameter and does not fit the box of 20.0 Å .* at least 30 voxels/,
    );
    expect(make(pair, { boxSize: 30 })).not.toThrow();
    expect(make(several, { resolutionAngstrom: 1.9 })).toThrow(/resolution 1.9 Å: must be at least 2 Å/);
    expect(make(several, { pixelSizeAngstrom: 0 })).toThrow(InputError);
    expect(make(several, { boxSize: 20.5 })).toThrow(InputError);
    expect(
      make([
        ["C", 0, 0, 0, 1, 0],
        ["X", 0, 0, 0, 1, 0],
      ]),
    ).toThrow(/test.pdb: atom 2: no electron scattering factor for element "X"/);
    expect(make([["C", 0, 0, 0, 0, 0]])).toThrow(/occupancies of all atoms are 0/);
  });
});

/**
 * The map turned by 180 degrees about the axes through voxel floor(n/2): the indices of the two other axes change sign.
 */
function twoFold(volume: Volume, axis: "x" | "y" | "z"): Float32Array {
  const n = volume.shape[0];
  const turn = (i: number, keep: boolean) => (keep ? i : (2 * Math.floor(n / 2) - i + n) % n);
  return volume.data.map((_, i) => {
    const x = turn(i % n, axis === "x"),
      y = turn(Math.floor(i / n) % n, axis === "y"),
      z = turn(Math.floor(i / n ** 2), axis === "z");
    return volume.data[(z * n + y) * n + x]!;
  });
}

function correlation(a: Float32Array, b: Float32Array): number {
  const meanA = a.reduce((s, v) => s + v, 0) / a.length,
    meanB = b.reduce((s, v) => s + v, 0) / b.length;
  let ab = 0,
    aa = 0,
    bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - meanA) * (b[i]! - meanB);
    aa += (a[i]! - meanA) ** 2;
    bb += (b[i]! - meanB) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

describe("orientByInertia", () => {
  let tilted: Atoms;
  let oriented: Atoms;
  beforeAll(async () => {
    // The deposited axes are parallel to x, y, z already, so the model is turned away from them first.
    const deposited = await readAtoms(disk.at(new URL("../../data/5a1a.cif.gz", import.meta.url).pathname));
    const a = eulerToMatrix(0.5, 0.8, 1.1);
    const row = (r: number) =>
      deposited.x.map((x, i) => a[3 * r]! * x + a[3 * r + 1]! * deposited.y[i]! + a[3 * r + 2]! * deposited.z[i]!);
    tilted = { ...deposited, x: row(0), y: row(1), z: row(2) };
    oriented = orientByInertia(tilted);
  });
  const options = { boxSize: 48, pixelSizeAngstrom: 4.25, resolutionAngstrom: 8.5 };

  it("brings the 2-folds of the tetramer 5A1A onto x, y and z", () => {
    const before = densityFromAtoms(tilted, options);
    const after = densityFromAtoms(oriented, options);
    for (const axis of ["x", "y", "z"] as const) {
      expect(correlation(before.data, twoFold(before, axis))).toBeLessThan(0.8);
      expect(correlation(after.data, twoFold(after, axis))).toBeGreaterThan(0.999);
    }
  });

  it("moves the molecule as a rigid body, without mirroring it", () => {
    type Point = readonly [number, number, number];
    const at = (atoms: Atoms, i: number) => [atoms.x[i]!, atoms.y[i]!, atoms.z[i]!] as const;
    const minus = (a: Point, b: Point) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]] as const;
    const volumeOf = (atoms: Atoms, i: number) => {
      const edge = (step: number) => minus(at(atoms, (i + 1009 * step) % atoms.count), at(atoms, i));
      const [a, b, c] = [edge(1), edge(2), edge(3)];
      return (
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
      );
    };
    for (let i = 0; i < 200; i++) {
      const j = (i * 977 + 13) % tilted.count;
      expect(Math.hypot(...minus(at(oriented, i), at(oriented, j)))).toBeCloseTo(
        Math.hypot(...minus(at(tilted, i), at(tilted, j))),
        8,
      );
      expect(volumeOf(oriented, i)).toBeCloseTo(volumeOf(tilted, i), 3);
    }
    expect(oriented.element).toEqual(tilted.element);
  });

  it("puts the longest extent on x and the shortest on z, exactly where it is known", () => {
    // Four points on each of three perpendicular axes of a known frame, 9, 5 and 2 Å from a known centre.
    const u = [2 / 3, 2 / 3, 1 / 3],
      v = [-2 / 3, 1 / 3, 2 / 3],
      w = [1 / 3, -2 / 3, 2 / 3];
    const rows = [
      { length: 9, axis: u },
      { length: 5, axis: v },
      { length: 2, axis: w },
    ].flatMap(({ length, axis }) =>
      [-length, length].map((along): Row => {
        const [x, y, z] = [10 + along * axis[0]!, 20 + along * axis[1]!, 30 + along * axis[2]!];
        return ["C", x, y, z, 1, 0];
      }),
    );
    const turned = orientByInertia(atomsFrom(rows));
    const extent = (c: Float64Array) => c.map((value) => Math.abs(value));
    const near = (found: Float64Array, expected: number[]) =>
      expected.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 9));
    near(extent(turned.x), [9, 9, 0, 0, 0, 0]);
    near(extent(turned.y), [0, 0, 5, 5, 0, 0]);
    near(extent(turned.z), [0, 0, 0, 0, 2, 2]);
  });
});
