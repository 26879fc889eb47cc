import { describe, expect, it } from "vitest";
import { whiteNoise } from "../../../src/physics/noise.ts";
import { simulateImages, uniformDefocus } from "../../../src/physics/simulate.ts";
import { samplePoses } from "../../../src/physics/viewing.ts";
import { measureContrast } from "../../../src/reconstruct/measure/contrast.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { densityOf, randomBlobs } from "../../evaluate/blobs.ts";

const n = 48,
  pixel = 4,
  count = 256;

/** Images of a molecule as wide as half the box, through a microscope. */
async function particles(signalToNoise: number, defocus: readonly [number, number]): Promise<Float32Array> {
  const images = new Float32Array(count * n * n);
  const optics = uniformDefocus(
    count,
    defocus,
    { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.07 },
    2,
  );
  const volume = densityOf(randomBlobs(4, 30, 0.25 * n * pixel, 1.5 * pixel), n, pixel);
  const exposures = {
    volume,
    rotations: samplePoses({ kind: "uniform" }, count, createStream(1, "poses")),
    shifts: new Float32Array(2 * count),
    optics,
  };
  for await (const batch of simulateImages(
    { ...exposures, signalToNoise, noise: whiteNoise(createStream(1, "noise")) },
    nodeCpu(1),
  )) {
    images.set(batch.images, batch.first * n * n);
  }
  return images;
}

describe("contrast", () => {
  it.each([
    [5000, 10_000],
    [15_000, 30_000],
  ] as const)("of noisy particles at %d to %d Å underfocus, and of their negatives", async (...defocus) => {
    const images = await particles(0.02, defocus);
    expect(measureContrast(images, n).density).toBe("bright");
    expect(
      measureContrast(
        images.map((v) => 3 - 20 * v),
        n,
      ).density,
    ).toBe("dark"); // another scale and offset, too
  });

  it("of noise alone is not clear, whatever its seed", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const images = new Float32Array(count * n * n);
      whiteNoise(createStream(seed, "noise"))(images);
      const { density, difference, standardError } = measureContrast(images, n);
      expect(density).toBe("unclear");
      expect(Math.abs(difference)).toBeLessThan(4 * standardError);
      // The centre has π (0.2 n)² pixels, the background n² - π (0.45 n)².
      expect(
        standardError / Math.sqrt((1 / (Math.PI * (0.2 * n) ** 2) + 1 / (n * n - Math.PI * (0.45 * n) ** 2)) / count),
      ).toBeCloseTo(1, 0);
    }
  });
});
