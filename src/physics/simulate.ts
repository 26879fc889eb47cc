/** Synthetic particle images of a density map. */
import type { Optics, Volume } from "../io/types.ts";
import type { Device } from "../runtime/device.ts";
import type { Program } from "../runtime/program.ts";
import { createStream } from "../runtime/random.ts";
import { compile } from "../runtime/session.ts";
import * as op from "../tensor/ops.ts";
import { input } from "../tensor/tensor.ts";
import { ctfCoefficients, ctfTerms } from "./ctf.ts";
import { rectangularGrid } from "./frequencies.ts";
import { imagesFromTransform } from "./imageTransform.ts";
import { image } from "./microscope.ts";
import type { NoiseSource } from "./noise.ts";
import { fourierTable } from "./project.ts";

export interface SimulationInput {
  /** Cubic map; its box and pixel size are those of the images. */
  volume: Volume;
  /** Poses [count, 3, 3]. */
  rotations: Float32Array;
  /** Shifts in units of the box, [count, 2]. */
  shifts: Float32Array;
  optics: Optics;
  /** Variance of the signal over that of the noise, per pixel; absent: no noise, signal of unit variance. */
  signalToNoise?: number;
  /** Noise of unit variance. */
  noise?: NoiseSource;
}

/** Program that images a batch: feeds the volume's table, rotations [batch,3,3], shifts [2,batch] and optics [6,batch]. */
function imagingProgram(n: number, boxAngstrom: number, batch: number): Program {
  const grid = rectangularGrid(n);
  const feeds = {
    table: input("table", [2, 2 * n + 2, 2 * n + 2, 2 * n + 2]),
    rotations: input("rotations", [batch, 3, 3]), shifts: input("shifts", [2, batch]), optics: input("optics", [ctfTerms, batch]),
  };
  const exposed = image(feeds.table, feeds, grid, boxAngstrom);
  const images = op.transpose(op.reshape(imagesFromTransform(exposed.image, grid), [n * n, batch]), [1, 0]);
  return { name: "image", state: {}, feeds, outputs: { images } };
}

/**
 * Images of a map, in batches. The scale is that of normalised particles: noise of unit variance, or, without noise,
 * signal of unit variance. The signal's variance is measured on the first images over all their pixels.
 *
 * @yields the index of the first particle and its batch of images, [batch, n, n] flattened
 */
export async function* simulateImages(from: SimulationInput, device: Pick<Device, "name" | "threads">, batch = 64): AsyncGenerator<{ first: number; images: Float32Array }> {
  const n = from.volume.shape[2];
  const count = from.rotations.length / 9;
  const volume = input("volume", [n, n, n]);
  const transform = await compile({ name: "transform", state: {}, feeds: { volume }, outputs: { table: fourierTable(volume) } }, device);
  const { table } = await transform.run({ volume: from.volume.data });
  await transform.release();
  const imaging = await compile(imagingProgram(n, n * from.volume.pixelSizeAngstrom, batch), device);

  const expose = async (first: number): Promise<Float32Array> => {
    // The last batch is filled up with repeats, which are cut off again.
    const particles = Int32Array.from({ length: batch }, (_, i) => Math.min(first + i, count - 1));
    const rotations = new Float32Array(9 * batch), shifts = new Float32Array(2 * batch);
    particles.forEach((p, b) => {
      rotations.set(from.rotations.subarray(9 * p, 9 * p + 9), 9 * b);
      shifts[b] = from.shifts[2 * p]!;
      shifts[batch + b] = from.shifts[2 * p + 1]!;
    });
    const { images } = await imaging.run({ table: table!, rotations, shifts, optics: ctfCoefficients(from.optics, particles) });
    return images!.subarray(0, n * n * Math.min(batch, count - first));
  };

  let power = 0, pixels = 0;
  for (let first = 0; first < Math.min(count, 1024); first += batch) {
    for (const v of await expose(first)) { power += v * v; pixels++; }
  }
  const scale = Math.sqrt((from.noise ? from.signalToNoise ?? 1 : 1) / (power / pixels));
  const noise = new Float32Array(n * n * batch);
  for (let first = 0; first < count; first += batch) {
    const images = await expose(first);
    from.noise?.(noise.subarray(0, images.length));
    yield { first, images: images.map((v, i) => scale * v + (from.noise ? noise[i]! : 0)) };
  }
  await imaging.release();
}

/** The same optics for all but the defocus, which is drawn uniformly from a range. */
export function uniformDefocus(count: number, rangeAngstrom: readonly [number, number], microscope: { voltageKv: number; sphericalAberrationMm: number; amplitudeContrast: number; bFactorAngstrom2?: number }, seed: number): Optics {
  const stream = createStream(seed, "defocus");
  const fill = (value: number): Float64Array => new Float64Array(count).fill(value);
  const defocus = Float64Array.from({ length: count }, () => rangeAngstrom[0] + (rangeAngstrom[1] - rangeAngstrom[0]) * stream.uniform());
  return {
    defocusUAngstrom: defocus, defocusVAngstrom: defocus.slice(), astigmatismAngle: fill(0), phaseShift: fill(0),
    voltageKv: fill(microscope.voltageKv), sphericalAberrationMm: fill(microscope.sphericalAberrationMm),
    amplitudeContrast: fill(microscope.amplitudeContrast), bFactorAngstrom2: fill(microscope.bFactorAngstrom2 ?? 0),
  };
}
