import { describe, expect, it } from "vitest";
import { radialPower, whiteNoise } from "../../../src/physics/noise.ts";
import { withNoiseFloor } from "../../../src/reconstruct/measure/criticNoise.ts";
import { createStream } from "../../../src/runtime/random.ts";

const n = 16,
  count = 400;
/** A wave of variance 2 in every image, and white noise. */
function wavesWithNoise(variance: number): {
  images: Float32Array;
  spectra: { noise: Float64Array; signal: Float64Array };
} {
  const images = new Float32Array(count * n * n);
  whiteNoise(createStream(1, "noise"))(images);
  images.forEach((v, i) => (images[i] = Math.sqrt(variance) * v + 2 * Math.cos((2 * Math.PI * 3 * (i % n)) / n)));
  return {
    images,
    spectra: { noise: new Float64Array(n / 2 + 1).fill(variance * n * n), signal: new Float64Array(n / 2 + 1).fill(7) },
  };
}

describe("noise floor", () => {
  it("brings the noise's variance to the fraction asked for, in the images and in their spectrum", () => {
    const { images, spectra } = wavesWithNoise(0.05);
    const result = withNoiseFloor(images, n, spectra, 0.5, createStream(2, "floor"));
    const power = radialPower(result.images, n); // mean |F|²/n²; the wave lies on shell 3
    for (const shell of [1, 2, 5, 6, 7]) {
      expect(power[shell]).toBeGreaterThan(0.9);
      expect(power[shell]).toBeLessThan(1.1);
      expect(result.spectra.noise[shell]! / n ** 2).toBeCloseTo(1, 1);
    }
    expect(result.spectra.signal).toEqual(spectra.signal);
  });

  it("adds nothing to images that are noisy enough, and never writes into those given", () => {
    const noisy = wavesWithNoise(3);
    expect(withNoiseFloor(noisy.images, n, noisy.spectra, 0.5, createStream(2, "floor")).images).toBe(noisy.images);
    const clean = wavesWithNoise(0),
      copy = clean.images.slice();
    withNoiseFloor(clean.images, n, clean.spectra, 0.5, createStream(2, "floor"));
    expect(clean.images).toEqual(copy);
  });
});
