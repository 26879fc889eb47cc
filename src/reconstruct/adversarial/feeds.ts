/** The random batches of an iteration: real particles, and poses, shifts, optics and noise for simulated ones. */

import type { Optics } from "../../base/types.ts";
import type { SampleMap } from "../../critic/critic.ts";
import { ctfParameters } from "../../physics/ctf.ts";
import { type ShiftLaw, sampleShifts } from "../../physics/shift.ts";
import { samplePoses, type ViewingDistribution } from "../../physics/viewing.ts";
import { createStream, type RandomStream } from "../../runtime/random.ts";
import type { Rows } from "../measure/criticImages.ts";
import { type GroupedNoise, groupFactors } from "../measure/noiseGroups.ts";
import type { PartOfBatch } from "./dealing.ts";
import { type AdversarialSettings, drawName, feedName, type Step } from "./iteration.ts";

const streamNames = [
  "particles",
  "poses",
  "shifts",
  "optics",
  "noise",
  "mixing",
  "critic",
  "heldOut",
  "motion",
] as const;
export type Streams = Record<(typeof streamNames)[number], RandomStream>;

/** The streams that batches draw from; `label` keeps half-sets apart. */
export function batchStreams(seed: number, label: string): Streams {
  return Object.fromEntries(streamNames.map((name) => [name, createStream(seed, `${label}/${name}`)])) as Streams;
}

export interface BatchSource {
  /** Real images, from `criticImages`. */
  images: Rows;
  /** Which of them the critic learns from, and which it is only asked about. */
  learned: Int32Array;
  heldOut: Int32Array;
  /** From `noiseBank`. */
  noise: Rows;
  /** The critic's turns, for the noise. */
  turns: readonly SampleMap[];
  optics: Optics;
  /** The images' noise, for the factors of groups. */
  spectra: GroupedNoise;
  /** Index into `optics` of each of the images. */
  particles: ArrayLike<number>;
  views: ViewingDistribution;
  shifts: ShiftLaw;
  streams: Streams;
}

/** Chosen rows side by side, so that the batch is the last, fastest axis: [width, chosen.length]. */
export function gatherRows(data: Float32Array, width: number, chosen: ArrayLike<number>): Float32Array {
  const batch = chosen.length;
  const out = new Float32Array(width * batch);
  for (let b = 0; b < batch; b++) {
    const start = chosen[b]! * width;
    for (let i = 0, o = b; i < width; i++, o += batch) out[o] = data[start + i]!;
  }
  return out;
}

/**
 * Images that the critic is not to learn from, evenly spread, and the others. @param share of the images, 0 to 1
 */
export function splitImages(count: number, share: number): Pick<BatchSource, "learned" | "heldOut"> {
  const isHeldOut = (i: number): boolean => Math.floor((i + 1) * share) > Math.floor(i * share);
  const all = Int32Array.from({ length: count }, (_, i) => i);
  return { learned: all.filter((i) => !isHeldOut(i)), heldOut: all.filter(isHeldOut) };
}

/** The images of a part of a batch, of arrays [rows, whole], side by side as well. */
function columnsOf(values: Float32Array, { batch, first, whole }: PartOfBatch): Float32Array {
  if (batch === whole) return values;
  const out = new Float32Array((values.length / whole) * batch);
  for (let row = 0; row * whole < values.length; row++)
    out.set(values.subarray(row * whole + first, row * whole + first + batch), row * batch);
  return out;
}

/**
 * A random batch of some of the real images, by the critic's input names. The whole of it is drawn, whatever part is
 * asked for.
 */
function realBatch(
  { images }: BatchSource,
  among: Int32Array,
  { batch, first, whole }: PartOfBatch,
  stream: RandomStream,
): Record<string, Float32Array> {
  const drawn = Int32Array.from({ length: whole }, () => among[stream.integer(among.length)]!),
    chosen = drawn.subarray(first, first + batch);
  return Object.fromEntries(
    Object.entries(images.arrays).map(([name, { width, data }]) => [name, gatherRows(data, width, chosen)]),
  );
}

/** Everything random about a batch of simulated images. */
function simulatedBatch(
  from: BatchSource,
  { components }: AdversarialSettings["volume"],
  part: PartOfBatch,
): Record<string, Float32Array> {
  const { streams } = from,
    { batch, first, whole } = part;
  // A simulated image has the optics of a particle, and the contrast and noise of its group.
  const drawn = Int32Array.from(
      { length: whole },
      () => from.particles[streams.optics.integer(from.particles.length)]!,
    ),
    chosen = drawn.subarray(first, first + batch);
  const { signalFactor } = groupFactors(from.spectra, chosen);
  return {
    rotations: samplePoses(from.views, whole, streams.poses).subarray(9 * first, 9 * (first + batch)),
    ...(components && { motion: columnsOf(normalNumbers(components * whole, streams.motion), part) }),
    shifts: columnsOf(sampleShifts(from.shifts, whole, streams.shifts), part),
    ...ctfParameters(from.optics, chosen),
    ...(signalFactor && { signalFactor }),
    ...noiseBatch(from.noise, from.turns, part, streams.noise),
  };
}

function normalNumbers(count: number, stream: RandomStream): Float32Array {
  const out = new Float32Array(count);
  stream.fillNormal(out);
  return out;
}

/** Noise images from the bank, each turned at random, for a part of a batch: [samples, batch]. */
export function noiseBatch(
  bank: Rows,
  turns: readonly SampleMap[],
  { batch, first, whole }: PartOfBatch,
  stream: RandomStream,
): { noiseRe: Float32Array; noiseIm: Float32Array } {
  const { width, data: re } = bank.arrays.noiseRe!,
    im = bank.arrays.noiseIm!.data;
  const noiseRe = new Float32Array(width * batch),
    noiseIm = new Float32Array(width * batch);
  for (let drawn = 0; drawn < whole; drawn++) {
    const start = stream.integer(bank.count) * width,
      { from, conjugate } = turns[stream.integer(turns.length)]!,
      b = drawn - first;
    if (b < 0 || b >= batch) continue;
    for (let i = 0, o = b; i < width; i++, o += batch) {
      const source = start + from[i]!;
      noiseRe[o] = re[source]!;
      noiseIm[o] = conjugate[i]! ? -im[source]! : im[source]!;
    }
  }
  return { noiseRe, noiseIm };
}

/**
 * All random feeds of one iteration of `adversarialProgram`; the learning rates and the step number are the caller's.
 */
export function iterationFeeds(
  from: BatchSource,
  s: Pick<AdversarialSettings, "critic" | "volume" | "batch" | "part" | "criticSteps" | "loss" | "shifts" | "holdsOut">,
): Record<string, Float32Array> {
  const part = s.part ?? { batch: s.batch, first: 0, whole: s.batch };
  const feeds: Record<string, Float32Array> = {};
  const put = (step: Step, values: Record<string, Float32Array>): void => {
    for (const [name, v] of Object.entries(values)) feeds[feedName(name, step)] = v;
  };
  for (let k = 0; k < s.criticSteps; k++) {
    put(k, realBatch(from, from.learned, part, from.streams.particles));
    put(k, simulatedBatch(from, s.volume, part));
    if (s.loss.mixes) {
      const mixing = new Float32Array(part.whole);
      from.streams.mixing.fillUniform(mixing);
      put(k, { mixing: columnsOf(mixing, part) });
    }
  }
  put("volume", simulatedBatch(from, s.volume, part));
  if (s.holdsOut) put("heldOut", realBatch(from, from.heldOut, part, from.streams.heldOut));
  for (const [name, values] of Object.entries(s.critic.draws?.draw(from.streams.critic) ?? {}))
    feeds[drawName(name)] = values;
  return feeds;
}
