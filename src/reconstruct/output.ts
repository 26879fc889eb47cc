/** The files a run leaves for its user: the map, spectra, and images beside what the simulator makes of the map. */
import { join } from "node:path";
import { writeFileAtomic } from "../io/files.ts";
import type { Volume } from "../io/types.ts";
import { ctfCoefficients } from "../physics/ctf.ts";
import { rectangularGrid, radiusOf } from "../physics/frequencies.ts";
import { imagesFromTransform, transformOfImages } from "../physics/imageTransform.ts";
import { image } from "../physics/microscope.ts";
import { colouredNoise } from "../physics/noise.ts";
import { fourierTable } from "../physics/project.ts";
import { samplePoses } from "../physics/viewing.ts";
import { createStream } from "../runtime/random.ts";
import { compile } from "../runtime/session.ts";
import * as op from "../tensor/ops.ts";
import { constant, input, type Tensor } from "../tensor/tensor.ts";
import type { StageVolume } from "./checkpoint.ts";
import { varianceOf } from "./criticNoise.ts";
import type { RunExamples, RunSpectra } from "./events.ts";
import type { Spectra } from "./spectra.ts";
import type { StageContext } from "./stageContext.ts";
import { changeBox } from "./volume.ts";

/**
 * A stage's density as a map at the particles' own box and pixel size, scaled so that its projections match the images with
 * background noise of unit variance.
 *
 * @param workingBox box of the cropped images that the stage's scale refers to
 */
export function mapOfVolume(volume: StageVolume, workingBox: number, boxSize: number, pixelSizeAngstrom: number): Volume {
  const data = changeBox(volume, boxSize).data.map((v) => v * (boxSize / workingBox) ** 2);
  return { data, shape: [boxSize, boxSize, boxSize], pixelSizeAngstrom, originAngstrom: [0, 0, 0] };
}

export async function writeSpectra(folder: string, spectra: Spectra, boxAngstrom: number): Promise<void> {
  const content: RunSpectra = {
    frequency: Array.from(spectra.noise, (_, k) => k / boxAngstrom),
    noisePower: [...spectra.noise],
    signalPower: [...spectra.signal],
  };
  await writeFileAtomic(join(folder, "spectra.json"), JSON.stringify(content));
}

/** Six particles, six simulated images and six noise-free projections, low-passed to the resolution in use. */
export async function writeExamples(folder: string, volume: StageVolume, context: StageContext, label: string): Promise<void> {
  const count = 6, n = context.boxSize;
  const density = changeBox(volume, n);
  const stream = createStream(context.seed, `${label}/examples`);
  const grid = rectangularGrid(n);
  const lowPass = constant(radiusOf(grid).map((r) => (r <= volume.n / 2 ? 1 : 0)), [grid.count, 1]);
  const feeds = {
    volume: input("volume", [n, n, n]), rotations: input("rotations", [count, 3, 3]), optics: input("optics", [6, count]),
    noise: input("noise", [count, n * n]), real: input("real", [count, n * n]),
  };
  const filtered = (f: { re: Tensor; im: Tensor }): Tensor => {
    const images = imagesFromTransform({ re: op.mul(f.re, lowPass), im: op.mul(f.im, lowPass) }, grid);
    return op.transpose(op.reshape(images, [n * n, count]), [1, 0]);
  };
  const table = fourierTable(feeds.volume);
  const exposure = { rotations: feeds.rotations, optics: feeds.optics };
  const flat = constant(Float32Array.from({ length: 6 * count }, (_, i) => (Math.floor(i / count) === 4 ? Math.PI / 2 : 0)), [6, count]); // CTF = 1
  const executable = await compile({
    name: "examples", state: {}, feeds,
    outputs: {
      realImages: filtered(transformOfImages(feeds.real, n, grid)),
      simulated: filtered(image(table, { ...exposure, noise: transformOfImages(feeds.noise, n, grid) }, grid, context.boxAngstrom).image),
      projections: filtered(image(table, { ...exposure, optics: flat }, grid, context.boxAngstrom).image),
    },
  }, context.device);
  const { images, particles } = context.sample;
  const places = Int32Array.from({ length: count }, () => stream.integer(particles.length));
  const real = new Float32Array(count * n * n), noise = new Float32Array(count * n * n);
  places.forEach((p, i) => real.set(images.subarray(p * n * n, (p + 1) * n * n), i * n * n));
  colouredNoise(context.spectra.noise, n, stream)(noise);
  const deviation = Math.sqrt(varianceOf(context.spectra.noise, n));
  const results = await executable.run({
    volume: density.data, rotations: samplePoses(context.views, count, stream), optics: ctfCoefficients(context.optics, places.map((p) => particles[p]!)),
    noise: noise.map((v) => v * deviation), real,
  });
  await executable.release();
  const split = (values: Float32Array): number[][] => Array.from({ length: count }, (_, i) => Array.from(values.subarray(i * n * n, (i + 1) * n * n), (v) => Number(v.toPrecision(4))));
  const content: RunExamples = { boxSize: n, real: split(results["realImages"]!), simulated: split(results["simulated"]!), projections: split(results["projections"]!) };
  await writeFileAtomic(join(folder, "examples.json"), JSON.stringify(content));
}
