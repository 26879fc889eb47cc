/** The random batches of an iteration: real particles, and poses, shifts, optics and noise for simulated ones. */
import type { Optics } from "../io/types.ts";
import { ctfCoefficients } from "../physics/ctf.ts";
import { sampleShifts, type ShiftLaw } from "../physics/shift.ts";
import { samplePoses, type ViewingDistribution } from "../physics/viewing.ts";
import { createStream, type RandomStream } from "../runtime/random.ts";
import type { NoiseBank, PolarImages } from "./polarImages.ts";

const streamNames = ["particles", "poses", "shifts", "optics", "noise"] as const;
export type Streams = Record<(typeof streamNames)[number], RandomStream>;

/** The streams that batches draw from; `label` keeps half-sets apart. */
export function batchStreams(seed: number, label: string): Streams {
  return Object.fromEntries(streamNames.map((name) => [name, createStream(seed, `${label}/${name}`)])) as Streams;
}

export interface BatchSource {
  polar: PolarImages;
  noise: NoiseBank;
  optics: Optics;
  /** Index into `optics` of each image in `polar`. */
  particles: ArrayLike<number>;
  views: ViewingDistribution;
  shifts: ShiftLaw;
  streams: Streams;
}

/** [rows of one item] scattered so that the batch is the last, fastest axis. */
function interleave(out: Float32Array, item: Float32Array, start: number, length: number, position: number, batch: number): void {
  for (let i = 0, o = position; i < length; i++, o += batch) out[o] = item[start + i]!;
}

/** A random batch of real images: harmonics [orders, 2·radii, batch] and mean square CTF [radii, batch]. */
export function realBatch(from: BatchSource, batch: number): { harmonics: Float32Array; ctfSquared: Float32Array } {
  const { polar } = from;
  const width = polar.orders * 2 * polar.radii;
  const harmonics = new Float32Array(width * batch), ctfSquared = new Float32Array(polar.radii * batch);
  for (let b = 0; b < batch; b++) {
    const i = from.streams.particles.integer(polar.count);
    interleave(harmonics, polar.harmonics, i * width, width, b, batch);
    interleave(ctfSquared, polar.ctfSquared, i * polar.radii, polar.radii, b, batch);
  }
  return { harmonics, ctfSquared };
}

/** Everything random about a batch of simulated images. */
export function simulatedBatch(from: BatchSource, batch: number): { rotations: Float32Array; shifts: Float32Array; optics: Float32Array; noiseRe: Float32Array; noiseIm: Float32Array } {
  const { streams } = from;
  const chosen = Int32Array.from({ length: batch }, () => from.particles[streams.optics.integer(from.particles.length)]!);
  return {
    rotations: samplePoses(from.views, batch, streams.poses),
    shifts: sampleShifts(from.shifts, batch, streams.shifts),
    optics: ctfCoefficients(from.optics, chosen),
    ...noiseBatch(from.noise, batch, streams.noise),
  };
}

/** Noise images from the bank, each turned by a random multiple of the polar grid's angle: [angles·radii, batch]. */
export function noiseBatch(bank: NoiseBank, batch: number, stream: RandomStream): { noiseRe: Float32Array; noiseIm: Float32Array } {
  const { angles, radii } = bank;
  const noiseRe = new Float32Array(angles * radii * batch), noiseIm = new Float32Array(angles * radii * batch);
  for (let b = 0; b < batch; b++) {
    const start = stream.integer(bank.count) * angles * radii;
    const turn = stream.integer(2 * angles);
    for (let a = 0; a < angles; a++) {
      const from = (a + turn) % (2 * angles);
      // Directions beyond half a turn are the complex conjugates of those within.
      const sign = from < angles ? 1 : -1;
      const row = start + (from % angles) * radii;
      for (let r = 0; r < radii; r++) {
        const o = (a * radii + r) * batch + b;
        noiseRe[o] = bank.re[row + r]!;
        noiseIm[o] = sign * bank.im[row + r]!;
      }
    }
  }
  return { noiseRe, noiseIm };
}
