/** Synthetic particle images of a density map. */

import type { Optics, Volume } from "../base/types.ts";
import type { AstigmaticDefocus } from "../io/defocusTable.ts";
import type { Device } from "../runtime/device.ts";
import type { Program } from "../runtime/program.ts";
import { createStream } from "../runtime/random.ts";
import { compile } from "../runtime/session.ts";
import * as op from "../tensor/ops.ts";
import { input } from "../tensor/tensor.ts";
import { ctfInputs, ctfParameters } from "./ctf.ts";
import { rectangularGrid } from "./frequencies.ts";
import { imagesFromTransform } from "./imageTransform.ts";
import { image } from "./microscope.ts";
import type { NoiseSource } from "./noise.ts";
import { fourierTable } from "./project.ts";

/** What is imaged, and how. */
export interface Exposures {
  /** Cubic map; its box and pixel size are those of the images. */
  volume: Volume;
  /** Poses [count, 3, 3]. */
  rotations: Float32Array;
  /** Shifts in units of the box, [count, 2]. */
  shifts: Float32Array;
  optics: Optics;
}

export interface SimulationInput extends Exposures {
  /** Variance of the signal over that of the noise, per pixel over whole images; without `noise` it has no effect. */
  signalToNoise?: number;
  /** Noise of unit variance; absent: no noise, signal of unit variance. */
  noise?: NoiseSource;
  /**
   * Particles (indices) whose images hold noise alone; absent: none. They change nothing in the images of the others.
   */
  junk?: ReadonlySet<number>;
}

/** Consecutive images, [batch, n, n] flattened, and the index of the first. The last batch may be smaller. */
export interface ImageBatch {
  first: number;
  images: Float32Array;
}

const defaultBatch = 64;

/**
 * Noise-free images of a map, in batches: shifted projections filtered by the CTF. A pixel of the projection is the sum
 * of
 * the voxels along the ray.
 */
export async function* exposeImages(from: Exposures, device: Device, batch = defaultBatch): AsyncGenerator<ImageBatch> {
  const microscope = await openMicroscope(from, device, batch);
  try {
    for (let first = 0; first < microscope.count; first += batch)
      yield { first, images: await microscope.expose(first) };
  } finally {
    await microscope.release();
  }
}

/**
 * Images of a map with noise, in batches. The scale is that of normalised particles: noise of unit variance, or,
 * without
 * noise, signal of unit variance. The signal's variance is that of pixels about the mean of their image, measured on
 * the
 * first 1024 images. The result depends on the batch size by rounding alone.
 *
 * @yields batches, and the factor between an image of `exposeImages` and the signal in them
 */
export async function* simulateImages(
  from: SimulationInput,
  device: Device,
  batch = defaultBatch,
): AsyncGenerator<ImageBatch & { scale: number }> {
  const microscope = await openMicroscope(from, device, batch);
  try {
    const pixels = from.volume.shape[2] ** 2;
    const measured = Math.min(microscope.count, 1024);
    let variance = 0;
    for (let first = 0; first < measured; first += batch) {
      const images = await microscope.expose(first);
      for (let i = 0; i < Math.min(batch, measured - first); i++)
        variance += varianceOf(images.subarray(i * pixels, (i + 1) * pixels)) / measured;
    }
    const scale = Math.sqrt((from.noise ? (from.signalToNoise ?? 1) : 1) / variance);
    for (let first = 0; first < microscope.count; first += batch) {
      const signal = await microscope.expose(first);
      const images = new Float32Array(signal.length);
      from.noise?.(images);
      for (let start = 0, particle = first; start < images.length; start += pixels, particle++) {
        if (from.junk?.has(particle)) continue;
        for (let i = start; i < start + pixels; i++) images[i]! += scale * signal[i]!;
      }
      yield { first, images, scale };
    }
  } finally {
    await microscope.release();
  }
}

function varianceOf(values: Float32Array): number {
  let sum = 0,
    squares = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    squares += values[i]! ** 2;
  }
  return squares / values.length - (sum / values.length) ** 2;
}

interface Microscope {
  count: number;
  /** Noise-free images of the particles from `first` on, `batch` of them or as many as there are. */
  expose(first: number): Promise<Float32Array>;
  release(): Promise<void>;
}

async function openMicroscope(from: Exposures, device: Device, batch: number): Promise<Microscope> {
  const n = from.volume.shape[2];
  const count = from.rotations.length / 9;
  const volume = input("volume", [n, n, n]);
  const transform = await compile(
    { name: "transform", state: {}, feeds: { volume }, outputs: { table: fourierTable(volume) } },
    device,
  );
  const { table } = await transform.run({ volume: from.volume.data });
  await transform.release();
  const imaging = await compile(imagingProgram(n, n * from.volume.pixelSizeAngstrom, batch), device);

  return {
    count,
    async expose(first) {
      // The last batch is filled up with repeats, which are cut off again.
      const particles = Int32Array.from({ length: batch }, (_, i) => Math.min(first + i, count - 1));
      const rotations = new Float32Array(9 * batch),
        shifts = new Float32Array(2 * batch);
      particles.forEach((p, b) => {
        rotations.set(from.rotations.subarray(9 * p, 9 * p + 9), 9 * b);
        shifts[b] = from.shifts[2 * p]!;
        shifts[batch + b] = from.shifts[2 * p + 1]!;
      });
      const { images } = await imaging.run({
        table: table!,
        rotations,
        shifts,
        ...ctfParameters(from.optics, particles),
      });
      return images!.subarray(0, n * n * Math.min(batch, count - first));
    },
    release: () => imaging.release(),
  };
}

/**
 * Program that images a batch: feeds the volume's table, rotations [batch, 3, 3], shifts [2, batch] and the CTFs'
 * parameters.
 */
function imagingProgram(n: number, boxAngstrom: number, batch: number): Program {
  const grid = rectangularGrid(n);
  const feeds = {
    table: input("table", [2, 2 * n + 2, 2 * n + 2, 2 * n + 2]),
    rotations: input("rotations", [batch, 3, 3]),
    shifts: input("shifts", [2, batch]),
  };
  const optics = ctfInputs(batch);
  const exposed = image(feeds.table, { ...feeds, optics }, grid, boxAngstrom);
  const images = op.transpose(op.reshape(imagesFromTransform(exposed.image, grid), [n * n, batch]), [1, 0]);
  return { name: "image", state: {}, feeds: { ...feeds, ...optics }, outputs: { images } };
}

/** What all particles of a simulation have in common. */
export interface MicroscopeSettings {
  voltageKv: number;
  sphericalAberrationMm: number;
  amplitudeContrast: number;
  bFactorAngstrom2?: number;
}

/** The same optics for all but the defocus, which is drawn uniformly from a range, without astigmatism. */
export function uniformDefocus(
  count: number,
  rangeAngstrom: readonly [number, number],
  microscope: MicroscopeSettings,
  seed: number,
): Optics {
  const stream = createStream(seed, "defocus");
  const [low, high] = rangeAngstrom;
  return opticsOf(
    Array.from({ length: count }, () => {
      const defocus = low + (high - low) * stream.uniform();
      return { defocusUAngstrom: defocus, defocusVAngstrom: defocus, astigmatismAngle: 0 };
    }),
    microscope,
  );
}

/** The same optics for all but the defocus, for which a row of a table is drawn for each particle. */
export function tabulatedDefocus(
  count: number,
  table: readonly AstigmaticDefocus[],
  microscope: MicroscopeSettings,
  seed: number,
): Optics {
  const stream = createStream(seed, "defocus");
  return opticsOf(
    Array.from({ length: count }, () => table[stream.integer(table.length)]!),
    microscope,
  );
}

/** Optics whose CTF is 1 at every frequency: in focus, without aberration, and all contrast from amplitude. */
export function flatOptics(count: number, voltageKv: number): Optics {
  const inFocus = { defocusUAngstrom: 0, defocusVAngstrom: 0, astigmatismAngle: 0 };
  return opticsOf(new Array<AstigmaticDefocus>(count).fill(inFocus), {
    voltageKv,
    sphericalAberrationMm: 0,
    amplitudeContrast: 1,
  });
}

function opticsOf(defocus: readonly AstigmaticDefocus[], microscope: MicroscopeSettings): Optics {
  const fill = (value: number) => new Float64Array(defocus.length).fill(value);
  return {
    defocusUAngstrom: Float64Array.from(defocus, (d) => d.defocusUAngstrom),
    defocusVAngstrom: Float64Array.from(defocus, (d) => d.defocusVAngstrom),
    astigmatismAngle: Float64Array.from(defocus, (d) => d.astigmatismAngle),
    phaseShift: fill(0),
    voltageKv: fill(microscope.voltageKv),
    sphericalAberrationMm: fill(microscope.sphericalAberrationMm),
    amplitudeContrast: fill(microscope.amplitudeContrast),
    bFactorAngstrom2: fill(microscope.bFactorAngstrom2 ?? 0),
  };
}
