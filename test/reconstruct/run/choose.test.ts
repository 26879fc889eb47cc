import { expect, test } from "vitest";
import type { ParticleSet } from "../../../src/base/types.ts";
import { partsOf } from "../../../src/reconstruct/run/choose.ts";
import { createStream } from "../../../src/runtime/random.ts";

/** Particles of one stack of whose images some are listed more than once. */
function listed(imageIndex: number[], more: Partial<ParticleSet> = {}): ParticleSet {
  const zeros = (): Float64Array => new Float64Array(imageIndex.length);
  return {
    count: imageIndex.length,
    source: "x.star",
    stacks: ["/a.mrcs"],
    stackIndex: new Int32Array(imageIndex.length),
    imageIndex: Int32Array.from(imageIndex),
    boxSize: 16,
    pixelSizeAngstrom: 4,
    optics: {
      defocusUAngstrom: zeros(),
      defocusVAngstrom: zeros(),
      astigmatismAngle: zeros(),
      phaseShift: zeros(),
      voltageKv: zeros(),
      sphericalAberrationMm: zeros(),
      amplitudeContrast: zeros(),
      bFactorAngstrom2: zeros(),
    },
    opticsGroup: new Int32Array(imageIndex.length),
    opticsGroupNames: ["g"],
    where: (particle) => `x.star: row ${particle + 1}`,
    ...more,
  };
}

const count = 300;
const each = Array.from({ length: count }, (_, i) => i);
const imagesOf = (set: ParticleSet): number[][] =>
  partsOf(set, { halfMaps: true, seed: 3 }).map((part) => [...part.set.imageIndex]);
const inBoth = ([a, b]: number[][]): number[] => a!.filter((image) => b!.includes(image));

test("particles listed once are halved as the seed says", () => {
  const order = createStream(3, "halves").permutation(count);
  const ascending = (part: Int32Array): number[] => [...part].sort((a, b) => a - b);
  expect(imagesOf(listed(each))).toEqual([ascending(order.slice(0, 150)), ascending(order.slice(150))]);
});

test("copies of a particle are in one half, all of them", () => {
  const [a, b] = imagesOf(listed([...each, ...each, ...each.slice(0, 20)]));
  expect(inBoth([a!, b!])).toEqual([]);
  expect(a!.length + b!.length).toBe(620);
  expect(new Set(a).size).toBe(150);
});

test("the first copy's half-set is that of the others", () => {
  const halfSets = [...each.map((i) => 1 + (i % 2)), ...each.map((i) => 2 - (i % 2))];
  const [a, b] = imagesOf(listed([...each, ...each], { randomSubset: Int32Array.from(halfSets) }));
  expect(a!.every((image) => image % 2 === 0)).toBe(true);
  expect(b!.every((image) => image % 2 === 1)).toBe(true);
  expect([a!.length, b!.length]).toEqual([300, 300]);
});

test("the same uid is the same particle, whatever its image; so is what is the same by way of a third", () => {
  // Rows 0 and 300 share the image, rows 300 and 301 the uid.
  const uid = BigUint64Array.from([...each, 1000, 1000], (i) => BigInt(i));
  const set = listed([...each, 0, 7000], { uid });
  const parts = partsOf(set, { halfMaps: true, seed: 3 });
  const halfOf = (image: number): number => parts.findIndex((part) => part.set.imageIndex.includes(image));
  expect(halfOf(7000)).toBe(halfOf(0));
  expect(parts.filter((part) => part.set.imageIndex.includes(0))).toHaveLength(1);
});

test("too few particles that are not copies make no halves", () => {
  const copies = each.map((i) => i % 200);
  expect(() => imagesOf(listed(copies))).not.toThrow();
  expect(() => imagesOf(listed(each.map(() => 0)))).toThrow("x.star: half 1 has 0 particles; at least 128 are needed");
});
