/**
 * Images without a particle, or of something else: how likely an image is to be one. Half of the junk is taken to be
 * noise alone; half of it shows something of the power of the particles, circle by circle, that matches none of them:
 * its harmonics are normal, each with the variance that those of the templates have.
 */
import type { MatchedBatch } from "./particleStore.ts";

/** Unless a share is learned, a twentieth of the images is expected to hold no particle: log odds. */
const fixedOdds = logOdds(0.05);
/** A share that is learned stays within these, so that it can change. */
const leastJunk = 1e-3,
  mostJunk = 0.95;

/** What a class of junk is like. */
export interface Junk {
  /** Share of the images. */
  share: number;
  /** Of images of something: variance of each harmonic before the CTF, [orders, 2·radii]. */
  variance: Float32Array;
}

function logOdds(share: number): number {
  return Math.log(share / (1 - share));
}

/**
 * Log odds of junk, on the scale of `evidence`, as the programs of refinement take them.
 * @param junk absent: images hold a particle or noise, at fixed odds, [1]; else each has its own, [batch]
 */
export function junkOdds(junk: Junk | undefined, batch: MatchedBatch): Float32Array {
  if (!junk) return Float32Array.of(fixedOdds);
  const prior = logOdds(Math.min(mostJunk, Math.max(leastJunk, junk.share)));
  return somethingElse(junk.variance, batch).map((log) => prior + Math.log(0.5 + 0.5 * Math.exp(Math.min(log, 700))));
}

/**
 * Log-likelihood of images with normal harmonics, relative to pure noise: a harmonic x of the matched filter is c·t
 * plus noise of the variance c, with c the CTF squared; for t of the variance v its likelihood is that of x²v/2(1+cv)
 * less log(1+cv)/2.
 */
function somethingElse(variance: Float32Array, { harmonics, ctfSquared }: MatchedBatch): Float32Array {
  const width = harmonics.length / variance.length, // images
    radii = ctfSquared.length / width,
    out = new Float32Array(width);
  for (let i = 0; i < variance.length; i++) {
    const v = variance[i]!;
    if (v === 0) continue;
    const circle = (i % radii) * width;
    for (let b = 0; b < width; b++) {
      const cv = ctfSquared[circle + b]! * v;
      out[b]! += (0.5 * harmonics[i * width + b]! ** 2 * v) / (1 + cv) - 0.5 * Math.log1p(cv);
    }
  }
  return out;
}

/**
 * Variance of the harmonics of views of all classes, [orders, 2·radii].
 * @param templates [orders, places, 2·radii]
 * @param classes   places of the views of each class, and the class's share of the particles
 */
export function varianceOf(
  templates: Float32Array,
  orders: number,
  places: number,
  classes: readonly { first: number; views: number; share: number }[],
): Float32Array {
  const width = templates.length / orders / places,
    out = new Float32Array(orders * width);
  for (let m = 0; m < orders; m++)
    for (const { first, views, share } of classes)
      for (let v = first; v < first + views; v++)
        for (let k = 0; k < width; k++)
          out[m * width + k]! += (share / views) * templates[(m * places + v) * width + k]! ** 2;
  return out;
}
