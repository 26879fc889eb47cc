import { describe, expect, it } from "vitest";
import {
  bankNoise,
  colouredNoise,
  evenedOut,
  extendedNoise,
  fitBackgrounds,
  mosaics,
  radialPower,
  variedNoise,
  whiteNoise,
} from "../../src/physics/noise.ts";
import { nodeCpu } from "../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../src/runtime/random.ts";

const cpu = nodeCpu(1);

/** Fourier pixels of an n×n image in each shell. */
function samplesPerShell(n: number): number[] {
  const samples = new Array<number>(Math.floor(n / 2) + 1).fill(0);
  for (let y = 0; y < n; y++)
    for (let x = 0; x < n; x++) {
      const shell = Math.round(Math.hypot(Math.min(x, n - x), Math.min(y, n - y)));
      if (shell < samples.length) samples[shell]!++;
    }
  return samples;
}

/** Each power against its expectation, in standard errors: conjugate pairs, each exponentially distributed. */
function deviations(power: ArrayLike<number>, expected: ArrayLike<number>, n: number, images: number): number[] {
  return samplesPerShell(n).map(
    (samples, shell) => (power[shell]! / expected[shell]! - 1) / Math.sqrt(2 / (samples * images)),
  );
}

function draw(source: (out: Float32Array) => void, n: number, images: number): Float32Array {
  const out = new Float32Array(images * n * n);
  source(out);
  return out;
}

describe.each([24, 25])("of %d pixels", (n) => {
  const images = 200;

  it("white noise has power 1 in every shell", () => {
    const power = radialPower(draw(whiteNoise(createStream(5, "noise")), n, images), n);
    for (const d of deviations(power, new Array(13).fill(1), n, images)) expect(Math.abs(d)).toBeLessThan(3);
  });

  it("coloured noise has the spectrum asked for, at unit variance", () => {
    const shells = Math.floor(n / 2) + 1;
    const asked = Float64Array.from({ length: shells }, (_, s) => 0.2 + 5 / (1 + s * s) + 0.3 * (s % 3));
    // The corners carry the last shell's power.
    const samples = samplesPerShell(n);
    const inside = samples.reduce((a, b) => a + b, 0);
    const total = samples.reduce((sum, m, s) => sum + m * asked[s]!, 0) + (n * n - inside) * asked[shells - 1]!;
    const noise = draw(colouredNoise(asked, n, createStream(7, "noise")), n, images);
    const power = radialPower(noise, n);
    for (const d of deviations(
      power,
      asked.map((p) => (p * n * n) / total),
      n,
      images,
    ))
      expect(Math.abs(d)).toBeLessThan(3);
    const variance = noise.reduce((sum, v) => sum + v * v, 0) / noise.length;
    expect(variance).toBeCloseTo(1, 1);
  });

  it("neighbouring images have nothing in common", () => {
    const noise = draw(colouredNoise(new Array(13).fill(1), n, createStream(8, "noise")), n, images);
    const size = n * n;
    let product = 0;
    for (let i = 0; i < noise.length - size; i++) product += noise[i]! * noise[i + size]!;
    expect(Math.abs(product)).toBeLessThan(3 * Math.sqrt(noise.length));
  });

  it("the images of one call are those of several calls", () => {
    const several = new Float32Array(3 * n * n),
      source = colouredNoise([1, 2, 3], n, createStream(1, "noise"));
    for (let i = 0; i < 3; i++) source(several.subarray(i * n * n, (i + 1) * n * n));
    expect(draw(colouredNoise([1, 2, 3], n, createStream(1, "noise")), n, 3)).toEqual(several);
  });
});

describe("radialPower", () => {
  it("of a cosine: amplitude² n² / 4 in each of two Fourier pixels", () => {
    const n = 20,
      amplitude = 3;
    const wave = Float32Array.from(
      { length: n * n },
      (_, i) => amplitude * Math.cos((2 * Math.PI * (3 * (i % n) - 4 * Math.floor(i / n))) / n + 0.4),
    );
    const power = radialPower(wave, n);
    power.forEach((p, shell) =>
      expect(p).toBeCloseTo(shell === 5 ? (2 * amplitude ** 2 * n * n) / 4 / samplesPerShell(n)[5]! : 0, 4),
    );
  });

  it("is the mean over images", () => {
    const n = 4;
    const two = new Float32Array(2 * n * n).fill(1, 0, n * n).fill(3, n * n);
    expect(radialPower(two, n)[0]).toBeCloseTo(((1 + 9) / 2) * n * n, 5);
  });
});

describe("bankNoise", () => {
  it("draws every image in its four turns and their mirror images, equally often", () => {
    const n = 3;
    const bank = Float32Array.from([...Array(18).keys()]); // two images
    const turned = (image: number[]) => [6, 3, 0, 7, 4, 1, 8, 5, 2].map((from) => image[from]!);
    const mirrored = (image: number[]) => [2, 1, 0, 5, 4, 3, 8, 7, 6].map((from) => image[from]!);
    const expected = new Set<string>();
    for (const start of [[...bank.subarray(0, 9)], [...bank.subarray(9)]]) {
      for (let image = start, turn = 0; turn < 4; turn++, image = turned(image)) {
        expected.add(image.join());
        expected.add(mirrored(image).join());
      }
    }
    expect(expected.size).toBe(16);
    const draws = 3200;
    const out = draw(bankNoise(bank, n, createStream(2, "noise")), n, draws);
    const counts = new Map<string, number>();
    for (let i = 0; i < draws; i++) {
      const key = out.subarray(9 * i, 9 * i + 9).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(new Set(counts.keys())).toEqual(expected);
    // Chi-squared of 15 degrees of freedom: below 30.6 in 99 of 100 cases.
    expect([...counts.values()].reduce((sum, c) => sum + (c - 200) ** 2 / 200, 0)).toBeLessThan(30.6);
  });
});

describe("extendedNoise", () => {
  const n = 24;
  async function bankOf(count: number): Promise<Float32Array> {
    const power = Float64Array.from({ length: 13 }, (_, s) => 0.3 + 4 / (1 + s));
    return fitBackgrounds(draw(colouredNoise(power, n, createStream(3, "bank")), n, count), n, n, 1, cpu);
  }
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  const correlation = (a: Float32Array, b: Float32Array) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const imagesOf = (stack: Float32Array) =>
    Array.from({ length: stack.length / n ** 2 }, (_, i) => stack.subarray(i * n * n, (i + 1) * n * n));

  it("has the bank's spectrum, mean and variance", async () => {
    const bank = await bankOf(40),
      draws = 400;
    const noise = draw(extendedNoise(bank, n, createStream(4, "noise")), n, draws);
    const asked = radialPower(bank, n),
      found = radialPower(noise, n);
    for (const d of deviations(found, asked, n, draws).slice(1)) expect(Math.abs(d)).toBeLessThan(3);
    for (const image of imagesOf(noise)) expect(Math.abs(image.reduce((a, b) => a + b, 0))).toBeLessThan(1e-2);
    expect(dot(noise, noise) / noise.length).toBeCloseTo(1, 1);
  });

  it("no two images are alike, though each holds one background in one of eight orientations", async () => {
    const bank = await bankOf(1);
    const backgrounds = imagesOf(draw(bankNoise(bank, n, createStream(1, "orientations")), n, 100));
    const images = imagesOf(draw(extendedNoise(bank, n, createStream(5, "noise")), n, 60));
    for (const image of images) {
      const shared = Math.max(...backgrounds.map((b) => correlation(image, b)));
      expect(Math.abs(shared - Math.SQRT1_2)).toBeLessThan(0.12);
    }
    const pairs = images.flatMap((a, i) => images.slice(i + 1).map((b) => correlation(a, b)));
    expect(Math.max(...pairs)).toBeLessThan(0.75);
    expect(Math.max(...pairs)).toBeGreaterThan(0.4);
  });

  it("the images of one call are those of several calls", async () => {
    const bank = await bankOf(5),
      several = new Float32Array(3 * n * n),
      source = extendedNoise(bank, n, createStream(1, "noise"));
    for (let i = 0; i < 3; i++) source(several.subarray(i * n * n, (i + 1) * n * n));
    expect(draw(extendedNoise(bank, n, createStream(1, "noise")), n, 3)).toEqual(several);
  });
});

describe.each([24, 25])("mosaics of %d pixels", (n) => {
  it("are of four backgrounds whose weights have squares that sum to 1 at every pixel", () => {
    const bank = draw(whiteNoise(createStream(9, "bank")), n, 60);
    const draws = 4000,
      squares = new Float64Array(n * n),
      out = draw(mosaics(bank, n, createStream(1, "noise")), n, draws);
    let total = 0;
    for (let i = 0; i < out.length; i++) {
      squares[i % (n * n)]! += out[i]! ** 2 / draws;
      total += out[i]! ** 2 / out.length;
    }
    const variance = bank.reduce((sum, v) => sum + v * v, 0) / bank.length;
    expect(total / variance).toBeCloseTo(1, 1);
    for (const square of squares) expect(Math.abs(square / variance - 1)).toBeLessThan(0.3);
  });

  it("have no seam: neighbouring pixels of smooth backgrounds differ as little across it as elsewhere", () => {
    // A ramp is smooth but where its edges meet, where it jumps by 2.
    const ramp = Float32Array.from({ length: n * n }, (_, i) => (2 * (i % n)) / n - 1),
      out = draw(mosaics(ramp, n, createStream(2, "noise")), n, 50);
    let steepest = 0;
    for (let i = 0; i < out.length; i++) {
      const y = Math.floor(i / n),
        next = y * n + (((i % n) + 1) % n);
      steepest = Math.max(steepest, Math.abs(out[next]! - out[i]!));
    }
    // Slopes of the fades and of the ramp: 2π/n and 4/n at most.
    expect(steepest).toBeLessThan((2 * Math.PI + 4) / n);
  });

  it("show no background again: none explains much of an image in any place and turn", () => {
    const bank = draw(whiteNoise(createStream(9, "bank")), n, 3),
      seen = draw(bankNoise(bank, n, createStream(3, "turns")), n, 40),
      image = draw(mosaics(bank, n, createStream(4, "noise")), n, 1);
    const power = (of: Float32Array): number => of.reduce((sum, v) => sum + v * v, 0);
    let most = 0;
    for (let start = 0; start < seen.length; start += n * n)
      for (let dy = 0; dy < n; dy++)
        for (let dx = 0; dx < n; dx++) {
          let product = 0;
          for (let y = 0; y < n; y++)
            for (let x = 0; x < n; x++)
              product += image[((y + dy) % n) * n + ((x + dx) % n)]! * seen[start + y * n + x]!;
          most = Math.max(most, product ** 2 / (power(image) * power(seen.subarray(start, start + n * n))));
        }
    // The mean of the fade is 4/π²: one background in its place explains (4/π²)² of the image, 0.16, noise about 0.03.
    expect(most).toBeGreaterThan(0.08);
    expect(most).toBeLessThan(0.35);
  });
});

describe("variedNoise", () => {
  const n = 24,
    power = Float64Array.from({ length: 13 }, (_, s) => 0.3 + 4 / (1 + s)),
    bankOf = (seed: number) =>
      fitBackgrounds(draw(colouredNoise(power, n, createStream(seed, "bank")), n, 8), n, n, 1, cpu);

  it("follows the spectrum of the noise that backgrounds were drawn from, of the bank's variance", async () => {
    const noise = draw(variedNoise(await bankOf(1), n, createStream(2, "noise")), n, 500),
      ratios = [...radialPower(noise, n)].map((p, shell) => p / power[shell]!).slice(3, 12),
      mean = ratios.reduce((a, b) => a + b) / ratios.length;
    for (const ratio of ratios) expect(Math.abs(ratio / mean - 1)).toBeLessThan(0.15);
    expect(noise.reduce((sum, v) => sum + v * v, 0) / noise.length).toBeCloseTo(1, 1);
  });

  it("is as normal noise, though backgrounds are few: the power of shells varies as much, in any bank", async () => {
    // Two shells of each image; spread relative to the mean: √(2/samples) of normal noise.
    const spreads = (source: (out: Float32Array) => void): number[] => {
      const stack = draw(source, n, 1000),
        each = Array.from({ length: 1000 }, (_, i) => radialPower(stack.subarray(i * n * n, (i + 1) * n * n), n));
      return [2, 4].map((shell) => {
        const values = each.map((p) => p[shell]!),
          mean = values.reduce((a, b) => a + b) / values.length;
        return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) / mean;
      });
    };
    const normal = spreads(colouredNoise(power, n, createStream(1, "noise")));
    for (const seed of [1, 2])
      spreads(variedNoise(await bankOf(seed), n, createStream(3, "noise"))).forEach((spread, i) =>
        expect(Math.abs(spread / normal[i]! - 1)).toBeLessThan(0.1),
      );
  });
});

describe("evenedOut", () => {
  it.each([24, 25])(
    "of %d pixels: what is stronger along an axis, and on a shell, becomes as the shells nearby, all around",
    (n) => {
      const waves = Float32Array.from(
        { length: 40 * n * n },
        (_, i) =>
          3 * Math.cos((2 * Math.PI * 4 * (i % n)) / n + i / (n * n)) +
          [0.3, -0.2, 0.9, -1.1, 0.5, -0.4, 0.1][(i * 7919) % 7]!,
      );
      const noise = draw(whiteNoise(createStream(5, "noise")), n, 40),
        bank = waves.map((v, i) => v + noise[i]!);
      const even = evenedOut(bank, n);
      // Each shell as the mean of all, weighted by their pixels and a Gaussian of two shells; beyond 12 it is nothing.
      const before = radialPower(bank, n),
        after = radialPower(even, n),
        pixels = samplesPerShell(n);
      for (const shell of [1, 2, 3, 4, 5, 6]) {
        const weights = pixels.map((count, near) => (near === 0 ? 0 : count * Math.exp(-((near - shell) ** 2) / 8)));
        const mean = weights.reduce((sum, w, near) => sum + w * before[near]!, 0) / weights.reduce((sum, w) => sum + w);
        expect(after[shell]! / mean).toBeCloseTo(1, 2);
      }
      expect(before[4]! / before[5]!).toBeGreaterThan(1.5);
      const variance = (of: Float32Array) => of.reduce((sum, v) => sum + v * v, 0) / of.length;
      expect(variance(even) / variance(bank)).toBeCloseTo(1, 1);
      // Of all images together, power along the axes against that on the whole shell.
      const along = (of: Float32Array): number => {
        let sum = 0;
        for (let start = 0; start < of.length; start += n * n)
          for (const down of [false, true]) {
            let re = 0,
              im = 0;
            for (let i = 0; i < n * n; i++) {
              const angle = (2 * Math.PI * 4 * (down ? Math.floor(i / n) : i % n)) / n;
              re += of[start + i]! * Math.cos(angle);
              im += of[start + i]! * Math.sin(angle);
            }
            sum += (re ** 2 + im ** 2) / (n * n);
          }
        return sum / (2 * (of.length / (n * n)));
      };
      expect(along(bank) / radialPower(bank, n)[4]!).toBeGreaterThan(3);
      expect(along(even) / radialPower(even, n)[4]!).toBeCloseTo(1, 4);
    },
  );
});

describe("fitBackgrounds", () => {
  it("resamples each image and brings it to mean 0 and variance 1", async () => {
    const n = 30,
      m = 16,
      step = 1.5,
      images = 70; // more than one batch
    // A wave of period 10 pixels on a pedestal; its amplitude and phase differ from image to image.
    const bank = Float32Array.from({ length: images * n * n }, (_, i) => {
      const image = Math.floor(i / (n * n)),
        x = (i % n) - 15;
      return 5 + (1 + image) * Math.cos((2 * Math.PI * x) / 10 + image);
    });
    const fitted = await fitBackgrounds(bank, n, m, step, cpu);
    expect(fitted.length).toBe(images * m * m);
    for (const image of [0, 33, 64, 69]) {
      const wave = Array.from({ length: m }, (_, x) => Math.cos((2 * Math.PI * (x - 8) * step) / 10 + image));
      const mean = wave.reduce((a, b) => a + b, 0) / m;
      const deviation = Math.sqrt(wave.reduce((a, b) => a + (b - mean) ** 2, 0) / m);
      for (let y = 0; y < m; y += 5)
        for (let x = 0; x < m; x++) {
          expect(fitted[(image * m + y) * m + x]).toBeCloseTo((wave[x]! - mean) / deviation, 3);
        }
    }
  });
});
