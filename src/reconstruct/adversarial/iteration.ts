/**
 * One iteration of CryoGAN as a tensor program: some steps of the critic, then one of the volume.
 *
 * Each step of the critic compares a batch of particles with a batch simulated from the present volume; the volume then
 * moves so that the critic takes its images for real. Which critic and which loss are settings.
 *
 * @see Gupta, McCann, Donati & Unser (2021) IEEE Trans. Comput. Imaging 7, 759
 */
import type { CriticInput, CriticModel, CriticScene } from "../../critic/critic.ts";
import { scaleComplex } from "../../physics/complex.ts";
import { ctfInputs } from "../../physics/ctf.ts";
import { type Exposure, image } from "../../physics/microscope.ts";
import { fourierTables } from "../../physics/project.ts";
import type { Program } from "../../runtime/program.ts";
import type { RandomStream } from "../../runtime/random.ts";
import { gradient } from "../../tensor/gradient.ts";
import * as op from "../../tensor/ops.ts";
import { constant, input, type Shape, type Tensor } from "../../tensor/tensor.ts";
import { onGrid, signalInput } from "../measure/noiseGroups.ts";
import { adam, type Parameter, parameter, parameterState } from "./adam.ts";
import { dealt, imageWeights, logSharesOf, type PartOfBatch } from "./dealing.ts";
import { type AdversarialLoss, clipByNorm, weightedMean } from "./losses.ts";
import { densitiesOf, density, type VolumeModel } from "./volume.ts";

export interface AdversarialSettings {
  critic: CriticModel;
  loss: AdversarialLoss;
  volume: VolumeModel;
  /** Whether there is a class of images that hold no particle besides. */
  junk?: boolean;
  boxAngstrom: number;
  /** Power of the noise on shells 0, 1, 2, …; whitens simulated images as it did the real ones. */
  noisePower: ArrayLike<number>;
  /** Whether the signal of each simulated image has a factor on every shell of `noisePower`, that of its group. */
  grouped?: boolean;
  batch: number;
  /** Where a batch is shared among processes, which part of it is this one's: `batch` images are. */
  part?: PartOfBatch;
  criticSteps: number;
  /** Weight of the loss's penalty; 0: none is computed. */
  gradientPenalty: number;
  /** Largest norm of the gradient in all critic parameters together, and in the volume; absent: no limit. */
  criticClipNorm?: number;
  volumeClipNorm?: number;
  /** Whether particles are off-centre in the simulator. */
  shifts: boolean;
  /** Whether the critic is asked about particles that it never learns from: whether it learns others by heart. */
  holdsOut?: boolean;
  /**
   * What a scale of the noise is learned from beside the volume's: the mean power of the images, or, as the paper's two
   * scales are, the critic; absent: none is.
   */
  noiseScale?: "by power" | "by critic";
  /** Weight of the newest volume in the running average. */
  averaging: number;
}

const momentum = { beta1: 0.5, beta2: 0.9, epsilon: 1e-8 };

/** A critic step, counted from 0, the volume step, or the look at particles that are held out. */
export type Step = number | "volume" | "heldOut";

/** Name of a feed of a step. */
export const feedName = (name: string, step: Step): string => `${name}.${step}`;

/** Name of the feed of what the critic draws for an iteration. */
export const drawName = (name: string): string => `critic.${name}`;

/** Makes an input of a step, under the name that `iterationFeeds` feeds it by. */
type Feeder = (name: string, shape: Shape) => Tensor;

/** A batch of simulated images, dealt out to the classes. */
function exposureFrom(fed: Feeder, s: AdversarialSettings): Exposure {
  const samples = [s.critic.grid.count, s.batch];
  return {
    rotations: fed("rotations", [s.batch, 3, 3]),
    of: classesOf(s) > 1 ? dealt(partOf(s), classesOf(s)) : undefined,
    motion: s.volume.components ? fed("motion", [s.volume.components, s.batch]) : undefined,
    shifts: s.shifts ? fed("shifts", [2, s.batch]) : undefined,
    optics: ctfInputs(s.batch, fed),
    contrast: s.grouped ? onGrid(signalInput(s.noisePower.length, s.batch, fed), s.critic.grid) : undefined,
    noise: { re: fed("noiseRe", samples), im: fed("noiseIm", samples) },
  };
}

/** A batch of real images. */
const imagesFrom = (fed: Feeder, s: AdversarialSettings): CriticInput =>
  mapValues(s.critic.inputs, (shape, name) => fed(name, [...shape, s.batch]));

/** What the critic sees of simulated images: whitened, as the real ones were. */
function simulate(
  table: Tensor,
  noiseScale: Tensor | undefined,
  exposure: Exposure,
  s: AdversarialSettings,
): CriticInput {
  const noise = noiseScale ? scaleComplex(exposure.noise!, noiseScale) : exposure.noise,
    { contrast, of } = exposure,
    present = s.junk
      ? constant(
          of!.map((c) => Number(c < s.volume.groups.length)),
          [1, s.batch],
        )
      : undefined,
    signal = present && contrast ? op.mul(contrast, present) : (present ?? contrast);
  const shown = of?.map((c) => Math.min(c, s.volume.groups.length - 1)),
    exposed = image(table, { ...exposure, of: shown, contrast: signal, noise }, s.critic.grid, s.boxAngstrom);
  const whitening = constant(s.critic.whitening(s.noisePower), [s.critic.grid.count, 1]);
  return s.critic.view(scaleComplex(exposed.image, whitening), contrast ? op.mul(exposed.ctf, contrast) : exposed.ctf);
}

const clipped = (gradients: Tensor[], maxNorm: number | undefined): Tensor[] =>
  maxNorm === undefined ? gradients : clipByNorm(gradients, maxNorm);
const mapValues = <A, B>(record: Readonly<Record<string, A>>, f: (value: A, name: string) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));

/**
 * The iteration. State: `u` (volume; of all classes, or the mean and the components, [densities·n, n, n]), running
 * averages of it (`average`) and of the critic's loss (`averageLoss`), the critic's parameters, and the logarithms of
 * the paper's two scales, `logAmplitude` of the volume and, if learned, `logNoise` of the noise, and of several classes
 * `shares`, the logarithms of the images that each has, up to a common constant; with Adam's moments.
 *
 * Feeds: `step` (from 1), `criticRate`, `volumeRate` and the random batches of `iterationFeeds` (feeds.ts).
 *
 * @param overBatch given means over the images at hand, returns those over the whole batch
 */
export function adversarialProgram(
  s: AdversarialSettings,
  overBatch: (means: readonly Tensor[]) => readonly Tensor[] = (means) => means,
): Program {
  const n = s.volume.n,
    classes = classesOf(s),
    volumes = [densitiesOf(s.volume) * n, n, n];
  const u = parameter("u", volumes),
    shares = parameter("shares", [classes, 1]);
  const logAmplitude = parameter("logAmplitude", []),
    logNoise = parameter("logNoise", []);
  const average = input("average", volumes),
    averageLoss = input("averageLoss", []);
  const criticStart = mapValues(s.critic.parameters, ({ shape }, name) => parameter(name, shape));
  const rates = { volumeRate: input("volumeRate", []), criticRate: input("criticRate", []), step: input("step", []) };
  const feeds: Record<string, Tensor> = { ...rates };
  const feederOf =
    (step: Step): Feeder =>
    (name, shape) =>
      (feeds[feedName(name, step)] = input(feedName(name, step), shape));

  const amplitude = op.exp(logAmplitude.value);
  const table = fourierTables(op.mul(density(u.value, s.volume), amplitude));
  const fixedTable = op.stopGradient(table);
  const logShares = classes > 1 ? logSharesOf(shares.value) : undefined,
    weights = logShares && imageWeights(logShares, partOf(s)),
    fixedWeights = weights && op.stopGradient(weights);
  const scene: CriticScene = {
    table: fixedTable,
    ...(logShares && { logShares: op.stopGradient(logShares) }),
    draws: mapValues(s.critic.draws?.shapes ?? {}, (shape, name) => {
      const fed = drawName(name);
      return (feeds[fed] = input(fed, shape));
    }),
  };
  const noiseScale = s.noiseScale ? op.exp(logNoise.value) : undefined,
    fixedNoise = noiseScale && op.stopGradient(noiseScale);

  /** Real images of the last critic step. */
  let real: CriticInput = {};
  let critic: Record<string, Parameter> = criticStart;
  const outputs: Record<string, Tensor> = {};
  for (let k = 0; k < s.criticSteps; k++) {
    const values = mapValues(critic, (p) => p.value),
      fed = feederOf(k);
    const judge = (x: CriticInput): Tensor => s.critic.judge(values, x, scene);
    real = imagesFrom(fed, s);
    const fake = simulate(fixedTable, fixedNoise, exposureFrom(fed, s), s);
    const mixing = s.loss.mixes ? fed("mixing", [s.batch]) : undefined;
    const realLogit = judge(real),
      fakeLogit = judge(fake);
    const loss = s.loss.critic(realLogit, fakeLogit, fixedWeights);
    const penalty =
      s.gradientPenalty === 0
        ? constant([0], [])
        : s.loss.penalty({ judge, image: s.critic.image, real, realLogit, fake, mixing });
    const last = k === s.criticSteps - 1,
      told: Record<string, Tensor> = {
        ...(last && s.holdsOut && { heldOutLogit: op.mean(judge(imagesFrom(feederOf("heldOut"), s))) }),
        criticLoss: loss,
        gradientPenalty: penalty,
        realLogit: op.mean(realLogit),
        fakeLogit: weightedMean(fakeLogit, fixedWeights),
      },
      ownSlopes = gradient(op.add(loss, op.mul(penalty, s.gradientPenalty)), Object.values(values)),
      means = overBatch([...ownSlopes, ...(last ? Object.values(told) : [])]),
      slopes = clipped(means.slice(0, ownSlopes.length), s.criticClipNorm);
    const step = op.add(op.mul(op.sub(rates.step, 1), s.criticSteps), k + 1);
    critic = Object.fromEntries(
      Object.entries(critic).map(([name, p], i) => [name, adam(p, slopes[i]!, rates.criticRate, step, momentum)]),
    );
    if (last) for (const [i, name] of Object.keys(told).entries()) outputs[name] = means[ownSlopes.length + i]!;
  }

  const simulated = simulate(table, noiseScale, exposureFrom(feederOf("volume"), s), s);
  const logit = s.critic.judge(
    mapValues(critic, (p) => p.value),
    simulated,
    scene,
  );
  const ownLoss = s.loss.volume(logit, weights),
    learned = [u.value, logAmplitude.value, ...(weights ? [shares.value] : [])];
  const power = (x: CriticInput, of?: Tensor): Tensor => weightedMean(op.square(x[s.critic.image]!), of);
  const ofSimulated = power(simulated, fixedWeights);
  /** What the scale of the noise is learned from. */
  const ofNoise: readonly Tensor[] =
    s.noiseScale === "by critic"
      ? gradient(ownLoss, [logNoise.value])
      : s.noiseScale === "by power"
        ? [...gradient(ofSimulated, [logNoise.value]), ofSimulated, power(real)]
        : [];
  const slopes = gradient(ownLoss, learned),
    [volumeLoss, ...means] = overBatch([ownLoss, ...slopes, ...ofNoise]) as [Tensor, ...Tensor[]],
    [gU, gAmplitude, gShares] = means.slice(0, slopes.length);
  const nextU = adam(u, clipped([gU!], s.volumeClipNorm)[0]!, rates.volumeRate, rates.step, momentum);
  const scaleRate = op.mul(rates.volumeRate, 0.1),
    nextAmplitude = adam(logAmplitude, gAmplitude!, scaleRate, rates.step, momentum);
  const nextNoise = (): Parameter => {
    const [slope, simulatedPower, realPower] = means.slice(slopes.length) as [Tensor, Tensor, Tensor];
    // The critic would take the noise of images that it remembers for a sign of theirs; their power says the same of
    // all: slope of (log simulated - log real)².
    const gNoise =
      s.noiseScale === "by critic"
        ? slope
        : op.mul(op.div(slope, simulatedPower), op.mul(op.sub(op.log(simulatedPower), op.log(realPower)), 2));
    return adam(logNoise, gNoise, scaleRate, rates.step, momentum);
  };

  const averaged = (mean: Tensor, newest: Tensor): Tensor => op.add(mean, op.mul(op.sub(newest, mean), s.averaging));

  return {
    name: "adversarial-iteration",
    state: {
      ...parameterState("u", u, nextU),
      ...parameterState("logAmplitude", logAmplitude, nextAmplitude),
      ...(gShares ? parameterState("shares", shares, adam(shares, gShares, scaleRate, rates.step, momentum)) : {}),
      ...(noiseScale ? parameterState("logNoise", logNoise, nextNoise()) : {}),
      average: { input: average, next: averaged(average, nextU.value) },
      averageLoss: { input: averageLoss, next: averaged(averageLoss, outputs.criticLoss!) },
      ...Object.assign(
        {},
        ...Object.keys(critic).map((name) => parameterState(name, criticStart[name]!, critic[name]!)),
      ),
    },
    feeds,
    outputs: { ...outputs, volumeLoss, signalAmplitude: amplitude, ...(noiseScale && { noiseScale }) },
  };
}

const partOf = ({ batch, part }: AdversarialSettings): PartOfBatch => part ?? { batch, first: 0, whole: batch };

/** How many classes simulated images are dealt out to. */
const classesOf = ({ volume, junk }: AdversarialSettings): number => volume.groups.length + (junk ? 1 : 0);

/**
 * Starting values of the critic's parameters, by the names of the program's state.
 * @param start coefficients that the simulator's volume starts from
 */
export function initialCritic(
  critic: CriticModel,
  stream: RandomStream,
  start: Float32Array,
): Record<string, Float32Array> {
  return mapValues(critic.parameters, (p) => p.initial(stream, start));
}
