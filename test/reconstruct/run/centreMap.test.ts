import { expect, test } from "vitest";
import type { Volume } from "../../../src/base/types.ts";
import { simulateImages, uniformDefocus } from "../../../src/physics/simulate.ts";
import { eulerToMatrix } from "../../../src/physics/rotations.ts";
import { pointGroup } from "../../../src/physics/symmetry.ts";
import { samplePoses } from "../../../src/physics/viewing.ts";
import type { Checkpoint } from "../../../src/reconstruct/folder/checkpoint.ts";
import { centreOfMass } from "../../../src/reconstruct/measure/centreOfMass.ts";
import { withMapCentred } from "../../../src/reconstruct/run/centreMap.ts";
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
const setting = { group: pointGroup("C1"), maskRadius: 0.45, boxAngstrom, positivity: false, shiftSigma: 0.02 };
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

test("a map found off the middle is moved there, and its particles show the same", async () => {
  const { volume, shifts: moved } = withMapCentred(state, 14, setting);
  expect(Math.hypot(...centreOfMass({ n, data: volume!.unmasked }, 0.45, setting.group)) * n).toBeLessThan(0.1);
  const before = await imagesOf(molecule, shifts),
    after = await imagesOf({ ...molecule, data: volume!.unmasked }, moved!);
  const product = (a: Float32Array, b: Float32Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  expect(product(before, after) / Math.sqrt(product(before, before) * product(after, after))).toBeGreaterThan(0.999);
});

test("the mask about the middle then cuts it fairly", () => {
  const narrow = { ...setting, maskRadius: 0.3 },
    { volume } = withMapCentred(state, 14, narrow);
  const kept = (data: Float32Array): number => data.reduce((sum, v) => sum + v, 0);
  expect(kept(volume!.data)).toBeGreaterThan(0.95 * kept(molecule.data));
});

test.each([
  ["particles count as centred", state, { ...setting, shiftSigma: 0.001 }],
  ["there are no poses yet", { ...state, poses: undefined }, setting],
  ["a start was given", { ...state, schedule: { ...state.schedule, given: true as const } }, setting],
  ["a mask was given", state, { ...setting, mask: molecule }],
  ["the group has no free axis", state, { ...setting, group: pointGroup("D2") }],
])("it stays where %s", (_, from, given) => {
  expect(withMapCentred(from, 14, given)).toBe(from);
});
