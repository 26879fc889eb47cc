/**
 * Noise of the detector: white, coloured by a radial spectrum, taken from a bank of background images, or both
 * together.
 */
import { fftn } from "../numeric/fft.ts";
import type { Device } from "../runtime/device.ts";
import type { RandomStream } from "../runtime/random.ts";
import { compile } from "../runtime/session.ts";
import { input } from "../tensor/tensor.ts";
import { interpolateShells } from "./frequencies.ts";
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
  const amplitude = radiiOf(n).map((radius) =>
    Math.sqrt(Math.max(0, power[Math.min(Math.round(radius), power.length - 1)]!)),
  );
  const total = amplitude.reduce((sum, a) => sum + a ** 2, 0);
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
      // In the bank a step along x or y is one along a row or a column, forwards or backwards.
      const [row, column] = turn & 4 ? [n, 1] : [1, n],
        alongX = turn & 1 ? -row : row,
        alongY = turn & 2 ? -column : column,
        first = image + (turn & 1 ? (n - 1) * row : 0) + (turn & 2 ? (n - 1) * column : 0);
      for (let y = 0, to = start; y < n; y++)
        for (let x = 0, from = first + y * alongY; x < n; x++, from += alongX) out[to++] = bank[from]!;
    }
  };
}

/**
 * Mosaics of backgrounds without a seam. Each image is made of four backgrounds, as `bankNoise` draws them, each at
 * another corner of a grid of half the box that lies anywhere: moved there around its edges, and faded by √ of a raised
 * cosine along x and along y, which is 0 at the seam where its edges meet. The squares of the four fades sum to 1 at
 * every pixel, so the variance is that of the bank, and so is the power spectrum, smeared by a Fourier pixel.
 *
 * @param bank images of n×n pixels, one after the other
 */
export function mosaics(bank: Float32Array, n: number, stream: RandomStream): NoiseSource {
  const background = bankNoise(bank, n, stream),
    drawn = new Float32Array(n * n),
    half = Math.floor(n / 2);
  const fade = (turn: (angle: number) => number): Float64Array =>
    Float64Array.from({ length: n }, (_, i) => Math.abs(turn((Math.PI * (i + 0.5)) / n)));
  /** Where pixels come from that are moved around the edges by an offset. */
  const movedBy = (offset: number): Int32Array => Int32Array.from({ length: n }, (_, i) => (i - offset + n) % n);
  const places = [
    { from: movedBy(0), fade: fade(Math.sin) },
    { from: movedBy(half), fade: fade(Math.cos) },
  ];
  return (out) => {
    out.fill(0);
    for (let start = 0; start < out.length; start += n * n) {
      const columns = movedBy(-stream.integer(n)),
        rows = movedBy(-stream.integer(n));
      for (const along of places) {
        for (const down of places) {
          background(drawn);
          for (let y = 0; y < n; y++) {
            const from = down.from[y]! * n,
              to = start + rows[y]! * n,
              faded = down.fade[y]!;
            for (let x = 0; x < n; x++)
              out[to + columns[x]!]! += faded * along.fade[x]! * drawn[from + along.from[x]!]!;
          }
        }
      }
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

/** Images times a factor at each Fourier pixel, [n, n]. */
function filtered(images: Float32Array, n: number, factor: ArrayLike<number>): Float32Array {
  const out = new Float32Array(images.length);
  forEachTransform(images, n, (re, im, start) => {
    for (let i = 0; i < n * n; i++) {
      re[i]! *= factor[i]!;
      im[i]! *= factor[i]!;
    }
    fftn(re, im, [n, n], true);
    out.set(re, start);
  });
  return out;
}

/** Calls with the transform of each image of n×n pixels, which may be changed, and where the image begins. */
function forEachTransform(
  images: Float32Array,
  n: number,
  call: (re: Float64Array, im: Float64Array, start: number) => void,
): void {
  const re = new Float64Array(n * n),
    im = new Float64Array(n * n);
  for (let start = 0; start < images.length; start += n * n) {
    re.set(images.subarray(start, start + n * n));
    im.fill(0);
    fftn(re, im, [n, n]);
    call(re, im, start);
  }
}

/** Distance of each Fourier pixel of an n×n image from zero. */
const radiiOf = (n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, i) => {
    const x = i % n,
      y = Math.floor(i / n);
    return Math.hypot(Math.min(x, n - x), Math.min(y, n - y));
  });

/**
 * Images times a factor on each shell 0, 1, …; the last also serves what lies beyond.
 *
 * @param images of n×n pixels, one after the other
 */
export const filterShells = (images: Float32Array, n: number, factors: ArrayLike<number>): Float32Array =>
  filtered(images, n, interpolateShells(factors, radiiOf(n)));

/** Mosaics that `variedNoise` puts together: eight backgrounds an image. */
const mosaicsEach = 2;

/**
 * Noise of a few backgrounds that shows none of them again, and whose statistics are not those of these few: √½ times
 * the sum of two mosaics of them, each of half the power, plus √½ times normal noise of their radial power spectrum.
 * In which backgrounds the power of two shells is high together is chance where they are few, and tells 50 from 50
 * others; in sums over so many it hardly shows (bench/README.md).
 *
 * @param bank images of n×n pixels, one after the other, each of mean 0 and variance 1 (`fitBackgrounds`)
 */
export function variedNoise(bank: Float32Array, n: number, stream: RandomStream): NoiseSource {
  const level = evenedOut(bank, n),
    mosaic = mosaics(level, n, stream),
    coloured = colouredNoise(radialPower(level, n), n, stream),
    addition = new Float32Array(n * n),
    share = Math.sqrt(0.5 / mosaicsEach);
  return (out) => {
    for (let start = 0; start < out.length; start += n * n) {
      const image = out.subarray(start, start + n * n);
      coloured(image);
      for (let i = 0; i < n * n; i++) image[i]! *= Math.SQRT1_2;
      for (let k = 0; k < mosaicsEach; k++) {
        mosaic(addition);
        for (let i = 0; i < n * n; i++) image[i]! += share * addition[i]!;
      }
    }
  };
}

/** Shells over which the mean power of backgrounds is smoothed, the standard deviation of a Gaussian. */
const smoothedShells = 2;

/**
 * Backgrounds whose mean power is smooth. Of few images, turned by quarters and mirrored, the mean power of two Fourier
 * pixels of a shell differs by chance, and that of two shells, which in noise of many micrographs it does not. Each
 * image is filtered so that the mean of all, in all turns, is that of the shell and its neighbours; what single images
 * have of their own stays.
 *
 * @param bank images of n×n pixels, one after the other
 */
export function evenedOut(bank: Float32Array, n: number): Float32Array {
  const area = n * n,
    power = new Float64Array(area);
  forEachTransform(bank, n, (re, im) => power.forEach((_, i) => (power[i]! += re[i]! ** 2 + im[i]! ** 2)));
  // Fourier pixels that turns and mirroring lead to each other, by their distances from the axes, the larger one first.
  const orbit = Int32Array.from({ length: area }, (_, i) => {
    const x = Math.min(i % n, n - (i % n)),
      y = Math.min(Math.floor(i / n), n - Math.floor(i / n));
    return Math.max(x, y) * n + Math.min(x, y);
  });
  const shell = Int32Array.from(radiiOf(n), Math.round);
  const meanOver = (of: Int32Array): Float64Array => {
    const sums = new Float64Array(area),
      sizes = new Float64Array(area);
    of.forEach((to, i) => {
      sums[to]! += power[i]!;
      sizes[to]!++;
    });
    return sums.map((sum, i) => sum / sizes[i]!);
  };
  const ofOrbit = meanOver(orbit),
    ofShell = smoothed(meanOver(shell), shell);
  return filtered(
    bank,
    n,
    Float64Array.from(orbit, (o, i) => (ofOrbit[o]! > 0 ? Math.sqrt(ofShell[shell[i]!]! / ofOrbit[o]!) : 1)),
  );
}

/** Power of shells averaged with their neighbours', weighted by their Fourier pixels; that of shell 0 stays apart. */
function smoothed(power: Float64Array, shellOf: Int32Array): Float64Array {
  const top = shellOf.reduce((a, b) => Math.max(a, b), 0),
    pixels = new Float64Array(top + 1);
  for (const shell of shellOf) pixels[shell]!++;
  return Float64Array.from({ length: top + 1 }, (_, shell) => {
    if (shell === 0) return power[0]!;
    let sum = 0,
      weights = 0;
    for (let near = 1; near <= top; near++) {
      const weight = pixels[near]! * Math.exp(-(((near - shell) / smoothedShells) ** 2) / 2);
      sum += weight * power[near]!;
      weights += weight;
    }
    return sum / weights;
  });
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
  const shellOf = radiiOf(n).map(Math.round);
  forEachTransform(images, n, (re, im) =>
    shellOf.forEach((shell, i) => {
      if (shell >= shells) return;
      power[shell]! += (re[i]! ** 2 + im[i]! ** 2) / (n * n);
      samples[shell]!++;
    }),
  );
  return power.map((p, i) => p / samples[i]!);
}
