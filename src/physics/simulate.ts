/** Synthetic particle images of a density map. */

import type { Optics, Volume } from "../base/types.ts";
import type { AstigmaticDefocus } from "../io/defocusTable.ts";
import type { Device } from "../runtime/device.ts";
import type { Program } from "../runtime/program.ts";
import { createStream } from "../runtime/random.ts";
import { compile } from "../runtime/session.ts";
import { input } from "../tensor/tensor.ts";
import { ctfInputs, ctfParameters } from "./ctf.ts";
import { rectangularGrid } from "./frequencies.ts";
import { pixelImages } from "./microscope.ts";
import type { NoiseSource } from "./noise.ts";
import { openTableMaker } from "./tablePlanes.ts";

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
 * of the voxels along the ray.
 */
export async function* exposeImages(from: Exposures, device: Device, batch = defaultBatch): AsyncGenerator<ImageBatch> {
  const microscope = await openMicroscope(from, device, batch, false);
  try {
    for (let first = 0; first < microscope.count; first += batch)
      yield { first, images: await microscope.expose(first, () => 1) };
  } finally {
    await microscope.release();
  }
}

/**
 * Images of a map with noise, in batches. The scale is that of normalised particles: noise of unit variance, or,
 * without noise, signal of unit variance. The signal's variance is that of pixels about the mean of their image,
 * measured on the first 1024 images. The result depends on the batch size by rounding alone.
 *
 * @yields batches, and the factor between an image of `exposeImages` and the signal in them
 */
export async function* simulateImages(
  from: SimulationInput,
  device: Device,
  batch = defaultBatch,
): AsyncGenerator<ImageBatch & { scale: number }> {
  const microscope = await openMicroscope(from, device, batch, from.noise !== undefined);
  try {
    const pixels = from.volume.shape[2] ** 2;
    const measured = Math.min(microscope.count, 1024);
    let variance = 0;
    for (let first = 0; first < measured; first += batch) {
      const images = await microscope.expose(first, () => 1);
      for (let i = 0; i < Math.min(batch, measured - first); i++)
        variance += varianceOf(images.subarray(i * pixels, (i + 1) * pixels)) / measured;
    }
    const scale = Math.sqrt((from.noise ? (from.signalToNoise ?? 1) : 1) / variance);
    for (let first = 0; first < microscope.count; first += batch) {
      const contrast = (particle: number): number => (from.junk?.has(particle) ? 0 : scale);
      yield { first, images: await microscope.expose(first, contrast, from.noise), scale };
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
  /**
   * Images of the particles from `first` on, `batch` of them or as many as there are; without `noise` there is none.
   */
  expose(first: number, contrast: (particle: number) => number, noise?: NoiseSource): Promise<Float32Array>;
  release(): Promise<void>;
}

/** @param noisy whether some of the images will have noise */
async function openMicroscope(from: Exposures, device: Device, batch: number, noisy: boolean): Promise<Microscope> {
  const n = from.volume.shape[2];
  const count = from.rotations.length / 9;
  const maker = await openTableMaker(n, 1, device);
  const { table } = await maker.run({ volume: from.volume.data });
  await maker.release();
  const imaging = await compile(imagingProgram(n, n * from.volume.pixelSizeAngstrom, batch, noisy), device);
  const background = new Float32Array(noisy ? n * n * batch : 0);

  return {
    count,
    async expose(first, contrast, noise) {
      // The last batch is filled up with repeats, which are cut off again.
      const particles = Int32Array.from({ length: batch }, (_, i) => Math.min(first + i, count - 1)),
        pixels = n * n * Math.min(batch, count - first);
      const rotations = new Float32Array(9 * batch),
        shifts = new Float32Array(2 * batch);
      particles.forEach((p, b) => {
        rotations.set(from.rotations.subarray(9 * p, 9 * p + 9), 9 * b);
        shifts[b] = from.shifts[2 * p]!;
        shifts[batch + b] = from.shifts[2 * p + 1]!;
      });
      if (noise) noise(background.subarray(0, pixels));
      else background.fill(0);
      const { images } = await imaging.run({
        table,
        rotations,
        shifts,
        ...ctfParameters(from.optics, particles),
        contrast: Float32Array.from(particles, contrast),
        noise: background,
      });
      return images!.subarray(0, pixels);
    },
    release: () => imaging.release(),
  };
}

/**
 * Program that images a batch: feeds the volume's table, rotations [batch, 3, 3], shifts [2, batch], the CTFs'
 * parameters, contrast [1, batch] and, if it is to be noisy, noise [batch, n·n].
 */
function imagingProgram(n: number, boxAngstrom: number, batch: number, noisy: boolean): Program {
  const table = input("table", [2, 2 * n + 2, 2 * n + 2, 2 * n + 2]),
    optics = ctfInputs(batch);
  const exposure = {
    rotations: input("rotations", [batch, 3, 3]),
    shifts: input("shifts", [2, batch]),
    contrast: input("contrast", [1, batch]),
    ...(noisy ? { noise: input("noise", [batch, n * n]) } : {}),
  };
  const images = pixelImages(table, { ...exposure, optics }, rectangularGrid(n), boxAngstrom);
  return { name: "image", state: {}, feeds: { table, ...exposure, ...optics }, outputs: { images } };
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
