import { describe, expect, it } from "vitest";
import { fftn, signedFrequency } from "../../../src/numeric/fft.ts";
import { colouredNoise } from "../../../src/physics/noise.ts";
import { tabulatedDefocus } from "../../../src/physics/simulate.ts";
import { varianceOf } from "../../../src/reconstruct/measure/criticNoise.ts";
import { groupNoise } from "../../../src/reconstruct/measure/groupNoise.ts";
import { measureSpectra } from "../../../src/reconstruct/measure/spectra.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream, type RandomStream } from "../../../src/runtime/random.ts";

const top = 16,
  area = 0.5;
/** Power on a shell of one image's background, normal noise: the mean of πk·area squared coefficients. */
function drawnPower(k: number, power: number, stream: RandomStream): number {
  const samples = Math.max(1, Math.round(Math.PI * k * area));
  let sum = 0;
  for (let i = 0; i < samples; i++) sum += (stream.normal() ** 2 + stream.normal() ** 2) / 2;
  return (power * sum) / samples;
}

/** Groups of these sizes, with a noise of 100·`ratio`: what groupNoise says of them, and what their own means say. */
function measured(sizes: readonly number[], ratio: (group: number, k: number) => number, seed = 1) {
  const stream = createStream(seed, "groups"),
    power = new Float64Array(sizes.length * top),
    squared = new Float64Array(sizes.length * top),
    mean = new Float64Array(top + 1);
  sizes.forEach((size, g) => {
    for (let i = 0; i < size; i++)
      for (let k = 1; k <= top; k++) {
        const drawn = drawnPower(k, 100 * ratio(g, k), stream);
        power[g * top + k - 1]! += drawn;
        squared[g * top + k - 1]! += drawn ** 2;
        mean[k]! += drawn / sizes.reduce((a, b) => a + b);
      }
  });
  const ratios = groupNoise(Float64Array.from(sizes), power, squared, mean, area);
  const error = (of: (g: number, k: number) => number): number => {
    let sum = 0;
    for (let g = 0; g < sizes.length; g++)
      for (let k = 3; k <= top; k++) sum += (of(g, k) - (100 * ratio(g, k)) / mean[k]!) ** 2;
    return Math.sqrt(sum / sizes.length / (top - 2));
  };
  return {
    ratios,
    shrunk: error((g, k) => ratios[g * (top + 1) + k]!),
    own: error((g, k) => power[g * top + k - 1]! / sizes[g]! / mean[k]!),
    common: error(() => 1),
  };
}

describe("noise power of groups", () => {
  it("of small groups lies between their own and the mean, nearer to the truth than either", () => {
    const spread = createStream(7, "spread"),
      levels = Array.from({ length: 60 }, () => 1 + 0.2 * spread.normal());
    for (const size of [1, 3, 10]) {
      const { shrunk, own, common } = measured(new Array<number>(60).fill(size), (g) => levels[g]!);
      expect(shrunk, `groups of ${size}`).toBeLessThan(0.97 * own);
      expect(shrunk, `groups of ${size}`).toBeLessThan(0.97 * common);
    }
    // Where a group is large, its own spectrum stands.
    const { shrunk, own } = measured([400, 400, 400, 400], (g, k) => 1 + 0.1 * g * (k / top));
    expect(shrunk).toBeLessThan(1.1 * own);
    expect(shrunk).toBeLessThan(0.03);
  });

  it("of groups that are alike is the mean's, or nearly", () => {
    for (const seed of [1, 2, 3]) {
      const { shrunk, own } = measured(new Array<number>(40).fill(5), () => 1, seed);
      expect(shrunk).toBeLessThan(0.3 * own);
    }
    expect([...measured([50], () => 1).ratios]).toEqual(new Array(top + 1).fill(1));
  });

  it("a group without an image has that of the mean", () => {
    const { ratios } = measured([30, 0, 30], (g) => (g === 0 ? 0.8 : 1.2));
    expect([...ratios.subarray(top + 1, 2 * (top + 1))]).toEqual(new Array(top + 1).fill(1));
    expect(ratios[4]!).toBeLessThan(0.9);
  });
});

describe("spectra of groups", () => {
  const n = 32,
    count = 1024,
    boxAngstrom = 192,
    defocus = 15_000;
  const optics = tabulatedDefocus(
    count,
    [{ defocusUAngstrom: defocus, defocusVAngstrom: defocus, astigmatismAngle: 0 }],
    { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 },
    1,
  );
  const signalPower = (k: number): number => (2 * Math.PI * 12) ** 2 * Math.exp(-(((2 * Math.PI * k) / n) ** 2));
  const transfer = (k: number): number => {
    const s = k / boxAngstrom;
    return Math.sin(
      Math.PI * 0.0196875 * defocus * s ** 2 - (Math.PI / 2) * 2.7e7 * 0.0196875 ** 3 * s ** 4 + Math.asin(0.1),
    );
  };
  const noisePower = [(k: number) => n * n * (0.7 + 0.02 * k), (k: number) => n * n * (1.3 - 0.02 * k)] as const,
    contrast = [1.2, 0.8] as const;

  it("noise and contrast of two micrographs, and the signal of their mean", async () => {
    const images = new Float32Array(count * n * n);
    for (const [g, power] of noisePower.entries()) {
      const spectrum = Float64Array.from({ length: n }, (_, k) => power(k)),
        source = colouredNoise(spectrum, n, createStream(g, "noise")),
        deviation = Math.sqrt(varianceOf(spectrum, n)),
        image = new Float32Array(n * n);
      for (let p = g; p < count; p += 2) {
        source(image);
        for (let i = 0; i < n * n; i++) images[p * n * n + i] = deviation * image[i]!;
      }
    }
    const places = createStream(3, "places");
    for (let p = 0; p < count; p++) {
      const re = new Float64Array(n * n),
        im = new Float64Array(n * n),
        y = n / 2 + 2 * places.uniform() - 1,
        x = n / 2 + 2 * places.uniform() - 1;
      for (let i = 0; i < n * n; i++) {
        const ky = signedFrequency(Math.floor(i / n), n),
          kx = signedFrequency(i % n, n),
          k = Math.hypot(ky, kx),
          f = contrast[p % 2]! * Math.sqrt(signalPower(k)) * transfer(k),
          angle = (-2 * Math.PI * (ky * y + kx * x)) / n;
        re[i] = f * Math.cos(angle);
        im[i] = f * Math.sin(angle);
      }
      fftn(re, im, [n, n], true);
      for (let i = 0; i < n * n; i++) images[p * n * n + i]! += re[i]!;
    }
    const everyone = Int32Array.from({ length: count }, (_, i) => i),
      of = everyone.map((p) => p % 2);
    const { noise, signal, groups } = await measureSpectra(
      images,
      n,
      optics,
      everyone,
      boxAngstrom,
      12,
      nodeCpu(1),
      of,
    );
    const shells = n / 2 + 1;
    for (let g = 0; g < 2; g++) {
      for (let k = 2; k < n / 2; k++)
        expect((groups!.noise[g * shells + k]! * noise[k]!) / noisePower[g]!(k), `noise ${g} at ${k}`).toSatisfy(
          (ratio: number) => Math.abs(ratio - 1) < 0.06,
        );
    }
    expect(groups!.contrast[0]! / groups!.contrast[1]!).toBeCloseTo(1.5, 1);
    // Contrast and signal are known up to a common factor.
    const factor = (contrast[0] ** 2 + contrast[1] ** 2) / (groups!.contrast[0]! ** 2 + groups!.contrast[1]! ** 2);
    for (let k = 3; k <= 7; k++)
      expect(signal[k]! / factor / signalPower(k), `signal at ${k}`).toSatisfy(
        (ratio: number) => Math.abs(ratio - 1) < 0.1,
      );
  });
});
