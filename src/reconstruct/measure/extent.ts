/**
 * How wide the particle is, as far as its images tell before any reconstruction: a box often holds neighbours, and its
 * edge is not the particle's.
 */
import type { Optics } from "../../base/types.ts";
import { centeredTransform } from "../../numeric/centredTransform.ts";
import { signedFrequency } from "../../numeric/fft.ts";
import { contrastTransfer } from "../../physics/ctf.ts";

/** Images are looked at in coarse pixels, Å, and up to twice that as resolution; so many tell how wide it is. */
const coarsePixel = 10;
export const extentImages = 512;
/** Beyond this fraction of the box lies the background that images are brought to a common scale by. */
const background = 0.45;
/** Density below this share of the highest is none, and so is variance in the images. */
const least = 0.05;
/** A shell of the mean transform tells something if it stands so many standard errors out of the noise. */
const leastErrors = 5,
  fewestShells = 3;
/** What is added to the radius found. */
const margin = 1.1;
/** A particle wider than this part of the box fills it; one of fewer coarse pixels is none. */
export const widest = 0.9;
const narrowest = 4;

/** Images in coarse pixels. */
export interface CoarseImages {
  /** In coarse pixels; the centre is at edge/2. */
  edge: number;
  /** Å */
  pixel: number;
  /** Of background mean 0 and standard deviation 1, [edge, edge]. */
  images: { particle: number; pixels: Float32Array }[];
}

/** Coarse images, and sums over them by ring and by shell. */
export interface ExtentSums extends CoarseImages {
  boxSize: number;
  boxAngstrom: number;
  /** Original pixels to a coarse one, odd. */
  bin: number;
  /** Of each coarse pixel its ring, [edge, edge]. */
  ringOf: Uint16Array;
  /** Edge of the coefficients that are looked at, in FFT order, and the shell of each. */
  coefficients: number;
  shellOf: Uint16Array;
  rings: { count: Float64Array; sum: Float64Array; squares: Float64Array };
  /** Σ CTF · Re F, Σ CTF², Σ |F|² and the number of samples on each shell. */
  shells: { weighted: Float64Array; ctfSquared: Float64Array; power: Float64Array; count: Float64Array };
}

export function openExtentSums(boxSize: number, boxAngstrom: number): ExtentSums {
  const most = Math.floor((boxSize + 1) / 3), // two coarse pixels at least along an edge
    bins = Math.min(Math.floor((coarsePixel * boxSize) / boxAngstrom), most),
    bin = Math.max(1, bins - ((bins + 1) % 2)),
    edge = 2 * Math.floor((boxSize / 2 - (bin - 1) / 2) / bin);
  const zeros = (length: number): Float64Array => new Float64Array(length);
  const rings = Math.ceil(edge * Math.SQRT1_2) + 1,
    shells = 1 + Math.min(edge / 2, Math.floor((edge * bin * boxAngstrom) / boxSize / (2 * coarsePixel)));
  const coefficients = Math.min(edge, 2 * shells - 1);
  const radii = (n: number, along: (i: number) => number): Uint16Array =>
    Uint16Array.from({ length: n * n }, (_, i) => Math.round(Math.hypot(along(i % n), along(Math.floor(i / n)))));
  return {
    boxSize,
    boxAngstrom,
    bin,
    edge,
    pixel: (bin * boxAngstrom) / boxSize,
    images: [],
    ringOf: radii(edge, (i) => i - edge / 2),
    coefficients,
    shellOf: radii(coefficients, (i) => signedFrequency(i, coefficients)),
    rings: { count: zeros(rings), sum: zeros(rings), squares: zeros(rings) },
    shells: { weighted: zeros(shells), ctfSquared: zeros(shells), power: zeros(shells), count: zeros(shells) },
  };
}

/**
 * Keeps a coarse copy of an image as it is in its file, [boxSize, boxSize].
 * @returns the copy; undefined where the background is constant
 */
export function keepCoarse(sums: ExtentSums, image: Float32Array, particle: number): Float32Array | undefined {
  const pixels = coarseImage(image, sums);
  if (pixels) sums.images.push({ particle, pixels });
  return pixels;
}

/** Adds a coarse copy, and what its CTF depends on, to the sums. */
export function addToExtent(sums: ExtentSums, coarse: Float32Array, optics: Optics, particle: number): void {
  const { edge, pixel, ringOf, coefficients, shellOf, rings, shells } = sums,
    coarseBox = edge * pixel;
  for (let i = 0; i < coarse.length; i++) {
    const ring = ringOf[i]!,
      value = coarse[i]!;
    rings.count[ring]!++;
    rings.sum[ring]! += value;
    rings.squares[ring]! += value * value;
  }
  const { re, im } = centeredTransform(coarse, [edge, edge], shells.count.length - 1),
    transfer = contrastTransfer(optics, particle);
  for (let i = 0; i < re.length; i++) {
    const shell = shellOf[i]!;
    if (shell >= shells.count.length) continue;
    const kx = signedFrequency(i % coefficients, coefficients),
      ky = signedFrequency(Math.floor(i / coefficients), coefficients),
      ctf = transfer(kx / coarseBox, ky / coarseBox);
    shells.weighted[shell]! += ctf * re[i]!;
    shells.ctfSquared[shell]! += ctf * ctf;
    shells.power[shell]! += re[i]! * re[i]! + im[i]! * im[i]!;
    shells.count[shell]!++;
  }
}

/** Means of bin × bin pixels, of background mean 0 and standard deviation 1; undefined where that is constant. */
function coarseImage(
  image: Float32Array,
  { boxSize: n, bin, edge }: Pick<ExtentSums, "boxSize" | "bin" | "edge">,
): Float32Array | undefined {
  const centre = Math.floor(n / 2),
    outside = (background * n) ** 2;
  let sum = 0,
    squares = 0,
    area = 0;
  for (let y = 0, i = 0; y < n; y++)
    for (let x = 0; x < n; x++, i++) {
      if ((x - centre) * (x - centre) + (y - centre) * (y - centre) <= outside) continue;
      const value = image[i]!;
      sum += value;
      squares += value * value;
      area++;
    }
  const mean = sum / area,
    deviation = Math.sqrt(squares / area - mean ** 2);
  if (!(deviation > 0)) return undefined;
  const coarse = new Float32Array(edge * edge),
    first = centre - (edge / 2) * bin - (bin - 1) / 2;
  for (let y = 0, to = 0; y < edge; y++)
    for (let x = 0; x < edge; x++, to++) {
      let pixels = 0;
      for (let j = 0; j < bin; j++)
        for (let i = 0, from = (first + y * bin + j) * n + first + x * bin; i < bin; i++, from++)
          pixels += image[from]!;
      coarse[to] = (pixels / bin ** 2 - mean) / deviation;
    }
  return coarse;
}

/**
 * Diameter of the particle, Å, with a margin: where the radial density that the mean of all images shows (its transform
 * corrected for the CTF is that of the rotational average of the molecule) falls to a twentieth of its highest value,
 * and further as long as the variance of the images goes on falling, which parts that stick out make.
 *
 * @param bright whether density is bright
 * @returns undefined where the particle fills its box, or the images tell too little, or nothing of that contrast
 */
export function diameterFrom(sums: ExtentSums, bright: boolean): number | undefined {
  const { boxAngstrom, edge, pixel, rings, shells } = sums,
    coarseBox = edge * pixel,
    top = shells.count.length - 1;
  const amplitude = shells.weighted.map((sum, k) => ((bright ? 1 : -1) * sum) / shells.ctfSquared[k]!),
    errors = amplitude.map((_, k) => Math.sqrt(shells.power[k]! / (2 * shells.count[k]! * shells.ctfSquared[k]!)));
  const telling = amplitude.filter((a, k) => k > 0 && Math.abs(a) > leastErrors * errors[k]!);
  if (telling.length < fewestShells) return undefined;
  const density = (r: number): number =>
    amplitude.reduce((sum, a, k) => {
      const x = (2 * Math.PI * k * r) / coarseBox;
      return k === 0 ? sum : sum + k ** 2 * a * (x === 0 ? 1 : Math.sin(x) / x) * Math.exp(-(((1.2 * k) / top) ** 2));
    }, 0);
  const step = coarseBox / 400,
    profile = Array.from({ length: 201 }, (_, i) => density(i * step));
  const highest = Math.max(...profile),
    edgeAt = profile.findLastIndex((value) => value > least * highest) * step;
  const diameter = 2 * margin * whereVarianceEnds(edgeAt / pixel, rings) * pixel;
  return diameter > narrowest * pixel && diameter < widest * boxAngstrom ? diameter : undefined;
}

/** From a radius on as far as the variance falls, to a twentieth of the highest; in coarse pixels. */
function whereVarianceEnds(from: number, { count, sum, squares }: ExtentSums["rings"]): number {
  const variance = squares.map((s, r) => s / count[r]! - (sum[r]! / count[r]!) ** 2),
    start = Math.round(from),
    last = Math.floor((variance.length - 1) * Math.SQRT1_2); // a ring that is whole
  const floor = Math.min(...variance.slice(start, last + 1)),
    highest = Math.max(...variance.slice(1, start + 1)) - floor;
  let ring = start;
  while (ring < last && variance[ring + 1]! < variance[ring]! && variance[ring]! - floor > least * highest) ring++;
  return Math.max(from, ring);
}
