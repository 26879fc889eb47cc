/**
 * The measured cases: the ribosome at SNR 0.1, imaged into a box of 32 pixels unless said otherwise, up to a chosen
 * radius in Fourier space.
 */

import type { Optics } from "../src/base/types.ts";
import { disk } from "../src/io/disk.ts";
import { readMap } from "../src/io/mrc.ts";
import { changeBox } from "../src/numeric/fourierCrop.ts";
import { polarGrid } from "../src/physics/frequencies.ts";
import { whiteNoise } from "../src/physics/noise.ts";
import { simulateImages } from "../src/physics/simulate.ts";
import { viewGrid } from "../src/physics/viewGrid.ts";
import { samplePoses } from "../src/physics/viewing.ts";
import { type BatchSource, batchStreams, iterationFeeds, splitImages } from "../src/reconstruct/adversarial/feeds.ts";
import {
  type AdversarialSettings,
  adversarialProgram,
  initialCritic,
} from "../src/reconstruct/adversarial/iteration.ts";
import { paperRecipe } from "../src/reconstruct/adversarial/paper.ts";
import { type AdversarialRecipe, likelihoodRatioRecipe } from "../src/reconstruct/adversarial/recipes.ts";
import { coefficientAmplitude } from "../src/reconstruct/adversarial/volume.ts";
import { expectationProgram } from "../src/reconstruct/likelihood/refinement.ts";
import { criticImages, noiseBank } from "../src/reconstruct/measure/criticImages.ts";
import { measureSpectra, type Spectra } from "../src/reconstruct/measure/spectra.ts";
import { stageMask } from "../src/reconstruct/stageMask.ts";
import { nodeCpu } from "../src/runtime/onnxRuntimeNode.ts";
import type { Program } from "../src/runtime/program.ts";
import { createStream } from "../src/runtime/random.ts";
import { sizeOf } from "../src/tensor/tensor.ts";

export const device = nodeCpu(2);

type Arrays = Record<string, Float32Array>;

export interface AdversarialCase {
  settings: AdversarialSettings;
  program: Program;
  /** Values of the state before the first iteration; moments that are not listed start at zero. */
  initial: Arrays;
  source: BatchSource;
  spectra: Spectra;
  /** Feeds of an iteration (counted from 1), with new random batches. */
  feeds(iteration: number): Arrays;
}

const identity = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
const seed = 1;

function opticsOf(particles: number): Optics {
  const stream = createStream(seed, "bench/defocus");
  const all = (value: () => number): Float64Array => Float64Array.from({ length: particles }, value);
  const defocus = all(() => 10_000 + 15_000 * stream.uniform());
  return {
    defocusUAngstrom: defocus,
    defocusVAngstrom: defocus,
    astigmatismAngle: all(() => 0),
    sphericalAberrationMm: all(() => 2.7),
    voltageKv: all(() => 300),
    amplitudeContrast: all(() => 0.1),
    phaseShift: all(() => 0),
    bFactorAngstrom2: all(() => 0),
  };
}

/** An iteration by the paper's recipe on images of so many pixels. @param critic another in place of its own */
export const paperCase = (boxSize: number, critic?: AdversarialRecipe["critic"]): Promise<AdversarialCase> => {
  const count = 256,
    recipe = paperRecipe(count);
  return adversarialCase(boxSize / 2, { ...recipe, ...(critic && { critic }) }, boxSize, count);
};

/**
 * An adversarial iteration with the settings of a recipe.
 * @param maxRadius half the edge of the volume
 * @param boxSize   edge of the images
 * @param count     of the images
 */
export async function adversarialCase(
  maxRadius: number,
  recipe: AdversarialRecipe = likelihoodRatioRecipe,
  boxSize = 32,
  count = 2048,
): Promise<AdversarialCase> {
  const n = 2 * maxRadius,
    label = `bench/${n}`;
  // The file states no pixel size; see data/README.md.
  const file = disk.at(new URL("../data/ribosome-70s-65.mrc", import.meta.url).pathname);
  const map = await readMap(file, { pixelSizeAngstrom: 5 });
  const boxAngstrom = map.shape[0] * map.pixelSizeAngstrom;
  const small = changeBox({ n: map.shape[0], data: map.data }, boxSize);
  const volume = {
    ...map,
    shape: [boxSize, boxSize, boxSize] as [number, number, number],
    data: small.data,
    pixelSizeAngstrom: boxAngstrom / boxSize,
  };
  const optics = opticsOf(count),
    particles = Int32Array.from({ length: count }, (_, i) => i);
  const views = { kind: "uniform" } as const;
  const images = new Float32Array(count * boxSize ** 2);
  const simulation = {
    volume,
    rotations: samplePoses(views, count, createStream(seed, "bench/poses")),
    shifts: new Float32Array(2 * count),
    optics,
    signalToNoise: 0.1,
    noise: whiteNoise(createStream(seed, "bench/noise")),
  };
  for await (const batch of simulateImages(simulation, device)) images.set(batch.images, batch.first * boxSize ** 2);
  const spectra = await measureSpectra(images, boxSize, optics, particles, boxAngstrom, 0.45 * boxSize, device);

  const model = {
    n,
    amplitude: coefficientAmplitude(n, spectra.signal, maxRadius),
    mask: stageMask(n, { maskRadius: 0.45, boxAngstrom }),
    positive: recipe.positive === true,
    groups: [[identity]],
  };
  const critic = recipe.critic({ maxRadius, noisePower: spectra.noise, signalPower: spectra.signal }, model);
  const settings: AdversarialSettings = {
    critic,
    loss: recipe.loss,
    volume: model,
    boxAngstrom,
    noisePower: spectra.noise,
    batch: recipe.batch,
    criticSteps: recipe.criticSteps,
    gradientPenalty: recipe.gradientPenalty,
    criticClipNorm: recipe.criticClipNorm,
    volumeClipNorm: recipe.volumeClipNorm,
    noiseScale: recipe.criticScalesNoise && "by critic",
    shifts: false,
    averaging: recipe.averaging,
  };
  const source: BatchSource = {
    ...splitImages(count, 0),
    images: await criticImages(critic, images, boxSize, optics, particles, boxAngstrom, spectra, device),
    noise: await noiseBank(
      critic.grid,
      count,
      boxSize,
      whiteNoise(createStream(seed, `${label}/bank`)),
      spectra.noise,
      device,
    ),
    turns: critic.turns,
    optics,
    spectra,
    particles,
    views,
    shifts: { kind: "none" },
    streams: batchStreams(seed, label),
  };
  const u = new Float32Array(n ** 3);
  createStream(seed, `${label}/start`).fillNormal(u);
  u.forEach((v, i) => (u[i] = 0.02 * v));
  u[(maxRadius * n + maxRadius) * n + maxRadius] = 1;
  return {
    settings,
    program: adversarialProgram(settings),
    source,
    spectra,
    initial: { u, average: u, ...initialCritic(critic, createStream(seed, `${label}/critic`), u) },
    feeds: (iteration) => ({
      ...iterationFeeds(source, settings),
      step: Float32Array.of(iteration),
      criticRate: Float32Array.of(recipe.criticRate),
      volumeRate: Float32Array.of(recipe.volumeRate),
    }),
  };
}

/** The expectation step of the refinement on random images: 96°/radius between views, no search for shifts. */
export function expectationCase(maxRadius: number): { program: Program; feeds: Arrays; views: number } {
  const angles = 2 * maxRadius;
  const views = viewGrid((96 / maxRadius) * (Math.PI / 180), [identity], identity).length;
  const program = expectationProgram({
    grid: polarGrid(maxRadius, angles),
    views,
    turns: 2 * angles,
    batch: 64,
    centred: true,
  });
  const stream = createStream(seed, "bench/expectation");
  const feeds = Object.fromEntries(
    Object.entries(program.feeds).map(([name, { shape }]) => {
      const values = new Float32Array(sizeOf(shape));
      stream.fillNormal(values);
      return [
        name,
        name === "templates"
          ? values.map((v) => 0.1 * v)
          : name.endsWith("Prior")
            ? values.fill(0)
            : values.map(name === "ctfSquared" ? Math.abs : (v) => v),
      ];
    }),
  );
  return { program, feeds, views };
}
