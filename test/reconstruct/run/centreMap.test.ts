import { expect, test } from "vitest";
import type { Volume } from "../../../src/base/types.ts";
import { eulerToMatrix } from "../../../src/physics/rotations.ts";
import { simulateImages, uniformDefocus } from "../../../src/physics/simulate.ts";
import { pointGroup } from "../../../src/physics/symmetry.ts";
import { samplePoses } from "../../../src/physics/viewing.ts";
import type { Checkpoint } from "../../../src/reconstruct/folder/checkpoint.ts";
import { centreOfMass, movedToMiddle } from "../../../src/reconstruct/measure/centreOfMass.ts";
import { shiftsOfMoved, withPlace } from "../../../src/reconstruct/run/centreMap.ts";
import { stageMask } from "../../../src/reconstruct/stageMask.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { densityOf, moveBlobs, randomBlobs } from "../../evaluate/blobs.ts";

const n = 32,
  pixel = 5,
  boxAngstrom = n * pixel,
  count = 6;
const molecule = densityOf(
  moveBlobs(randomBlobs(1, 12, 30, 10), eulerToMatrix(0, 0, 0), [18, -10, 12], false),
  n,
  pixel,
);
const stream = createStream(1, "shifts"),
  shifts = Float32Array.from({ length: 2 * count }, () => 0.02 * stream.normal()),
  poses = samplePoses({ kind: "uniform" }, count, createStream(1, "poses"));
const setting = { groups: [pointGroup("C1")], maskRadius: 0.45, shiftSigma: 0.02 };
const state = {
  volume: { n, data: molecule.data, unmasked: molecule.data },
  poses,
  shifts,
  schedule: { workingBox: n, request: {}, stages: [] },
} as unknown as Checkpoint;

async function imagesOf(volume: Volume, of: Float32Array): Promise<Float32Array> {
  const images = new Float32Array(count * n * n);
  const exposures = {
    volume,
    rotations: poses,
    shifts: Float32Array.from({ length: 2 * count }, (_, i) => of[(i % 2) * count + (i >> 1)]!),
    optics: uniformDefocus(
      count,
      [10_000, 20_000],
      { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 },
      1,
    ),
  };
  for await (const batch of simulateImages(exposures, nodeCpu(1))) images.set(batch.images, batch.first * n * n);
  return images;
}

test("a map moved to the middle shows its particles the same with their shifts moved", async () => {
  const { volume, shifts: same, places } = withPlace(state, setting);
  expect(volume).toBe(state.volume);
  expect(same).toBe(shifts);
  const middle = movedToMiddle({ n, data: molecule.data }, places![0]!);
  expect(Math.hypot(...centreOfMass({ n, data: middle }, 0.45, setting.groups[0]!)) * n).toBeLessThan(0.1);
  const before = await imagesOf(molecule, shifts),
    after = await imagesOf({ ...molecule, data: middle }, shiftsOfMoved(shifts, poses, places![0]!));
  const product = (a: Float32Array, b: Float32Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  expect(product(before, after) / Math.sqrt(product(before, before) * product(after, after))).toBeGreaterThan(0.999);
});

test("a mask about the molecule cuts it fairly", () => {
  const narrow = { maskRadius: 0.3, boxAngstrom },
    { places } = withPlace(state, { ...setting, ...narrow });
  const kept = (mask: Float32Array): number => molecule.data.reduce((sum, v, i) => sum + v * mask[i]!, 0),
    all = molecule.data.reduce((sum, v) => sum + v, 0);
  expect(kept(stageMask(n, { ...narrow, maskCentres: places }))).toBeGreaterThan(0.95 * all);
  expect(kept(stageMask(n, narrow))).toBeLessThan(0.9 * all);
});

test.each([
  ["particles are said to be centred", state, { ...setting, shiftSigma: 0 }],
  ["a start was given", { ...state, schedule: { ...state.schedule, given: true as const } }, setting],
  ["a mask was given", state, { ...setting, mask: molecule }],
])("the frame stays where %s", (_, from, given) => {
  expect(withPlace(from, given)).toBe(from);
});

test("a group without a free axis has its molecule in the middle", () => {
  const { places } = withPlace(state, { ...setting, groups: [pointGroup("D2")] });
  expect(Math.hypot(...places![0]!)).toBeLessThan(1e-9);
});
