/** A stage of CryoGAN proper: the volume is changed until the critic cannot tell its images from the real ones. */

import { changeBox } from "../../numeric/fourierCrop.ts";
import type { PolarGrid } from "../../physics/frequencies.ts";
import type { ShiftLaw } from "../../physics/shift.ts";
import type { Program } from "../../runtime/program.ts";
import { createStream } from "../../runtime/random.ts";
import { compile } from "../../runtime/session.ts";
import { input } from "../../tensor/tensor.ts";
import { partOf, shareOfLogs, volumeOf } from "../classes.ts";
import { criticImages } from "../measure/criticImages.ts";
import { withNoiseFloor } from "../measure/criticNoise.ts";
import type {
  AdversarialStage,
  AfterIteration,
  EstimatedVolume,
  StageContext,
  StageProgress,
  StageResult,
  StageVolume,
} from "../stage.ts";
import { stageMask } from "../stageMask.ts";
import { type BatchSource, batchStreams, iterationFeeds, splitImages } from "./feeds.ts";
import { type AdversarialSettings, initialCritic } from "./iteration.ts";
import type { AdversarialRecipe } from "./recipes.ts";
import { compileIteration } from "./sharedIteration.ts";
import { simulatorNoise } from "./simulatorNoise.ts";
import { templateImages, volumeImages } from "./templates.ts";
import { casTransform, coefficientAmplitude, densitiesOf, density, type VolumeModel } from "./volume.ts";

/**
 * Standard deviation of the shifts that are left where particles were centred before, as a part of the finest wave:
 * with more of it the critic could not see that wave, and less changes nothing that it sees.
 */
const shiftLeft = 0.1;

/** Several processes stop for one another after so many iterations. */
const together = 8;

/** Runs one program once. */
async function once(
  program: Program,
  feeds: Record<string, Float32Array>,
  context: StageContext,
): Promise<Record<string, Float32Array>> {
  const executable = await compile(program, context.device);
  const results = await executable.run(feeds);
  await executable.release();
  return results;
}

/** Noise of a first guess in units of the amplitude that the images show: of a map, and of components. */
const faint = 0.02,
  faintMotion = 0.1;

/**
 * Coefficients U of a first guess: faint noise around a blob, or the result of a coarser stage in the middle of it.
 * Those of several classes differ by their noise alone; components are noise.
 */
async function initialCoefficients(
  model: VolumeModel,
  previous: StageVolume | undefined,
  context: StageContext,
  name: string,
): Promise<Float32Array> {
  const { n } = model,
    classes = model.groups.length,
    densities = densitiesOf(model);
  const u = new Float32Array(densities * n ** 3);
  createStream(context.seed, name).fillNormal(u);
  u.forEach((v, i) => (u[i] = (i < classes * n ** 3 ? faint : faintMotion) * v));
  const centre = Math.floor(n / 2);
  for (let c = 0; c < classes; c++) u[((c * n + centre) * n + centre) * n + centre] = 1;
  if (!previous) return u;
  for (let c = 0; c < classes; c++) {
    const own = volumeOf(previous, c),
      { n: m, data } = own.n > n ? changeBox(own, n) : own, // a given map may be finer
      v = input("v", [m, m, m]);
    const { coefficients } = await once(
      { name: "cas", state: {}, feeds: { v }, outputs: { coefficients: casTransform(v) } },
      { v: data },
      context,
    );
    const offset = centre - Math.floor(m / 2),
      ofClass = partOf(u, c, densities);
    for (let z = 1; z < m; z++) {
      for (let y = 1; y < m; y++) {
        for (let x = 1; x < m; x++) {
          const to = ((z + offset) * n + y + offset) * n + x + offset;
          const amplitude = model.amplitude[to]!;
          if (amplitude > 0) ofClass[to] = (coefficients![(z * m + y) * m + x]! * m ** 1.5) / amplitude;
        }
      }
    }
  }
  return u;
}

/**
 * Runs the stage, from the start or from a checkpoint inside it.
 *
 * @param previous result of a coarser stage
 * @param centre   shifts of the particles, [2, count] in units of the box, where they are known already
 * @returns the running averages of the volume and of the critic's loss
 */
export async function adversarialStage(
  stage: AdversarialStage,
  recipe: AdversarialRecipe,
  context: StageContext,
  previous: StageVolume | undefined,
  centre: Float32Array | undefined,
  from: StageProgress | undefined,
  after: AfterIteration,
): Promise<StageResult> {
  const n = 2 * stage.maxRadius;
  const shifts: ShiftLaw = centre ? { kind: "gaussian", sigma: shiftLeft / stage.maxRadius } : context.shiftLaw;
  const start = stage.start ? `-start-${stage.start + 1}` : "",
    name = `${context.label}/adversarial-${stage.maxRadius}${start}${stage.components ? "-motion" : ""}`;
  const { images, spectra } = withNoiseFloor(
    context.sample.images,
    context.boxSize,
    context.spectra,
    recipe.noiseFloor,
    createStream(context.seed, `${name}/floor`),
  );
  const model: VolumeModel = {
    n,
    amplitude: coefficientAmplitude(n, spectra.signal, stage.maxRadius),
    mask: stageMask(n, context),
    positive: context.positivity || recipe.positive === true,
    groups: context.groups,
    ...(stage.components ? { components: stage.components } : {}),
  };
  const critic = recipe.critic(
    { maxRadius: stage.maxRadius, noisePower: spectra.noise, signalPower: spectra.signal },
    model,
  );
  const settings: AdversarialSettings = {
    critic,
    loss: recipe.loss,
    volume: model,
    junk: context.junk,
    boxAngstrom: context.boxAngstrom,
    noisePower: spectra.noise,
    grouped: spectra.groups !== undefined,
    batch: recipe.batch,
    criticSteps: recipe.criticSteps,
    gradientPenalty: recipe.gradientPenalty,
    criticClipNorm: recipe.criticClipNorm,
    volumeClipNorm: recipe.volumeClipNorm,
    shifts: shifts.kind !== "none",
    averaging: recipe.averaging,
    holdsOut: recipe.heldOut > 0,
    noiseScale: recipe.criticScalesNoise ? "by critic" : context.noiseImages ? "by power" : undefined,
  };
  const executable = await compileIteration(settings, context.device, context.processes.neighbours);
  const streams = batchStreams(context.seed, name);
  const { particles } = context.sample;
  const source: BatchSource = {
    images: await criticImages(
      critic,
      images,
      context.boxSize,
      context.optics,
      particles,
      context.boxAngstrom,
      spectra,
      context.device,
      centre,
    ),
    spectra,
    ...splitImages(particles.length, recipe.heldOut),
    noise: await simulatorNoise(
      context.noiseImages,
      context.boxSize,
      spectra.noise,
      critic.grid,
      createStream(context.seed, `${name}/bank`),
      context.device,
    ),
    turns: critic.turns,
    optics: context.optics,
    particles,
    views: context.views,
    shifts,
    streams,
  };

  if (from) {
    for (const [key, values] of Object.entries(from.tensors)) executable.setState(key, values);
    for (const [key, state] of Object.entries(from.streams)) streams[key as keyof typeof streams].restore(state);
  } else {
    const u = await initialCoefficients(settings.volume, previous, context, `${name}/start`);
    executable.setState("u", u);
    executable.setState("average", u);
    for (const [key, values] of Object.entries(initialCritic(critic, createStream(context.seed, `${name}/critic`), u)))
      executable.setState(key, values);
  }
  const tensors = async (): Promise<Record<string, Float32Array>> =>
    Object.fromEntries(
      await Promise.all(
        Object.keys(executable.program.state).map(
          async (key) => [key, (await executable.getState(key)).slice()] as const,
        ),
      ),
    );

  const u = input("u", [densitiesOf(model) * n, n, n]),
    everywhere = { ...model, positive: false, mask: new Float32Array(n ** 3).fill(1) };
  const makeDensities = await compile(
    {
      name: "density",
      state: {},
      feeds: { u },
      outputs: { volume: density(u, model), unmasked: density(u, everywhere) },
    },
    context.device,
  );
  /** The running average, in the scale of the images. */
  const averageDensity = async (): Promise<EstimatedVolume> => {
    const { volume, unmasked } = await makeDensities.run({ u: (await executable.getState("average")).slice() }),
      [logAmplitude] = await executable.getState("logAmplitude");
    const scaled = (values: Float32Array): Float32Array => values.map((v) => v * Math.exp(logAmplitude!));
    return { n, data: scaled(volume!), unmasked: scaled(unmasked!) };
  };

  let { iterations } = stage;
  for (let done = from?.iteration ?? 0; done < iterations; done++) {
    const decay = recipe.decay(done, iterations);
    const outputs = await executable.run({
      ...iterationFeeds(source, executable.settings),
      step: Float32Array.of(done + 1),
      criticRate: Float32Array.of(recipe.criticRate * decay),
      volumeRate: Float32Array.of(recipe.volumeRate * decay),
    });
    if (context.processes.size > 1 && (done + 1) % together !== 0 && done + 1 < iterations) continue;
    const value = (key: string): number => outputs[key]![0]!;
    const changed = await after(
      {
        iteration: done + 1,
        iterations,
        losses: {
          criticLoss: value("criticLoss"),
          volumeLoss: value("volumeLoss"),
          realLogit: value("realLogit"),
          fakeLogit: value("fakeLogit"),
          gradientPenalty: value("gradientPenalty"),
          signalAmplitude: value("signalAmplitude"),
          ...(outputs.heldOutLogit && { heldOutLogit: value("heldOutLogit") }),
          ...(outputs.noiseScale && { noiseScale: value("noiseScale") }),
        },
      },
      async () => ({
        iteration: done + 1,
        tensors: await tensors(),
        streams: Object.fromEntries(Object.entries(streams).map(([key, stream]) => [key, stream.state()])),
      }),
      averageDensity,
    );
    iterations = changed ?? iterations;
  }

  const volume = await averageDensity();
  const [averageLoss] = await executable.getState("averageLoss");
  const parameters = async (key: string): Promise<Float32Array> => (await executable.getState(key)).slice();
  const templates =
    critic.name === "likelihood-ratio"
      ? await templateImages(await parameters("templates"), critic.grid as PolarGrid, spectra.signal, context.device)
      : critic.name === "volume"
        ? await volumeImages(
            await parameters("volume"),
            settings.volume,
            createStream(context.seed, `${name}/templates`),
            context.device,
          )
        : undefined;
  const shares =
    "shares" in executable.program.state
      ? Float32Array.from(shareOfLogs(await executable.getState("shares")))
      : undefined;
  await Promise.all([executable, makeDensities].map((each) => each.release()));
  const criticLoss = averageLoss! / (1 - (1 - recipe.averaging) ** iterations); // the average began at 0
  return { volume, shares, criticLoss, templates };
}
