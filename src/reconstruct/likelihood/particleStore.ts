/**
 * All particles as the refinement takes them: matched-filtered circular harmonics, computed once when a run starts. A
 * stage at a lower resolution takes the inner circles of the same numbers.
 */

import type { DataFile } from "../../base/files.ts";
import { later } from "../../base/later.ts";
import type { Optics } from "../../base/types.ts";
import { harmonicOrders } from "../../critic/harmonics.ts";
import { likelihoodRatioCritic } from "../../critic/likelihoodRatio.ts";
import { ctfParameters } from "../../physics/ctf.ts";
import type { Device } from "../../runtime/device.ts";
import type { Processes } from "../../runtime/processes.ts";
import { compile } from "../../runtime/session.ts";
import * as op from "../../tensor/ops.ts";
import { sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { blockOf } from "../blocks.ts";
import { criticView } from "../measure/criticImages.ts";
import { groupFactors } from "../measure/noiseGroups.ts";
import type { Spectra } from "../measure/spectra.ts";
import { createRowTable } from "./rowTable.ts";
import { blockOfMachine } from "./sharing.ts";

/** A batch, as `expectationProgram` takes it. */
export interface MatchedBatch {
  /** [orders, 2·radii, batch] */
  harmonics: Float32Array;
  /** [radii, batch] */
  ctfSquared: Float32Array;
}

export interface ParticleStore {
  maxRadius: number;
  /**
   * Chosen particles of this machine, up to a radius of at most `maxRadius`.
   * @param scales of all particles: theirs are taken into the CTF
   */
  take(chosen: ArrayLike<number>, radius: number, scales?: Float32Array): Promise<MatchedBatch>;
  close(): Promise<void>;
}

export interface StoreSource {
  count: number;
  optics: Optics;
  /** Edge of the images in pixels. */
  boxSize: number;
  boxAngstrom: number;
  spectra: Spectra;
  /** Who read them together. */
  processes: Processes;
  /** Consecutive images, [size, boxSize, boxSize] flattened. */
  read(first: number, size: number): Promise<Float32Array>;
}

const batch = 256;

/**
 * The critic whose view of images the refinement takes over; each polar sample has the weight of its area over the
 * noise.
 */
export const refinementCritic = (maxRadius: number, spectra: Spectra): ReturnType<typeof likelihoodRatioCritic> =>
  likelihoodRatioCritic(
    { maxRadius, noisePower: spectra.noise, signalPower: spectra.signal },
    { angles: 2 * maxRadius, turns: 2 * maxRadius, templates: 1 },
  );

/**
 * Reads the particles of this machine, of each of its processes a part, and stores their harmonics for all of them.
 *
 * @param limitBytes  memory that the store may take; beyond it goes to the scratch file
 * @param onProgress  called with the number of particles done
 */
export async function createParticleStore(
  from: StoreSource,
  maxRadius: number,
  limitBytes: number,
  scratch: DataFile,
  device: Device,
  onProgress: (done: number) => void,
  signal?: AbortSignal,
): Promise<ParticleStore> {
  const { count, boxSize: n, processes } = from,
    { neighbours } = processes,
    ofMachine = blockOfMachine(count, processes),
    rowsHere = ofMachine.end - ofMachine.first,
    own = blockOf(rowsHere, neighbours.rank, neighbours.size);
  const critic = refinementCritic(maxRadius, from.spectra);
  const { feeds, view } = criticView(critic, n, batch, from.boxAngstrom, from.spectra);
  const flat = (t: Tensor): Tensor => op.reshape(t, [sizeOf(t.shape) / batch, batch]);
  const row = op.concat([flat(view.harmonics!), flat(view.ctfSquared!)], 0);
  const width = row.shape[0]!;
  const matched = await compile(
    { name: "matched-filter", state: {}, feeds, outputs: { rows: op.transpose(row, [1, 0]) } },
    device,
  );
  const rows = await createRowTable(rowsHere, width, limitBytes, scratch, neighbours);
  try {
    const feed = new Float32Array(batch * n * n);
    /** Reads a batch while the one before is transformed. */
    const begin = (row: number): Promise<Float32Array> =>
      later(from.read(ofMachine.first + row, Math.max(0, Math.min(batch, own.end - row))));
    let coming = begin(own.first);
    for (let row = own.first; row < own.end; row += batch) {
      signal?.throwIfAborted();
      const size = Math.min(batch, own.end - row),
        first = ofMachine.first + row;
      feed.set(await coming);
      if (row + batch < own.end) coming = begin(row + batch);
      const particles = Int32Array.from({ length: batch }, (_, i) => Math.min(first + i, count - 1));
      const results = await matched.run({
        images: feed,
        ...ctfParameters(from.optics, particles),
        ...groupFactors(from.spectra, particles),
      });
      await rows.write(row, results.rows!.subarray(0, size * width));
      onProgress(Math.round((count * (row - own.first + size)) / (own.end - own.first)));
    }
    await neighbours.barrier();
  } catch (error) {
    await rows.close();
    throw error;
  } finally {
    await matched.release();
  }

  let buffer = new Float32Array(0);
  return {
    maxRadius,
    async take(chosen, radius, scales) {
      const size = chosen.length;
      if (buffer.length < size * width) buffer = new Float32Array(size * width);
      await rows.read(ofMachine.first === 0 ? chosen : Int32Array.from(chosen, (p) => p - ofMachine.first), buffer);
      const out: MatchedBatch = {
        harmonics: new Float32Array(4 * radius * radius * size),
        ctfSquared: new Float32Array(radius * size),
      };
      const circles = storedPlaces(radius, maxRadius),
        squares = width - maxRadius;
      for (let b = 0; b < size; b++) {
        const start = b * width,
          scale = scales?.[chosen[b]!] ?? 1;
        for (let i = 0, o = b; i < circles.length; i++, o += size)
          out.harmonics[o] = scale * buffer[start + circles[i]!]!;
        for (let r = 0, o = b; r < radius; r++, o += size)
          out.ctfSquared[o] = scale * scale * buffer[start + squares + r]!;
      }
      return out;
    },
    close: () => rows.close(),
  };
}

const places = new Map<string, Int32Array>();

/** Where the harmonics up to `radius` lie among those up to `maxRadius`. */
function storedPlaces(radius: number, maxRadius: number): Int32Array {
  const key = `${radius}/${maxRadius}`;
  let known = places.get(key);
  if (!known) {
    const stored = harmonicOrders(2 * maxRadius);
    known = Int32Array.from(
      harmonicOrders(2 * radius).flatMap((m) =>
        [0, 1].flatMap((part) =>
          Array.from({ length: radius }, (_, r) => (stored.indexOf(m) * 2 + part) * maxRadius + r),
        ),
      ),
    );
    places.set(key, known);
  }
  return known;
}
