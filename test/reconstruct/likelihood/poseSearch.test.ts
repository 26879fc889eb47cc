import { expect, it } from "vitest";
import { changeBox } from "../../../src/numeric/fourierCrop.ts";
import { angularDistance, eulerToMatrix, multiply } from "../../../src/physics/rotations.ts";
import { viewSpacing } from "../../../src/physics/viewGrid.ts";
import { mirrored, tilted, turned } from "../../../src/reconstruct/likelihood/localSearch.ts";
import { searchPoses } from "../../../src/reconstruct/likelihood/poseSearch.ts";
import { openViewPrior } from "../../../src/reconstruct/likelihood/viewPrior.ts";
import { boxSize, poseOf, type Simulated, simulated } from "../simulated.ts";

const meanOf = (values: Float64Array): number => values.reduce((sum, v) => sum + v, 0) / values.length;
const maxRadius = 8,
  count = 150; // not a whole number of batches
const noShift = [[0, 0]] as const;
const lowPassed = (truth: Float32Array): Float32Array => changeBox({ n: boxSize, data: truth }, 2 * maxRadius).data;
const everyone = Int32Array.from({ length: count }, (_, p) => p);
const search = (
  { context, truth }: Simulated,
  shifts: Float32Array,
  volume = lowPassed(truth),
  onProgress = (_done: number): void => {},
) => searchPoses(volume, maxRadius, context, { chosen: everyone, trials: noShift, shifts, onProgress });
/** Angles between the poses found and the true ones, up to the point group, ascending. */
function errors({ context, poses }: Simulated, found: Float32Array): number[] {
  return Array.from({ length: context.count }, (_, p) =>
    Math.min(...context.groups[0]!.map((g) => angularDistance(poseOf(found, p), multiply(poseOf(poses, p), g)))),
  ).sort((a, b) => a - b);
}
const quantile = (sorted: number[], share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;

it.each(["C1", "C3", "D2"])(
  "finds the poses of noise-free particles within the spacing of its grid, and is certain, %s",
  async (symbol) => {
    const particles = await simulated({ count, maxRadius, symmetry: symbol, signalToNoise: 5, noisy: false });
    const done: number[] = [];
    const { poses, certainty } = await search(particles, new Float32Array(2 * count), undefined, (d) => done.push(d));
    const found = errors(particles, poses),
      spacing = viewSpacing(maxRadius);
    // The nearest view is at most 0.75 spacings away, the nearest turn (of 32) half a spacing.
    expect(quantile(found, 0.97)).toBeLessThan(spacing);
    expect(quantile(found, 0.5)).toBeLessThan(0.6 * spacing);
    expect(meanOf(certainty)).toBeGreaterThan(0.95);
    expect(done).toEqual([64, 128, 150]);
    await particles.context.store.close();
  },
);

it("takes the shifts back that it is told of", async () => {
  const particles = await simulated({
    count,
    maxRadius,
    shiftLaw: { kind: "gaussian", sigma: 0.06 },
    signalToNoise: 5,
    noisy: false,
  });
  const known = errors(particles, (await search(particles, particles.shifts)).poses),
    unknown = errors(particles, (await search(particles, new Float32Array(2 * count))).poses);
  expect(quantile(known, 0.97)).toBeLessThan(viewSpacing(maxRadius));
  expect(quantile(unknown, 0.97)).toBeGreaterThan(3 * viewSpacing(maxRadius)); // the shifts are such that they matter
  await particles.context.store.close();
});

it("finds shifts among trials about the centre, and those about a known one", async () => {
  const particles = await simulated({
    count,
    maxRadius,
    shiftLaw: { kind: "gaussian", sigma: 0.03 },
    signalToNoise: 5,
    noisy: false,
  });
  const step = 0.015,
    reach = [-4, -3, -2, -1, 0, 1, 2, 3, 4];
  const trials = reach.flatMap((i) => reach.map((j) => [i * step, j * step] as const));
  const distances = (found: Float32Array): number[] =>
    Array.from({ length: count }, (_, p) =>
      Math.hypot(found[p]! - particles.shifts[p]!, found[count + p]! - particles.shifts[count + p]!),
    ).sort((a, b) => a - b);
  const centred = await searchPoses(lowPassed(particles.truth), maxRadius, particles.context, {
    chosen: everyone,
    trials,
    shifts: new Float32Array(2 * count),
    onProgress: () => {},
  });
  expect(quantile(errors(particles, centred.poses), 0.9)).toBeLessThan(1.5 * viewSpacing(maxRadius));
  expect(quantile(distances(centred.shifts), 0.5)).toBeLessThan(0.75 * step);
  expect(quantile(distances(centred.shifts), 0.9)).toBeLessThan(1.5 * step);
  const off = 3 * step,
    near = particles.shifts.map((v, i) => v + (i < count ? -off : off));
  const known = await searchPoses(lowPassed(particles.truth), maxRadius, particles.context, {
    chosen: everyone,
    trials: [
      [0, 0],
      [off, 0],
      [0, -off],
      [off, -off],
    ],
    shifts: near,
    onProgress: () => {},
  });
  expect(quantile(distances(known.shifts), 0.95)).toBeLessThan(1e-6);
  await particles.context.store.close();
});

it("keeps a known pose near the one it finds, and corrects one far away", async () => {
  const particles = await simulated({ count, maxRadius, signalToNoise: 5, noisy: false });
  const identity = eulerToMatrix(0, 0, 0),
    known = particles.poses.slice();
  // Every second particle is turned by 3° about x, the others by 70°.
  const lean = (p: number): number => (p % 2 === 0 ? 3 : 70) * (Math.PI / 180);
  for (let p = 0; p < count; p++)
    known.set(multiply(tilted(identity, [0, lean(p)]), poseOf(particles.poses, p)), 9 * p);
  const { poses } = await searchPoses(lowPassed(particles.truth), maxRadius, particles.context, {
    chosen: everyone,
    trials: noShift,
    shifts: new Float32Array(2 * count),
    poses: known,
    onProgress: () => {},
  });
  const kept = Array.from({ length: count }, (_, p) => angularDistance(poseOf(poses, p), poseOf(known, p)) < 1e-6);
  expect(kept.filter((k, p) => k === (p % 2 === 0)).length).toBeGreaterThan(0.97 * count);
  expect(quantile(errors(particles, poses), 0.97)).toBeLessThan(viewSpacing(maxRadius));
  await particles.context.store.close();
});

it.each([
  ["turned in the image plane", (pose: Float64Array) => turned(pose, Math.PI / 3)],
  ["seen from behind", mirrored],
])("corrects a known pose along the right direction that is %s", async (_, wrong) => {
  const particles = await simulated({ count, maxRadius, signalToNoise: 5, noisy: false });
  const known = Float32Array.from(
    Array.from({ length: count }, (_, p) => [...wrong(poseOf(particles.poses, p))]).flat(),
  );
  const { poses } = await searchPoses(lowPassed(particles.truth), maxRadius, particles.context, {
    chosen: everyone,
    trials: noShift,
    shifts: new Float32Array(2 * count),
    poses: known,
    onProgress: () => {},
  });
  expect(quantile(errors(particles, poses), 0.97)).toBeLessThan(viewSpacing(maxRadius));
  await particles.context.store.close();
});

it("searches for those it is told to", async () => {
  const particles = await simulated({ count, maxRadius, signalToNoise: 5, noisy: false });
  const chosen = Int32Array.of(3, 70, 149),
    known = new Float32Array(9 * count).map((_, i) => (i % 4 === 0 ? 1 : 0));
  const { poses } = await searchPoses(lowPassed(particles.truth), maxRadius, particles.context, {
    chosen,
    trials: noShift,
    shifts: new Float32Array(2 * count),
    poses: known,
    onProgress: () => {},
  });
  everyone.filter((p) => !chosen.includes(p)).forEach((p) => expect(poseOf(poses, p)).toEqual(poseOf(known, p)));
  for (const p of chosen)
    expect(angularDistance(poseOf(poses, p), poseOf(particles.poses, p))).toBeLessThan(viewSpacing(maxRadius));
  await particles.context.store.close();
});

it("of noise alone is uncertain", async () => {
  const particles = await simulated({ count, maxRadius, signalToNoise: 1e-8, noisy: true });
  // A density that would have a hundredth of the noise's power.
  const volume = lowPassed(particles.truth).map((v) => 1e3 * v);
  const { certainty } = await search(particles, new Float32Array(2 * count), volume);
  expect(meanOf(certainty)).toBeLessThan(0.4);
  // Without any contrast nothing but a guess is left: the share of directions, with their opposites, within two
  // spacings of one of them.
  const guess = 1 - Math.cos(2 * viewSpacing(maxRadius)),
    empty = await search(
      particles,
      new Float32Array(2 * count),
      volume.map((v) => 1e-3 * v),
    );
  expect(meanOf(empty.certainty)).toBeGreaterThan(0.8 * guess);
  expect(meanOf(empty.certainty)).toBeLessThan(1.2 * guess);
  await particles.context.store.close();
});

it("where images tell nothing, finds them seen as particles are known to be", async () => {
  const particles = await simulated({ count, maxRadius, signalToNoise: 1, noisy: true }),
    group = particles.context.groups[0]!;
  const mean = [0.6, 0, 0.8] as const,
    peak = { direction: [...mean] as [number, number, number], kappa: 20 };
  const { start } = openViewPrior(group, { kind: "peaks", peaks: [peak] });
  const empty = lowPassed(particles.truth).map(() => 0),
    knowing = { ...particles, context: { ...particles.context, viewWeights: start } };
  const { poses } = await search(knowing, new Float32Array(2 * count), empty);
  for (let p = 0; p < count; p++) {
    const along = poses[9 * p + 6]! * mean[0] + poses[9 * p + 8]! * mean[2];
    expect(Math.abs(along)).toBeGreaterThan(Math.cos(1.5 * viewSpacing(maxRadius)));
  }
  await particles.context.store.close();
});

it("ends when its progress throws", async () => {
  const particles = await simulated({ count, maxRadius, signalToNoise: 1, noisy: true });
  const stop = new Error("stopped");
  await expect(
    search(particles, new Float32Array(2 * count), undefined, () => {
      throw stop;
    }),
  ).rejects.toBe(stop);
  await particles.context.store.close();
});
