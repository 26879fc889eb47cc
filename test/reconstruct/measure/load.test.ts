import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { ParticleSet } from "../../../src/base/types.ts";
import { disk } from "../../../src/io/disk.ts";
import { writeStack } from "../../../src/io/mrc.ts";
import { openImages } from "../../../src/reconstruct/measure/load.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { inputError, temporaryFolder } from "../../io/helpers.ts";

const n = 32,
  radius = 10,
  cpu = nodeCpu(1);
const folder = temporaryFolder();

async function stack(name: string, images: Float32Array): Promise<string> {
  const path = join(folder, name);
  await writeStack(disk.at(path), { width: n, height: n, pixelSizeAngstrom: 3, mode: 2 }, [images]);
  return path;
}

/** Particle i is image order[i] of the stack. */
function setOf(path: string, order: ArrayLike<number>): ParticleSet {
  const count = order.length,
    column = (): Float64Array => new Float64Array(count);
  return {
    count,
    source: "particles.star",
    stacks: [path],
    stackIndex: new Int32Array(count),
    imageIndex: Int32Array.from(order),
    boxSize: n,
    pixelSizeAngstrom: 3,
    optics: {
      defocusUAngstrom: column(),
      defocusVAngstrom: column(),
      astigmatismAngle: column(),
      phaseShift: column(),
      voltageKv: column(),
      sphericalAberrationMm: column(),
      amplitudeContrast: column(),
      bFactorAngstrom2: column(),
    },
    opticsGroup: new Int32Array(count),
    opticsGroupNames: ["1"],
    where: (particle) => `particles.star: row ${particle + 1} (line ${particle + 30})`,
  };
}

/** Values beyond `radius` of one image. */
const background = (image: ArrayLike<number>): number[] =>
  Array.from(image).filter((_, i) => Math.hypot((i % n) - n / 2, Math.floor(i / n) - n / 2) > radius);
function moments(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) };
}

/** All images of a set. */
async function load(set: ParticleSet, box: number): Promise<{ images: Float32Array; boxSize: number }> {
  const reader = await openImages(disk, set, box, radius, cpu);
  try {
    return { images: await reader.read(Int32Array.from({ length: set.count }, (_, i) => i)), boxSize: reader.boxSize };
  } finally {
    await reader.close();
  }
}

describe("particle images", () => {
  // More than a batch, in an order of their own, each image with an offset and a contrast of its own.
  const count = 300;
  const order = Int32Array.from({ length: count }, (_, i) => (i * 7 + 3) % count);
  const gaussianAt = (i: number): [number, number] => [((i % 5) - 2) / n, ((i % 7) - 3) / n];
  /** Periodic Gaussian of an eighth of the box, sampled on edge² pixels; `at` y, x from the centre in boxes. */
  function gaussian(edge: number, at: readonly [number, number]): Float64Array {
    const line = (d: number): Float64Array =>
      Float64Array.from({ length: edge }, (_, i) => {
        let sum = 0;
        for (let image = -2; image <= 2; image++)
          sum += Math.exp(-32 * ((i - Math.floor(edge / 2)) / edge - d + image) ** 2);
        return sum;
      });
    const y = line(at[0]),
      x = line(at[1]);
    return Float64Array.from({ length: edge * edge }, (_, i) => y[Math.floor(i / edge)]! * x[i % edge]!);
  }
  const written = new Float32Array(count * n * n);
  let smooth = "",
    noisy = "";
  beforeAll(async () => {
    for (let i = 0; i < count; i++)
      gaussian(n, gaussianAt(i)).forEach((v, j) => (written[i * n * n + j] = 5 + i + (1 + i / 50) * v));
    smooth = await stack("smooth.mrcs", written);
    const noise = new Float32Array(3 * n * n);
    createStream(1, "noise").fillNormal(noise);
    noisy = await stack(
      "noisy.mrcs",
      noise.map((v, j) => 100 * Math.floor(j / (n * n)) - 70 + 3 * v),
    );
  });

  it("have a background of mean 0 and deviation 1; the whole image is moved and scaled alike", async () => {
    const { images, boxSize } = await load(setOf(noisy, [2, 0, 1]), n);
    expect([boxSize, images.length]).toEqual([n, 3 * n * n]);
    for (let i = 0; i < 3; i++) {
      const image = images.subarray(i * n * n, (i + 1) * n * n);
      const { mean, deviation } = moments(background(image));
      expect(mean).toBeCloseTo(0, 4);
      expect(deviation).toBeCloseTo(1, 4);
      expect(moments(Array.from(image)).deviation).toBeCloseTo(1, 1);
    }
  });

  it.each([16, 15, n])(
    "cropped to %i pixels are the same picture on coarser pixels, each in its place",
    async (box) => {
      const { images, boxSize } = await load(setOf(smooth, order), box);
      expect(boxSize).toBe(box);
      expect(images).toHaveLength(count * box * box);
      for (const i of [0, 1, 100, 255, 256, 299]) {
        const image = order[i]!;
        const { mean, deviation } = moments(background(gaussian(n, gaussianAt(image)))); // offset and contrast cancel
        const expected = gaussian(box, gaussianAt(image)).map((v) => (v - mean) / deviation);
        let worst = 0;
        expected.forEach((v, j) => (worst = Math.max(worst, Math.abs(v - images[i * box * box + j]!))));
        expect(worst).toBeLessThan(2e-3 * Math.max(...expected));
      }
    },
  );

  it("a constant background is refused, naming its row", async () => {
    const images = new Float32Array(3 * n * n);
    createStream(2, "noise").fillNormal(images);
    images.fill(7, n * n, 2 * n * n);
    const path = await stack("constant.mrcs", images);
    for (const box of [n, 16]) {
      expect(await inputError(() => load(setOf(path, [0, 2, 1]), box))).toMatch(
        /^particles\.star: row 3 \(line 32\).*constant/,
      );
    }
  });

  it.each([0.1, 1e4 + 0.1, -3.3])(
    "a constant of %d, which sums do not give back exactly, is refused too",
    async (value) => {
      const path = await stack("constant.mrcs", new Float32Array(n * n).fill(value));
      expect(await inputError(() => load(setOf(path, [0]), n))).toContain("row 1");
    },
  );

  it("a missing stack ends the loading", async () => {
    expect(await inputError(() => load(setOf(join(folder, "absent.mrcs"), [0]), n))).toContain("absent.mrcs");
  });
});
