/**
 * Whether the critic of a run can tell the noise of particles from that of the simulator: it is trained on images of
 * noise alone, as it would be in a stage, and then asked about images that it has not seen.
 */
import type { Optics } from "../../src/base/types.ts";
import type { CriticInput, CriticModel, CriticScene } from "../../src/critic/critic.ts";
import { scaleComplex } from "../../src/physics/complex.ts";
import { ctf, ctfInputs, ctfParameters } from "../../src/physics/ctf.ts";
import type { NoiseSource } from "../../src/physics/noise.ts";
import { pointGroup } from "../../src/physics/symmetry.ts";
import {
  type BatchSource,
  batchStreams,
  gatherRows,
  iterationFeeds,
  noiseBatch,
  splitImages,
} from "../../src/reconstruct/adversarial/feeds.ts";
import {
  type AdversarialSettings,
  adversarialProgram,
  initialCritic,
} from "../../src/reconstruct/adversarial/iteration.ts";
import { chooseRecipe } from "../../src/reconstruct/adversarial/recipes.ts";
import { simulatorNoise } from "../../src/reconstruct/adversarial/simulatorNoise.ts";
import type { VolumeModel } from "../../src/reconstruct/adversarial/volume.ts";
import { criticImages, type Rows } from "../../src/reconstruct/measure/criticImages.ts";
import { openPreparation } from "../../src/reconstruct/measure/load.ts";
import { drawNoiseImages, preparedNoise } from "../../src/reconstruct/measure/noiseImages.ts";
import { measureSpectra } from "../../src/reconstruct/measure/spectra.ts";
import type { CriticName } from "../../src/reconstruct/options.ts";
import type { Device } from "../../src/runtime/device.ts";
import { createStream } from "../../src/runtime/random.ts";
import { compile } from "../../src/runtime/session.ts";
import { constant, input, type Tensor } from "../../src/tensor/tensor.ts";

export interface NoiseQuestion {
  critic: Exclude<CriticName, "volume">;
  /** Shell up to which the critic sees. */
  maxRadius: number;
  iterations: number;
  /** Noise of the particles, images of `boxSize` pixels. */
  particles: NoiseSource;
  boxSize: number;
  boxAngstrom: number;
  /** Edge of the working box. */
  workingBox: number;
  /** Images of noise for training, and as many that the critic has not seen. */
  images: number;
  /** Of the particles that there would be: at least `images`. */
  optics: Optics;
  /** Backgrounds that the simulator takes its noise from, images of `boxSize` pixels; absent: normal noise. */
  simulator?: { images: Float32Array; n: number };
  seed: number;
  device: Device;
}

/** Of the critic's outputs, over images that it was trained on and over images that it was not. */
export interface NoiseAnswer {
  training: number;
  heldOut: number;
}

/** Radius of the particle that is not there, as a share of the box. */
const maskRadius = 0.4;
/** Power of the signal that the critic is made for, relative to the noise: that of the paper's data at shell 8. */
const signalShare = 1;
const judged = 256;

/** Probability that an output of the first is higher than one of the second. */
export function areaUnderCurve(positive: Float32Array, negative: Float32Array): number {
  const all = [
    ...Array.from(positive, (value) => ({ value, positive: true })),
    ...Array.from(negative, (value) => ({ value, positive: false })),
  ].sort((a, b) => a.value - b.value);
  let sum = 0;
  for (let i = 0; i < all.length; ) {
    let end = i;
    while (end < all.length && all[end]!.value === all[i]!.value) end++;
    for (let j = i; j < end; j++) if (all[j]!.positive) sum += (i + end - 1) / 2;
    i = end;
  }
  const n = positive.length;
  return (sum - (n * (n - 1)) / 2) / (n * negative.length);
}

export async function tellNoise(question: NoiseQuestion): Promise<NoiseAnswer> {
  const { workingBox: n, boxAngstrom, optics, device, maxRadius, seed, images: count } = question;
  const recipe = chooseRecipe(question.critic),
    known = await imagesOf(question),
    particles = Int32Array.from({ length: count }, (_, i) => i);
  const { noise } = await measureSpectra(known, n, optics, particles, boxAngstrom, maskRadius * n, device);
  // No molecule, and none to come.
  const volume: VolumeModel = {
    n: 2 * maxRadius,
    amplitude: new Float32Array((2 * maxRadius) ** 3),
    mask: new Float32Array((2 * maxRadius) ** 3),
    positive: false,
    groups: [pointGroup("C1")],
  };
  const critic = recipe.critic(
    { maxRadius, noisePower: noise, signalPower: noise.map((power) => signalShare * power) },
    volume,
  );
  const rows = (images: Float32Array): Promise<Rows> =>
    criticImages(critic, images, n, optics, particles, boxAngstrom, { noise }, device);
  const simulated = async (name: string): Promise<Rows> => {
    const stream = createStream(seed, name),
      drawn =
        question.simulator &&
        (await drawNoiseImages(
          question.simulator,
          noise,
          { boxSize: n, boxAngstrom, maskRadius, optics, particles },
          device,
          stream,
        ));
    return simulatorNoise(drawn, n, noise, critic.grid, stream, device);
  };
  const real = await rows(known),
    fake = await simulated("known");

  const settings: AdversarialSettings = {
    critic,
    loss: recipe.loss,
    volume,
    boxAngstrom,
    noisePower: noise,
    batch: recipe.batch,
    criticSteps: recipe.criticSteps,
    gradientPenalty: recipe.gradientPenalty,
    shifts: false,
    averaging: recipe.averaging,
  };
  const source: BatchSource = {
    images: real,
    spectra: { noise },
    noise: fake,
    turns: critic.turns,
    optics,
    particles,
    views: { kind: "uniform" },
    shifts: { kind: "none" },
    ...splitImages(count, 0),
    streams: batchStreams(seed, "noise"),
  };
  const iteration = await compile(adversarialProgram(settings), device);
  for (const [name, values] of Object.entries(
    initialCritic(critic, createStream(seed, "critic"), new Float32Array((2 * maxRadius) ** 3)),
  ))
    iteration.setState(name, values);
  for (let done = 0; done < question.iterations; done++) {
    const decay = recipe.decay(done, question.iterations);
    await iteration.run({
      ...iterationFeeds(source, settings),
      step: Float32Array.of(done + 1),
      criticRate: Float32Array.of(recipe.criticRate * decay),
      volumeRate: Float32Array.of(0),
    });
  }
  const parameters: Record<string, Float32Array> = {};
  for (const name of Object.keys(critic.parameters)) parameters[name] = (await iteration.getState(name)).slice();
  await iteration.release();

  const judge = await openJudge(critic, parameters, noise, question);
  const separation = async (of: Rows, against: Rows, stream: string): Promise<number> =>
    areaUnderCurve(await judge.real(of), await judge.simulated(against, stream));
  const answer = {
    training: await separation(real, fake, "turns of known"),
    heldOut: await separation(await rows(await imagesOf(question)), await simulated("new"), "turns of new"),
  };
  await judge.release();
  return answer;
}

/** The particles' next images, as a run takes them. */
async function imagesOf({ particles, boxSize, workingBox: n, images, device }: NoiseQuestion): Promise<Float32Array> {
  const preparation = await openPreparation(boxSize, n, maskRadius * boxSize, device),
    out = await preparedNoise(particles, images, boxSize, n, preparation);
  await preparation.release();
  return out;
}

interface Judge {
  real(rows: Rows): Promise<Float32Array>;
  /** Noise images as simulated ones without a molecule, each turned at random. */
  simulated(rows: Rows, stream: string): Promise<Float32Array>;
  release(): Promise<void>;
}

async function openJudge(
  critic: CriticModel,
  parameters: Record<string, Float32Array>,
  noise: ArrayLike<number>,
  { optics, boxAngstrom, seed, device }: NoiseQuestion,
): Promise<Judge> {
  const values: Record<string, Tensor> = Object.fromEntries(
    Object.entries(parameters).map(([name, v]) => [name, constant(v, critic.parameters[name]!.shape)]),
  );
  const seen: CriticInput = Object.fromEntries(
    Object.entries(critic.inputs).map(([name, shape]) => [name, input(name, [...shape, judged])]),
  );
  const samples = [critic.grid.count, judged],
    noiseInputs = { noiseRe: input("noiseRe", samples), noiseIm: input("noiseIm", samples) },
    parametersOfCtf = ctfInputs(judged),
    whitened = scaleComplex(
      { re: noiseInputs.noiseRe, im: noiseInputs.noiseIm },
      constant(critic.whitening(noise), [critic.grid.count, 1]),
    );
  // These critics look at no volume.
  const unseen: CriticScene = { table: input("table", [1]), draws: {} };
  const ofReal = await compile(
    { name: "judge-real", state: {}, feeds: { ...seen }, outputs: { output: critic.judge(values, seen, unseen) } },
    device,
  );
  const view = critic.view(whitened, ctf(parametersOfCtf, critic.grid, boxAngstrom));
  const ofSimulated = await compile(
    {
      name: "judge-simulated",
      state: {},
      feeds: { ...noiseInputs, ...parametersOfCtf },
      outputs: { output: critic.judge(values, view, unseen) },
    },
    device,
  );
  const all = async (count: number, output: (first: number) => Promise<Float32Array>): Promise<Float32Array> => {
    const out = new Float32Array(count);
    for (let first = 0; first < count; first += judged)
      out.set((await output(first)).subarray(0, Math.min(judged, count - first)), first);
    return out;
  };
  return {
    real: (rows) =>
      all(rows.count, async (first) => {
        const chosen = Int32Array.from({ length: judged }, (_, i) => Math.min(first + i, rows.count - 1));
        const fed = Object.fromEntries(
          Object.entries(rows.arrays).map(([name, { width, data }]) => [name, gatherRows(data, width, chosen)]),
        );
        return (await ofReal.run(fed)).output!;
      }),
    simulated: (rows, name) => {
      const stream = createStream(seed, name);
      return all(rows.count, async () => {
        const chosen = Int32Array.from({ length: judged }, () => stream.integer(optics.defocusUAngstrom.length));
        const fed = {
          ...noiseBatch(rows, critic.turns, { batch: judged, first: 0, whole: judged }, stream),
          ...ctfParameters(optics, chosen),
        };
        return (await ofSimulated.run(fed)).output!;
      });
    },
    async release() {
      await ofReal.release();
      await ofSimulated.release();
    },
  };
}
