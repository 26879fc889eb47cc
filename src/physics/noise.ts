/**
 * Noise of the detector: white, coloured by a radial spectrum, taken from a bank of background images, or both
 * together.
 */
import { fftn } from "../numeric/fft.ts";
import type { Device } from "../runtime/device.ts";
import type { RandomStream } from "../runtime/random.ts";
import { compile } from "../runtime/session.ts";
import { input } from "../tensor/tensor.ts";
import { resampleImages } from "./imageTransform.ts";

/** Fills `out` with noise images of n×n pixels, one after the other. */
export type NoiseSource = (out: Float32Array) => void;

/** Independent normal pixels of unit variance. */
export function whiteNoise(stream: RandomStream): NoiseSource {
  return (out) => stream.fillNormal(out);
}

/**
 * Normal noise with a radial power spectrum: the transform of independent complex normal numbers, each times the square
 * root of the power at its frequency. Its real and imaginary parts are two independent images.
 *
 * @param power power of shells 0, 1, … n/2 in Fourier pixels of the n×n image; the last also serves the corners. The
 *   result
 *              is scaled to unit mean variance per pixel.
 */
export function colouredNoise(power: ArrayLike<number>, n: number, stream: RandomStream): NoiseSource {
  const amplitude = new Float64Array(n * n);
  let total = 0;
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      const radius = Math.hypot(Math.min(x, n - x), Math.min(y, n - y));
      const shell = Math.min(Math.round(radius), power.length - 1);
      amplitude[y * n + x] = Math.sqrt(Math.max(0, power[shell]!));
      total += amplitude[y * n + x]! ** 2;
    }
  }
  const scale = (n * n) / Math.sqrt(total);
  const re = new Float64Array(n * n),
    im = new Float64Array(n * n);
  let imaginaryIsUnused = false;
  return (out) => {
    for (let start = 0; start < out.length; start += n * n) {
      imaginaryIsUnused = !imaginaryIsUnused;
      if (!imaginaryIsUnused) {
        out.set(im, start);
        continue;
      }
      for (let i = 0; i < n * n; i++) {
        re[i] = scale * amplitude[i]! * stream.normal();
        im[i] = scale * amplitude[i]! * stream.normal();
      }
      fftn(re, im, [n, n], true);
      out.set(re, start);
    }
  };
}

/**
 * Backgrounds drawn from a bank, turned by a random quarter turn and mirrored at random.
 *
 * @param bank images of n×n pixels, one after the other
 */
export function bankNoise(bank: Float32Array, n: number, stream: RandomStream): NoiseSource {
  const count = bank.length / (n * n);
  return (out) => {
    for (let start = 0; start < out.length; start += n * n) {
      const image = stream.integer(count) * n * n,
        turn = stream.integer(8);
      for (let y = 0; y < n; y++) {
        for (let x = 0; x < n; x++) {
          const u = turn & 1 ? n - 1 - x : x,
            v = turn & 2 ? n - 1 - y : y;
          out[start + y * n + x] = bank[image + (turn & 4 ? u * n + v : v * n + u)]!;
        }
      }
    }
  };
}

/** Images of a source, each rolled: moved by random numbers of pixels along x and y, around the edges. */
export function rolled(source: NoiseSource, n: number, stream: RandomStream): NoiseSource {
  const image = new Float32Array(n * n);
  return (out) => {
    source(out);
    for (let start = 0; start < out.length; start += n * n) {
      image.set(out.subarray(start, start + n * n));
      const dx = stream.integer(n),
        dy = stream.integer(n);
      for (let y = 0; y < n; y++)
        for (let x = 0; x < n; x++) out[start + ((y + dy) % n) * n + ((x + dx) % n)] = image[y * n + x]!;
    }
  };
}

/**
 * A bank of few images made to last: √½ times an image of `bankNoise` plus √½ times normal noise with the bank's own
 * radial power spectrum (`colouredNoise`). The mean power spectrum stays that of the bank, and no two images are alike;
 * two that hold the same background in the same orientation correlate by ½.
 *
 * @param bank images of n×n pixels, one after the other, each of mean 0 and variance 1 (`fitBackgrounds`)
 */
export function extendedNoise(bank: Float32Array, n: number, stream: RandomStream): NoiseSource {
  const background = bankNoise(bank, n, stream),
    coloured = colouredNoise(radialPower(bank, n), n, stream);
  const addition = new Float32Array(n * n);
  return (out) => {
    for (let start = 0; start < out.length; start += n * n) {
      const image = out.subarray(start, start + n * n);
      background(image);
      coloured(addition);
      for (let i = 0; i < n * n; i++) image[i] = Math.SQRT1_2 * (image[i]! + addition[i]!);
    }
  };
}

/**
 * Background images brought to the box and pixel size of particles (`resamplingMatrix`), each to mean 0 and variance 1.
 *
 * @param bank images of n×n pixels, one after the other
 * @param m    edge of the result in pixels
 * @param step size of its pixels in pixels of the bank
 * @returns images of m×m pixels
 */
export async function fitBackgrounds(
  bank: Float32Array,
  n: number,
  m: number,
  step: number,
  device: Device,
): Promise<Float32Array> {
  const count = bank.length / (n * n),
    batch = Math.min(64, count);
  const images = input("images", [batch, n, n]);
  const resampling = await compile(
    { name: "resample", state: {}, feeds: { images }, outputs: { fitted: resampleImages(images, m, step) } },
    device,
  );
  const out = new Float32Array(count * m * m);
  const fed = new Float32Array(batch * n * n);
  for (let first = 0; first < count; first += batch) {
    fed.set(bank.subarray(first * n * n, Math.min(first + batch, count) * n * n));
    const { fitted } = await resampling.run({ images: fed });
    out.set(fitted!.subarray(0, Math.min(batch, count - first) * m * m), first * m * m);
  }
  await resampling.release();
  for (let start = 0; start < out.length; start += m * m) normalise(out.subarray(start, start + m * m));
  return out;
}

/** To mean 0 and variance 1, in place. */
function normalise(image: Float32Array): void {
  let sum = 0,
    squares = 0;
  for (let i = 0; i < image.length; i++) sum += image[i]!;
  const mean = sum / image.length;
  for (let i = 0; i < image.length; i++) squares += (image[i]! - mean) ** 2;
  const deviation = Math.sqrt(squares / image.length);
  for (let i = 0; i < image.length; i++) image[i] = (image[i]! - mean) / deviation;
}

/**
 * Radial power spectrum of images of n×n pixels: mean |F|²/n² over shells 0 … floor(n/2); a white image of unit
 * variance gives 1.
 */
export function radialPower(images: Float32Array, n: number): Float64Array {
  const shells = Math.floor(n / 2) + 1;
  const power = new Float64Array(shells),
    samples = new Float64Array(shells);
  const re = new Float64Array(n * n),
    im = new Float64Array(n * n);
  for (let start = 0; start < images.length; start += n * n) {
    re.set(images.subarray(start, start + n * n));
    im.fill(0);
    fftn(re, im, [n, n]);
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++) {
        const shell = Math.round(Math.hypot(Math.min(x, n - x), Math.min(y, n - y)));
        if (shell >= shells) continue;
        power[shell]! += (re[y * n + x]! ** 2 + im[y * n + x]! ** 2) / (n * n);
        samples[shell]!++;
      }
    }
  }
  return power.map((p, i) => p / samples[i]!);
}
