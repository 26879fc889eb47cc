import { expect, test } from "vitest";
import { likelihoodRatioCritic } from "../../../src/critic/likelihoodRatio.ts";
import { sampleShifts } from "../../../src/physics/shift.ts";
import { simulateImages, uniformDefocus } from "../../../src/physics/simulate.ts";
import { samplePoses } from "../../../src/physics/viewing.ts";
import { criticImages } from "../../../src/reconstruct/measure/criticImages.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { densityOf, randomBlobs } from "../../evaluate/blobs.ts";

const n = 32,
  pixel = 5,
  boxAngstrom = n * pixel,
  count = 40,
  device = nodeCpu(1);
const optics = uniformDefocus(
  count,
  [10_000, 20_000],
  { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 },
  1,
);
const volume = densityOf(randomBlobs(5, 10, 0.2 * boxAngstrom, 2 * pixel), n, pixel),
  rotations = samplePoses({ kind: "uniform" }, count, createStream(1, "poses"));

async function simulate(shifts: Float32Array): Promise<Float32Array> {
  const images = new Float32Array(count * n * n);
  for await (const batch of simulateImages({ volume, rotations, shifts, optics }, device))
    images.set(batch.images, batch.first * n * n);
  return images;
}

test("images whose shifts are known are to the critic what centred ones are", async () => {
  const maxRadius = 8,
    ones = new Float64Array(n / 2 + 1).fill(1),
    critic = likelihoodRatioCritic(
      { maxRadius, noisePower: ones, signalPower: ones },
      { angles: 2 * maxRadius, turns: 2 * maxRadius, templates: 1 },
    );
  const shifts = sampleShifts({ kind: "gaussian", sigma: 0.04 }, count, createStream(1, "shifts")),
    order = Int32Array.from({ length: count }, (_, i) => count - 1 - i);
  /** The images in another order than that of the particles, as a sample of them is. */
  const seen = async (images: Float32Array, known?: Float32Array): Promise<Float32Array> => {
    const taken = new Float32Array(images.length);
    order.forEach((p, i) => taken.set(images.subarray(p * n * n, (p + 1) * n * n), i * n * n));
    const rows = await criticImages(critic, taken, n, optics, order, boxAngstrom, { noise: ones }, device, known);
    return rows.arrays.harmonics!.data;
  };
  const centred = await seen(await simulate(new Float32Array(2 * count))),
    // The simulator takes the shifts of a particle side by side.
    moved = await simulate(shifts.map((_, i) => shifts[(i % 2) * count + (i >> 1)]!));
  const apart = (values: Float32Array): number =>
    Math.sqrt(
      values.reduce((sum, v, i) => sum + (v - centred[i]!) ** 2, 0) / centred.reduce((sum, v) => sum + v * v, 0),
    );
  expect(apart(await seen(moved, shifts))).toBeLessThan(0.02);
  expect(apart(await seen(moved))).toBeGreaterThan(0.3);
});
