/**
 * Background without the neighbours of a particle: neighbours that reach into the box are no noise, and raise its power
 * where the molecule has any. The background is parted into sectors; of each image the quietest ones are taken. Their
 * power is lower than that of pure noise by a factor that pure noise of the same spectrum tells.
 */

import { colouredNoise, type NoiseSource } from "../../physics/noise.ts";
import { createStream } from "../../runtime/random.ts";
import { neighbouringShells } from "./groupNoise.ts";

/** Sectors of equal area, half a quadrant each, and how many of an image are taken. */
const sectors = 8,
  taken = 2;
/** Edge of the cells whose means tell how loud a sector is, as a share of the box: neighbours show at low frequency. */
const cellShare = 1 / 20;
/**
 * Images of pure noise that are measured in each of two rounds: fewer of larger ones, which have more frequencies; and
 * no more than four times the particles, by which they add an eighth to the error.
 */
const noiseImages = (n: number, particles: number): number =>
    Math.max(128, Math.min(Math.round(65_536 / n), 4 * particles)),
  rounds = 2;
/** Neighbours are there where the quiet sectors have less power, by so many standard errors, on any shell. */
const leastErrors = 4;

export interface QuietSectors {
  /** Area taken, as a share of the image. */
  area: number;
  /**
   * The quietest sectors of an image, the other ones 0, in the scale in which its transform has the power of the whole
   * image. What is no background is left as it is, and should be 0.
   */
  pick(image: Float32Array, out: Float32Array): void;
}

/** @param mask 1 where there is background, [n, n] */
export function quietSectors(n: number, mask: Float32Array): QuietSectors {
  const centre = Math.floor(n / 2),
    edge = Math.max(1, Math.round(cellShare * n)),
    across = Math.ceil(n / edge);
  /** Pixels of the background, and of each its sector, and its cell and sector together. */
  const pixels = Int32Array.from(Array.from(mask.keys()).filter((i) => mask[i] !== 0)),
    sector = pixels.map((i) => {
      const turn = (Math.atan2(Math.floor(i / n) - centre, (i % n) - centre) / (2 * Math.PI) + 1) % 1;
      return Math.floor(turn * sectors) % sectors;
    }),
    part = pixels.map(
      (i, at) => (Math.floor(Math.floor(i / n) / edge) * across + Math.floor((i % n) / edge)) * sectors + sector[at]!,
    );
  const areas = new Float64Array(sectors),
    sums = new Float64Array(across * across * sectors),
    sizes = new Float64Array(sums.length),
    factors = new Float64Array(sectors);
  for (const s of sector) areas[s]!++;
  for (const p of part) sizes[p]!++;
  return {
    area: (taken / sectors) * (areas.reduce((a, b) => a + b) / n ** 2),
    pick(image, out) {
      sums.fill(0);
      for (let at = 0; at < pixels.length; at++) sums[part[at]!]! += image[pixels[at]!]!;
      const loudness = new Float64Array(sectors);
      for (let c = 0; c < sums.length; c++) if (sizes[c]! > 0) loudness[c % sectors]! += sums[c]! ** 2 / sizes[c]!;
      const order = Array.from(loudness, (l, s) => ({ s, l: l / areas[s]! })).sort((a, b) => a.l - b.l);
      const quiet = order.slice(0, taken),
        area = quiet.reduce((sum, { s }) => sum + areas[s]!, 0);
      factors.fill(0);
      for (const { s } of quiet) factors[s] = n / Math.sqrt(area);
      for (let at = 0; at < pixels.length; at++) out[pixels[at]!] = factors[sector[at]!]! * image[pixels[at]!]!;
    },
  };
}

/** Power of backgrounds on shells 0, 1, …, in the scale of the whole image: of all of it, and of the quiet sectors. */
export interface BackgroundPower {
  all: Float64Array;
  quiet: Float64Array;
}

/**
 * The power of the noise as the quiet sectors tell it, as a share of that of the whole background.
 *
 * @param images  so many were measured
 * @param areas   of background and quiet sectors, as shares of the image
 * @param measure measures so many images of n×n pixels from a source
 * @returns shells 0, 1, …; absent where it is the same within its error: there are no neighbours
 */
export async function quietShare(
  { all, quiet }: BackgroundPower,
  images: number,
  n: number,
  areas: { all: number; quiet: number },
  measure: (source: NoiseSource, count: number) => Promise<BackgroundPower>,
): Promise<Float64Array | undefined> {
  let noise = quiet,
    share: Float64Array | undefined;
  const pureImages = noiseImages(n, images);
  for (let round = 0; round < rounds; round++) {
    const told = await measure(colouredNoise(noise, n, createStream(round, "quiet sectors")), pureImages);
    noise = quiet.map((power, k) => (power * told.all[k]!) / told.quiet[k]!);
    share = shareOf(noise, all, 1 / pureImages + 1 / images, 1 / areas.all + 1 / areas.quiet);
    if (!share) return undefined;
  }
  return share;
}

/**
 * @param perImage Σ 1/images and `perArea` Σ 1/area of the measurements compared
 * @returns the share, at most 1, averaged over neighbouring shells; absent where nowhere less than 1 beyond its error
 */
function shareOf(noise: Float64Array, all: Float64Array, perImage: number, perArea: number): Float64Array | undefined {
  const top = all.length - 1,
    share = new Float64Array(top + 1);
  let found = false;
  for (let k = 1; k <= top; k++) {
    const near = neighbouringShells(k, top),
      mean = near.reduce((sum, i) => sum + noise[i]! / all[i]!, 0) / near.length;
    // A shell of k has πk independent coefficients, of which the background has its share.
    found ||= 1 - mean > leastErrors * Math.sqrt((perImage * perArea) / (Math.PI * k * near.length));
    share[k] = Math.min(1, mean);
  }
  share[0] = share[1]!;
  return found ? share : undefined;
}
