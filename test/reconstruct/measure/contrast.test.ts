import { describe, expect, it } from "vitest";
import type { Optics } from "../../../src/base/types.ts";
import { whiteNoise } from "../../../src/physics/noise.ts";
import { simulateImages, uniformDefocus } from "../../../src/physics/simulate.ts";
import { samplePoses } from "../../../src/physics/viewing.ts";
import { type Contrast, measureContrast } from "../../../src/reconstruct/measure/contrast.ts";
import { addToExtent, keepCoarse, openExtentSums } from "../../../src/reconstruct/measure/extent.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { densityOf, randomBlobs } from "../../evaluate/blobs.ts";

const n = 48,
  pixel = 4,
  count = 256;
const opticsOf = (defocus: readonly [number, number]): Optics =>
  uniformDefocus(count, defocus, { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.07 }, 2);

/** Images of a molecule, as wide as half the box where no other is given, through a microscope. */
async function particles(
  signalToNoise: number,
  optics: Optics,
  volume = densityOf(randomBlobs(4, 30, 0.25 * n * pixel, 1.5 * pixel), n, pixel),
): Promise<Float32Array> {
  const images = new Float32Array(count * n * n);
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

function contrastOf(images: Float32Array, optics: Optics): Contrast {
  const sums = openExtentSums(n, n * pixel);
  for (let p = 0; p < count; p++)
    addToExtent(sums, keepCoarse(sums, images.subarray(p * n * n, (p + 1) * n * n), p)!, optics, p);
  return measureContrast(sums);
}

describe("contrast", () => {
  it.each([
    [5000, 10_000],
    [15_000, 30_000],
    [-20_000, -8000],
  ] as const)("of noisy particles at %d to %d Å underfocus, and of their negatives", async (...defocus) => {
    const optics = opticsOf(defocus),
      images = await particles(0.02, optics);
    expect(contrastOf(images, optics).density).toBe("bright");
    const negatives = images.map((v) => 3 - 20 * v); // another scale and offset, too
    expect(contrastOf(negatives, optics).density).toBe("dark");
  });

  it("of a hollow molecule that fills three quarters of its box", async () => {
    const optics = opticsOf([15_000, 25_000]),
      volume = densityOf([], n, pixel);
    for (let i = 0; i < n ** 3; i++) {
      const r = Math.hypot((i % n) - n / 2, (Math.floor(i / n) % n) - n / 2, Math.floor(i / n ** 2) - n / 2);
      volume.data[i] = r > 16 && r < 18 ? 1 : 0; // 144 Å in 192 Å
    }
    const images = await particles(0.1, optics, volume);
    expect(contrastOf(images, optics).density).toBe("bright");
    expect(
      contrastOf(
        images.map((v) => -v),
        optics,
      ).density,
    ).toBe("dark");
  });

  it("of noise alone is not clear, whatever its seed", () => {
    const optics = opticsOf([5000, 20_000]),
      squares: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const images = new Float32Array(count * n * n);
      whiteNoise(createStream(seed, "noise"))(images);
      const { density, amplitude, standardError } = contrastOf(images, optics);
      expect(density).toBe("unclear");
      squares.push((amplitude / standardError) ** 2);
    }
    // The error is what the amplitude scatters by: of 20 squares the mean is 1 ± 0.32.
    expect(squares.reduce((a, b) => a + b) / squares.length).toBeGreaterThan(0.35);
    expect(squares.reduce((a, b) => a + b) / squares.length).toBeLessThan(2.3);
  });
});
