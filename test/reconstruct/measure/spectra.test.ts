import { describe, expect, it } from "vitest";
import type { Optics } from "../../../src/base/types.ts";
import { fftn, signedFrequency } from "../../../src/numeric/fft.ts";
import { backgroundMask, measureSpectra } from "../../../src/reconstruct/measure/spectra.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream, type RandomStream } from "../../../src/runtime/random.ts";

const n = 32,
  pixelSizeAngstrom = 6,
  boxAngstrom = n * pixelSizeAngstrom,
  radius = 12,
  count = 1024;
const cpu = nodeCpu(1);

const column = (value: (i: number) => number): Float64Array => Float64Array.from({ length: count }, (_, i) => value(i));
const optics: Optics = {
  defocusUAngstrom: column((i) => 15_000 + 2000 * (i % 8)),
  defocusVAngstrom: column((i) => 15_000 + 2000 * (i % 8)),
  astigmatismAngle: column(() => 0),
  phaseShift: column(() => 0),
  voltageKv: column(() => 300),
  sphericalAberrationMm: column(() => 2.7),
  amplitudeContrast: column(() => 0.1),
  bFactorAngstrom2: column(() => 0),
};
/** CTF at 300 kV (wavelength 0.0196875 Å), Cs 2.7 mm, amplitude contrast 0.1. */
function ctf(k: number, defocusAngstrom: number): number {
  const lambda = 0.0196875,
    s = k / boxAngstrom;
  return Math.sin(
    Math.PI * lambda * defocusAngstrom * s ** 2 - (Math.PI / 2) * 2.7e7 * lambda ** 3 * s ** 4 + Math.asin(0.1),
  );
}

/**
 * Adds to each image normal noise with pixels of unit variance times an amplitude that depends on the frequency, and
 * on the particle.
 */
function addNoise(
  images: Float32Array,
  stream: RandomStream,
  amplitude: (k: number, particle: number) => number,
): void {
  for (let first = 0; first < images.length; first += n * n) {
    const re = Float64Array.from({ length: n * n }, () => stream.normal()),
      im = new Float64Array(n * n);
    fftn(re, im, [n, n]);
    for (let i = 0; i < n * n; i++) {
      const a = amplitude(Math.hypot(signedFrequency(Math.floor(i / n), n), signedFrequency(i % n, n)), first / n ** 2);
      re[i]! *= a;
      im[i]! *= a;
    }
    fftn(re, im, [n, n], true);
    for (let i = 0; i < n * n; i++) images[first + i]! += re[i]!;
  }
}

/**
 * A Gaussian of one pixel's width near the centre; its transform has the power (2πA)²·exp(-4π²k²/n²) wherever it lies.
 */
const amplitude = 10;
const signalPower = (k: number): number => (2 * Math.PI * amplitude) ** 2 * Math.exp(-(((2 * Math.PI * k) / n) ** 2));
function addParticles(images: Float32Array, stream: RandomStream, from = optics): void {
  for (let p = 0; p < count; p++) {
    const re = new Float64Array(n * n),
      im = new Float64Array(n * n);
    const y = n / 2 + 4 * stream.uniform() - 2,
      x = n / 2 + 4 * stream.uniform() - 2;
    for (let i = 0; i < n * n; i++) {
      const ky = signedFrequency(Math.floor(i / n), n),
        kx = signedFrequency(i % n, n),
        k = Math.hypot(ky, kx);
      const f = Math.sqrt(signalPower(k)) * ctf(k, from.defocusUAngstrom[p]!),
        angle = (-2 * Math.PI * (ky * y + kx * x)) / n;
      re[i] = f * Math.cos(angle);
      im[i] = f * Math.sin(angle);
    }
    fftn(re, im, [n, n], true);
    for (let i = 0; i < n * n; i++) images[p * n * n + i]! += re[i]!;
  }
}

const everyone = Int32Array.from({ length: count }, (_, i) => i);
const measure = (images: Float32Array, particles = everyone, most?: number) =>
  measureSpectra(images, n, optics, particles, boxAngstrom, radius, cpu, undefined, most);

describe("spectra measured from images", () => {
  it("noise of known deviation and the power of particles behind CTFs of several defoci", async () => {
    const sigma = 0.8,
      images = new Float32Array(count * n * n);
    addNoise(images, createStream(1, "noise"), () => sigma);
    addParticles(images, createStream(1, "particles"));
    const { noise, signal } = await measure(images);
    expect(noise).toHaveLength(n / 2 + 1);
    expect(signal).toHaveLength(n / 2 + 1);
    for (let k = 2; k <= n / 2; k++)
      expect(noise[k]! / (sigma ** 2 * n * n), `noise at ${k}`).toSatisfy(
        (ratio: number) => Math.abs(ratio - 1) < 0.03,
      );
    // Beyond shell 8 the particles have less than half the noise's power, and the standard error passes 2.5 %.
    for (let k = 3; k <= 8; k++)
      expect(signal[k]! / signalPower(k), `signal at ${k}`).toSatisfy((ratio: number) => Math.abs(ratio - 1) < 0.1);
    expect(noise[0]).toBe(noise[1]);
    expect(signal[0]).toBe(signal[1]);
  });

  it("coloured noise without particles: its spectrum, smeared by the circle, and hardly any signal", async () => {
    const images = new Float32Array(count * n * n);
    const power = (k: number): number => 1 + 4 * Math.exp(-((k / 8) ** 2));
    addNoise(images, createStream(2, "noise"), (k) => Math.sqrt(power(k)));
    const { noise, signal } = await measure(images);
    // ⟨|F(k)|²⟩ of masked noise is Σ_d A(d) C(d) cos 2πk·d/n, A the autocorrelation of the mask, C the covariance of
    // the noise.
    const mask = backgroundMask(n, radius),
      wide = 2 * n;
    const area = mask.reduce((sum, m) => sum + m, 0);
    const overlap = new Float64Array(wide ** 2),
      overlapIm = new Float64Array(wide ** 2);
    mask.forEach((m, i) => (overlap[Math.floor(i / n) * wide + (i % n)] = m));
    fftn(overlap, overlapIm, [wide, wide]);
    overlap.forEach((v, i) => (overlap[i] = v ** 2 + overlapIm[i]! ** 2));
    fftn(overlap, overlapIm.fill(0), [wide, wide], true);
    const covariance = Float64Array.from({ length: n * n }, (_, i) =>
      power(Math.hypot(signedFrequency(Math.floor(i / n), n), signedFrequency(i % n, n))),
    );
    fftn(covariance, new Float64Array(n * n), [n, n], true);
    const smeared = (r: number): number => {
      let sum = 0;
      const directions = 16;
      for (let a = 0; a < directions; a++) {
        const ky = r * Math.sin((Math.PI * a) / directions),
          kx = r * Math.cos((Math.PI * a) / directions);
        for (let i = 0; i < wide ** 2; i++) {
          const y = signedFrequency(Math.floor(i / wide), wide),
            x = signedFrequency(i % wide, wide);
          sum +=
            overlap[i]! *
            covariance[((y + n) % n) * n + ((x + n) % n)]! *
            Math.cos((2 * Math.PI * (ky * y + kx * x)) / n);
        }
      }
      return ((sum / directions) * n * n) / area;
    };
    for (let k = 2; k <= n / 2; k++) {
      expect(noise[k]! / smeared(k), `noise at ${k}`).toSatisfy((ratio: number) => Math.abs(ratio - 1) < 0.03);
      expect(smeared(k) / (power(k) * n * n), `smearing at ${k}`).toSatisfy(
        (ratio: number) => Math.abs(ratio - 1) < 0.15,
      );
      // What smearing takes from the noise goes to the signal, divided by CTF²: below shell 4 that is a tenth and less.
      if (k >= 4) expect(signal[k]!, `signal at ${k}`).toBeLessThan(0.15 * noise[k]!);
      expect(signal[k]!).toBeGreaterThan(0);
    }
  });

  it("ice, which scatters behind the same CTF as the particles, is hardly taken for signal", async () => {
    // Finer pixels, so that the CTFs go through several zeros.
    const m = 64,
      defocus = (p: number): number => 10_000 + 1500 * (p % 8),
      defocusUAngstrom = column(defocus),
      power = (k: number): number => 0.5 * m * m * Math.exp(-((k / 14) ** 2)),
      stream = createStream(6, "ice"),
      images = new Float32Array(count * m * m);
    const white = (): [Float64Array, Float64Array] => {
      const re = Float64Array.from({ length: m * m }, () => stream.normal()),
        im = new Float64Array(m * m);
      fftn(re, im, [m, m]);
      return [re, im];
    };
    for (let p = 0; p < count; p++) {
      const [re, im] = white(),
        [iceRe, iceIm] = white();
      for (let i = 0; i < m * m; i++) {
        const ky = signedFrequency(Math.floor(i / m), m),
          kx = signedFrequency(i % m, m),
          k = Math.hypot(ky, kx),
          transfer = ctf(k, defocus(p)),
          f = Math.sqrt(power(k)) * transfer,
          angle = -Math.PI * (ky + kx);
        re[i] = 0.7 * (re[i]! + transfer * iceRe[i]!) + f * Math.cos(angle);
        im[i] = 0.7 * (im[i]! + transfer * iceIm[i]!) + f * Math.sin(angle);
      }
      fftn(re, im, [m, m], true);
      images.set(re, p * m * m);
    }
    const of = { ...optics, defocusUAngstrom, defocusVAngstrom: defocusUAngstrom },
      { signal } = await measureSpectra(images, m, of, everyone, boxAngstrom, 16, cpu);
    // Against the mean background of all images it is too high by 35 % at shell 9 and 59 % at shell 12.
    for (let k = 6; k <= 12; k++)
      expect(signal[k]! / power(k), `signal at ${k}`).toSatisfy((ratio: number) => Math.abs(ratio - 1) < 0.2);
  });

  it("where the CTFs of all particles vanish it is what the shells beside tell", async () => {
    // At 192 Å/10 the CTF of this defocus is 0.
    const defocusUAngstrom = column(() => 18_080),
      one = { ...optics, defocusUAngstrom, defocusVAngstrom: defocusUAngstrom },
      images = new Float32Array(count * n * n);
    expect(Math.abs(ctf(10, 18_080))).toBeLessThan(0.02);
    addNoise(images, createStream(8, "noise"), () => 0.3);
    addParticles(images, createStream(8, "particles"), one);
    const { signal } = await measureSpectra(images, n, one, everyone, boxAngstrom, radius, cpu);
    for (let k = 8; k <= 12; k++)
      expect(signal[k]! / signalPower(k), `signal at ${k}`).toSatisfy((ratio: number) => ratio > 0.4 && ratio < 2);
  });

  it("of more images than are used, each is taken with its own optics", async () => {
    // An ascending sample of the particles, every third of the first half and all of the second, of which every other
    // one or so is used.
    const all = new Float32Array(count * n * n);
    addParticles(all, createStream(4, "particles"));
    const sample = everyone.filter((p) => p >= count / 2 || p % 3 === 0);
    const images = new Float32Array(sample.length * n * n);
    sample.forEach((p, i) => images.set(all.subarray(p * n * n, (p + 1) * n * n), i * n * n));
    for (const most of [384, 200]) {
      const { signal } = await measure(images, sample, most);
      for (let k = 3; k <= 9; k++)
        expect(signal[k]! / signalPower(k), `signal at ${k} from ${most}`).toSatisfy(
          (ratio: number) => Math.abs(ratio - 1) < 0.03,
        );
    }
    // These CTFs are so different that taking one for another is seen: optics of the particle next to each in the
    // sample.
    const mistaken = await measure(
      images,
      sample.map((_, i) => sample[(i + 1) % sample.length]!),
      384,
    );
    expect(
      Math.max(...[3, 4, 5, 6, 7, 8, 9].map((k) => Math.abs(mistaken.signal[k]! / signalPower(k) - 1))),
    ).toBeGreaterThan(0.1);
  });

  it("uses images from the whole set, however few it may use", async () => {
    // Particles in the second half alone: half the signal, whichever images are used.
    const images = new Float32Array(count * n * n);
    addParticles(images, createStream(5, "particles"));
    images.fill(0, 0, images.length / 2);
    const { signal } = await measure(images, everyone, 128);
    for (let k = 3; k <= 9; k++)
      expect(signal[k]! / signalPower(k), `signal at ${k}`).toSatisfy((ratio: number) => Math.abs(ratio - 0.5) < 0.1);
  });

  it("the optics are those of the particles named, in their order", async () => {
    // Images of every second particle alone, beside the optics of all.
    const all = new Float32Array(count * n * n);
    addParticles(all, createStream(3, "particles"));
    const chosen = Int32Array.from({ length: 128 }, (_, i) => 1 + 2 * i);
    const images = new Float32Array(128 * n * n);
    chosen.forEach((p, i) => images.set(all.subarray(p * n * n, (p + 1) * n * n), i * n * n));
    const { signal } = await measure(images, chosen);
    for (let k = 3; k <= 9; k++)
      expect(signal[k]! / signalPower(k), `signal at ${k}`).toSatisfy((ratio: number) => Math.abs(ratio - 1) < 0.03);
  });
});

it("background is what lies beyond the radius about pixel floor(n/2)", () => {
  const mask = backgroundMask(7, 2);
  const inside = Array.from(mask).flatMap((m, i) => (m === 0 ? [[Math.floor(i / 7) - 3, (i % 7) - 3]] : []));
  expect(inside).toHaveLength(13); // lattice points with |r| ≤ 2
  expect(inside).toContainEqual([-2, 0]);
  expect(inside).not.toContainEqual([2, 1]);
});
