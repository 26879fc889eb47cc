import { expect, test } from "vitest";
import { randomRotation } from "../../../src/physics/rotations.ts";
import { type Densities, matchClasses } from "../../../src/reconstruct/measure/matchClasses.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { densityOf, moveBlobs, randomBlobs, withNoise } from "../../evaluate/blobs.ts";

const n = 24,
  rotation = randomRotation(createStream(1, "rotation"));
/** A molecule as one half, or the other in an orientation and hand of its own, would show it. */
const seen = (molecule: number, half: 0 | 1) => {
  const blobs = randomBlobs(molecule, 8, 5, 1.5),
    own = half === 0 ? blobs : moveBlobs(blobs, rotation, [1, -1, 0], true);
  return { n, data: withNoise(densityOf(own, n, 1), 0.02, 10 * molecule + half).data };
};
const ofHalf = (half: 0 | 1, of: Record<number, number>): Densities =>
  new Map(Object.entries(of).map(([c, molecule]) => [Number(c), seen(molecule, half)]));
const halves = (first: Record<number, number>, second: Record<number, number>): [Densities, Densities] => [
  ofHalf(0, first),
  ofHalf(1, second),
];
const always = (): boolean => true;

test("classes of one molecule are partners, whatever their numbers; one that the other half lacks has none", () => {
  const { partners, closest } = matchClasses(halves({ 0: 1, 1: 2 }, { 0: 3, 2: 1 }), always);
  expect(partners.map(({ classes }) => classes)).toEqual([[0, 2]]);
  expect(partners[0]!.correlation).toBeGreaterThan(0.75);
  const lone = closest[0].find(({ classes }) => classes[0] === 1)!;
  expect(lone.correlation).toBeLessThan(partners[0]!.correlation - 0.2);
});

test("where a half has a molecule twice, one of its classes is the partner", () => {
  const { partners, closest } = matchClasses(halves({ 0: 1, 1: 1 }, { 0: 1 }), always);
  expect(partners).toHaveLength(1);
  expect(closest[0].map(({ classes }) => classes[1])).toEqual([0, 0]);
});

test("classes of other groups are none", () => {
  expect(matchClasses(halves({ 0: 1 }, { 0: 1 }), () => false)).toEqual({ partners: [], closest: [[], []] });
});
