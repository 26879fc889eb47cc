/**
 * One iteration of CryoGAN as a tensor program: some steps of the critic, then one of the volume.
 *
 * Each step of the critic compares a batch of particles with a batch simulated from the present volume, for the logistic loss with a
 * gradient penalty on real images (R1); the volume then moves so that the critic takes its images for real (non-saturating loss).
 *
 * @see Gupta, McCann, Donati & Unser (2021) IEEE Trans. Comput. Imaging 7, 759; Mescheder et al. (2018) ICML (R1)
 */
import { harmonics } from "../critic/harmonics.ts";
import { bothParts, likelihoodRatio, type CriticInput } from "../critic/likelihoodRatio.ts";
import { scaleComplex } from "../physics/complex.ts";
import { ctfTerms } from "../physics/ctf.ts";
import type { PolarGrid } from "../physics/frequencies.ts";
import { image } from "../physics/microscope.ts";
import { fourierTable } from "../physics/project.ts";
import type { Program } from "../runtime/program.ts";
import { gradient } from "../tensor/gradient.ts";
import * as op from "../tensor/ops.ts";
import { constant, input, type Tensor } from "../tensor/tensor.ts";
import { adam, parameter, parameterState, type Parameter } from "./adam.ts";
import { density, type VolumeModel } from "./volume.ts";

export interface AdversarialSettings {
  volume: VolumeModel;
  grid: PolarGrid;
  boxAngstrom: number;
  /** Whitening and quadrature weight of each radius: sqrt(area of the sample / noise power). */
  weight: Float32Array;
  /** Expected size of a circular harmonic of a projection at each radius; templates are parametrised relative to it. */
  templateScale: Float32Array;
  templates: number;
  turns: number;
  batch: number;
  criticSteps: number;
  gradientPenalty: number;
  /** Whether particles are off-centre in the simulator. */
  shifts: boolean;
  /** Weight of the newest volume in the running average. */
  averaging: number;
}

const momentum = { beta1: 0.5, beta2: 0.9, epsilon: 1e-8 };

/** Feeds of one simulated batch. */
function simulatedFeeds(tag: string, s: AdversarialSettings): Record<string, Tensor> {
  return {
    [`rotations${tag}`]: input(`rotations${tag}`, [s.batch, 3, 3]),
    ...(s.shifts ? { [`shifts${tag}`]: input(`shifts${tag}`, [2, s.batch]) } : {}),
    [`optics${tag}`]: input(`optics${tag}`, [ctfTerms, s.batch]),
    [`noiseRe${tag}`]: input(`noiseRe${tag}`, [s.grid.count, s.batch]),
    [`noiseIm${tag}`]: input(`noiseIm${tag}`, [s.grid.count, s.batch]),
  };
}

/** Whitened, matched-filtered harmonics of simulated images, from white noise of unit power. */
export function simulate(table: Tensor, amplitude: Tensor, feeds: Record<string, Tensor>, tag: string, s: AdversarialSettings): CriticInput {
  const exposed = image(table, { rotations: feeds[`rotations${tag}`]!, shifts: feeds[`shifts${tag}`], optics: feeds[`optics${tag}`]! }, s.grid, s.boxAngstrom);
  const weights = constant(Float32Array.from({ length: s.grid.count }, (_, i) => s.weight[i % s.grid.radii.length]!), [s.grid.count, 1]);
  const scale = op.mul(weights, amplitude);
  const whitened = { re: op.add(op.mul(exposed.image.re, scale), feeds[`noiseRe${tag}`]!), im: op.add(op.mul(exposed.image.im, scale), feeds[`noiseIm${tag}`]!) };
  return { harmonics: harmonics(scaleComplex(whitened, exposed.ctf), s.grid), ctfSquared: meanSquare(exposed.ctf, s.grid) };
}

/** Mean square of the CTF on each circle: [frequencies, batch] → [radii, batch]. */
export function meanSquare(transfer: Tensor, grid: PolarGrid): Tensor {
  return op.mean(op.reshape(op.square(transfer), [grid.angles, grid.radii.length, transfer.shape[1]!]), [0]);
}

/** The iteration. State: `u` (volume), `average`, `templates`, `offsets`, `logAmplitude`, each with Adam's moments. */
export function adversarialProgram(s: AdversarialSettings): Program {
  const n = s.volume.n, radii = s.grid.radii.length, orders = s.grid.angles;
  const u = parameter("u", [n, n, n]);
  const logAmplitude = parameter("logAmplitude", []);
  const average = input("average", [n, n, n]);
  const criticStart = {
    templates: parameter("templates", [orders, 2 * s.templates, 2 * radii]),
    offsets: parameter("offsets", [2 * s.templates]),
  };
  const feeds: Record<string, Tensor> = { volumeRate: input("volumeRate", []), criticRate: input("criticRate", []), step: input("step", []) };
  const templateScale = bothParts(s.templateScale);
  const judge = (critic: { templates: Parameter; offsets: Parameter }, x: CriticInput): Tensor =>
    likelihoodRatio({ coefficients: op.mul(critic.templates.value, templateScale), offsets: critic.offsets.value }, x, s.turns);

  const table = fourierTable(density(u.value, s.volume));
  const amplitude = op.exp(logAmplitude.value);
  const fixedTable = op.stopGradient(table), fixedAmplitude = op.stopGradient(amplitude);

  let critic = criticStart;
  const outputs: Record<string, Tensor> = {};
  for (let k = 0; k < s.criticSteps; k++) {
    const tag = `${k}`;
    feeds[`real${tag}`] = input(`real${tag}`, [orders, 2 * radii, s.batch]);
    feeds[`realCtf${tag}`] = input(`realCtf${tag}`, [radii, s.batch]);
    Object.assign(feeds, simulatedFeeds(tag, s));
    const real: CriticInput = { harmonics: feeds[`real${tag}`]!, ctfSquared: feeds[`realCtf${tag}`]! };
    const realLogit = judge(critic, real);
    const fakeLogit = judge(critic, simulate(fixedTable, fixedAmplitude, feeds, tag, s));
    const [slope] = gradient(op.sum(realLogit), [real.harmonics]);
    const penalty = op.mul(op.sum(op.square(slope!)), 1 / s.batch);
    const loss = op.add(op.mean(op.softplus(op.neg(realLogit))), op.mean(op.softplus(fakeLogit)));
    const [gTemplates, gOffsets] = gradient(op.add(loss, op.mul(penalty, s.gradientPenalty)), [critic.templates.value, critic.offsets.value]);
    const step = op.add(op.mul(op.sub(feeds["step"]!, 1), s.criticSteps), k + 1);
    critic = {
      templates: adam(critic.templates, gTemplates!, feeds["criticRate"]!, step, momentum),
      offsets: adam(critic.offsets, gOffsets!, feeds["criticRate"]!, step, momentum),
    };
    if (k === s.criticSteps - 1) Object.assign(outputs, { criticLoss: loss, gradientPenalty: penalty, realLogit: op.mean(realLogit), fakeLogit: op.mean(fakeLogit) });
  }

  Object.assign(feeds, simulatedFeeds("V", s));
  const logit = judge(critic, simulate(table, amplitude, feeds, "V", s));
  const volumeLoss = op.mean(op.softplus(op.neg(logit)));
  const [gU, gAmplitude] = gradient(volumeLoss, [u.value, logAmplitude.value]);
  const nextU = adam(u, gU!, feeds["volumeRate"]!, feeds["step"]!, momentum);
  const nextAmplitude = adam(logAmplitude, gAmplitude!, op.mul(feeds["volumeRate"]!, 0.1), feeds["step"]!, momentum);

  return {
    name: "adversarial-iteration",
    state: {
      ...parameterState("u", u, nextU),
      ...parameterState("logAmplitude", logAmplitude, nextAmplitude),
      average: { input: average, next: op.add(average, op.mul(op.sub(nextU.value, average), s.averaging)) },
      ...parameterState("templates", criticStart.templates, critic.templates),
      ...parameterState("offsets", criticStart.offsets, critic.offsets),
    },
    feeds,
    outputs: { ...outputs, volumeLoss, signalAmplitude: amplitude },
  };
}
