import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Optics, ParticleSet } from "../../../src/base/types.ts";
import { disk } from "../../../src/io/disk.ts";
import { writeStack } from "../../../src/io/mrc.ts";
import { whiteNoise } from "../../../src/physics/noise.ts";
import { simulateImages, uniformDefocus } from "../../../src/physics/simulate.ts";
import { samplePoses } from "../../../src/physics/viewing.ts";
import { firstLook } from "../../../src/reconstruct/measure/firstLook.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { densityOf, randomBlobs } from "../../evaluate/blobs.ts";
import { temporaryFolder } from "../../io/helpers.ts";

const n = 32,
  pixel = 4,
  count = 200;
const folder = temporaryFolder();

const opticsOf = (defocus: readonly [number, number], more: Partial<Optics> = {}): Optics => ({
  ...uniformDefocus(count, defocus, { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 }, 3),
  ...more,
});

/** Noisy images of a molecule as wide as half the box, density bright. */
async function imagesThrough(optics: Optics): Promise<Float32Array> {
  const images = new Float32Array(count * n * n);
  const exposures = {
    volume: densityOf(randomBlobs(4, 30, 0.25 * n * pixel, 1.5 * pixel), n, pixel),
    rotations: samplePoses({ kind: "uniform" }, count, createStream(1, "poses")),
    shifts: new Float32Array(2 * count),
    optics,
    signalToNoise: 0.05,
    noise: whiteNoise(createStream(1, "noise")),
  };
  for await (const batch of simulateImages(exposures, nodeCpu(1))) images.set(batch.images, batch.first * n * n);
  return images;
}

async function setOf(name: string, images: Float32Array, optics: Optics): Promise<ParticleSet> {
  const path = join(folder, name),
    size = images.length / (n * n);
  await writeStack(disk.at(path), { width: n, height: n, pixelSizeAngstrom: pixel, mode: 2 }, [images]);
  return {
    count: size,
    source: "particles.star",
    stacks: [path],
    stackIndex: new Int32Array(size),
    imageIndex: Int32Array.from({ length: size }, (_, i) => i),
    boxSize: n,
    pixelSizeAngstrom: pixel,
    optics,
    opticsGroup: new Int32Array(size),
    opticsGroupNames: ["1"],
    where: (particle) => `particles.star: row ${particle + 1}`,
  };
}

describe("the contrast that a first look finds", () => {
  const under = [8000, 20_000] as const,
    phaseFlipped = new Float64Array(count).fill(1);
  test.each([
    ["underfocused", opticsOf(under)],
    ["phase-flipped", opticsOf(under, { phaseFlipped })],
    ["overfocused", opticsOf([-20_000, -8000])],
    ["overfocused and phase-flipped", opticsOf([-20_000, -8000], { phaseFlipped })],
  ])("in %s images is theirs, and the contrary in their negatives", async (name, optics) => {
    const images = await imagesThrough(optics),
      densityIn = async (of: Float32Array) =>
        (await firstLook(disk, await setOf(`${name}.mrcs`, of, optics))).contrast!.density;
    expect(await densityIn(images)).toBe("bright");
    expect(await densityIn(images.map((v) => 7 - 3 * v))).toBe("dark");
  });

  test("is none where there are fewer than 16 images", async () => {
    const images = await imagesThrough(opticsOf(under));
    const look = async (size: number) =>
      firstLook(disk, await setOf(`${size}.mrcs`, images.slice(0, size * n * n), opticsOf(under)));
    expect((await look(15)).contrast).toBeUndefined();
    expect((await look(16)).contrast).toBeDefined();
  });
});

test("images are all alike where not one pixel of one differs", async () => {
  const one = new Float32Array(n * n);
  whiteNoise(createStream(1, "one"))(one);
  const images = new Float32Array(count * n * n).map((_, i) => one[i % one.length]!);
  expect(await firstLook(disk, await setOf("alike.mrcs", images, opticsOf([8000, 20_000])))).toMatchObject({
    images: count,
    allAlike: true,
  });
  images[images.length - 5]! += 1e-3;
  expect((await firstLook(disk, await setOf("nearly.mrcs", images, opticsOf([8000, 20_000])))).allAlike).toBe(false);
  expect((await firstLook(disk, await setOf("single.mrcs", one, opticsOf([8000, 20_000])))).allAlike).toBe(false);
});
