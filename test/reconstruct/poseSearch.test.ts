import { expect, it } from "vitest";
import { angularDistance, multiply } from "../../src/physics/rotations.ts";
import { searchPoses } from "../../src/reconstruct/poseSearch.ts";
import { viewSpacing } from "../../src/reconstruct/refinementStage.ts";
import { changeBox } from "../../src/reconstruct/volume.ts";
import { boxSize, poseOf, simulated, type Simulated } from "./simulated.ts";

const maxRadius = 8, count = 150; // not a whole number of batches
const search = ({ context, truth }: Simulated, shifts: Float32Array, volume = changeBox({ n: boxSize, data: truth }, 2 * maxRadius).data, onProgress = (_done: number): void => {}) =>
  searchPoses(volume, maxRadius, context, shifts, undefined, onProgress);
/** Angles between the poses found and the true ones, up to the point group, ascending. */
function errors({ context, poses }: Simulated, found: Float32Array): number[] {
  return Array.from({ length: context.count }, (_, p) => Math.min(...context.group.map((g) => angularDistance(poseOf(found, p), multiply(poseOf(poses, p), g))))).sort((a, b) => a - b);
}
const quantile = (sorted: number[], share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;

it.each(["C1", "C3", "D2"])("finds the poses of noise-free particles within the spacing of its grid, and is certain, %s", async (symbol) => {
  const particles = await simulated({ count, maxRadius, symmetry: symbol, signalToNoise: 5, noisy: false });
  const done: number[] = [];
  const { poses, certainty } = await search(particles, new Float32Array(2 * count), undefined, (d) => done.push(d));
  const found = errors(particles, poses), spacing = viewSpacing(maxRadius);
  // The nearest view is at most 0.75 spacings away, the nearest turn (of 32) half a spacing.
  expect(quantile(found, 0.97)).toBeLessThan(spacing);
  expect(quantile(found, 0.5)).toBeLessThan(0.6 * spacing);
  expect(certainty).toBeGreaterThan(0.95);
  expect(done).toEqual([64, 128, 150]);
  await particles.context.store.close();
});

it("takes the shifts back that it is told of", async () => {
  const particles = await simulated({ count, maxRadius, shiftLaw: { kind: "gaussian", sigma: 0.06 }, signalToNoise: 5, noisy: false });
  const known = errors(particles, (await search(particles, particles.shifts)).poses), unknown = errors(particles, (await search(particles, new Float32Array(2 * count))).poses);
  expect(quantile(known, 0.97)).toBeLessThan(viewSpacing(maxRadius));
  expect(quantile(unknown, 0.97)).toBeGreaterThan(3 * viewSpacing(maxRadius)); // the shifts are such that they matter
  await particles.context.store.close();
});

it("of noise alone is uncertain", async () => {
  const particles = await simulated({ count, maxRadius, signalToNoise: 1e-8, noisy: true });
  // A density that would have a hundredth of the noise's power.
  const volume = changeBox({ n: boxSize, data: particles.truth.map((v) => 1e3 * v) }, 2 * maxRadius).data;
  const { certainty } = await search(particles, new Float32Array(2 * count), volume);
  expect(certainty).toBeLessThan(0.4);
  // Without any contrast nothing but a guess is left: the share of directions, with their opposites, within two spacings of one of them.
  const guess = 1 - Math.cos(2 * viewSpacing(maxRadius)), empty = await search(particles, new Float32Array(2 * count), volume.map((v) => 1e-3 * v));
  expect(empty.certainty).toBeGreaterThan(0.8 * guess);
  expect(empty.certainty).toBeLessThan(1.2 * guess);
  await particles.context.store.close();
});

it("ends when its progress throws", async () => {
  const particles = await simulated({ count, maxRadius, signalToNoise: 1, noisy: true });
  const stop = new Error("stopped");
  await expect(search(particles, new Float32Array(2 * count), undefined, () => { throw stop; })).rejects.toBe(stop);
  await particles.context.store.close();
});
