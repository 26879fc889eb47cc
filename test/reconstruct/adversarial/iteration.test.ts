import { describe, expect, it } from "vitest";
import { convolutionalCritic } from "../../../src/critic/convolutional.ts";
import type { CriticModel } from "../../../src/critic/critic.ts";
import { likelihoodRatioCritic } from "../../../src/critic/likelihoodRatio.ts";
import { volumeCritic } from "../../../src/critic/volume.ts";
import { ctfParameters } from "../../../src/physics/ctf.ts";
import { radiusOf, shellValue } from "../../../src/physics/frequencies.ts";
import { transformOfImages } from "../../../src/physics/imageTransform.ts";
import { sphericalMask } from "../../../src/physics/mask.ts";
import { whiteNoise } from "../../../src/physics/noise.ts";
import { eulerToMatrix } from "../../../src/physics/rotations.ts";
import { uniformDefocus } from "../../../src/physics/simulate.ts";
import { adam, parameter } from "../../../src/reconstruct/adversarial/adam.ts";
import {
  type BatchSource,
  batchStreams,
  gatherRows,
  iterationFeeds,
  noiseBatch,
  splitImages,
} from "../../../src/reconstruct/adversarial/feeds.ts";
import {
  type AdversarialSettings,
  adversarialProgram,
  initialCritic,
} from "../../../src/reconstruct/adversarial/iteration.ts";
import { losses } from "../../../src/reconstruct/adversarial/losses.ts";
import { compileIteration, compileShared, partOfBatch } from "../../../src/reconstruct/adversarial/sharedIteration.ts";
import { casTransform, density, type VolumeModel } from "../../../src/reconstruct/adversarial/volume.ts";
import { criticImages, noiseBank } from "../../../src/reconstruct/measure/criticImages.ts";
import { groupFactors } from "../../../src/reconstruct/measure/noiseGroups.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { alone } from "../../../src/runtime/processes.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { compile } from "../../../src/runtime/session.ts";
import { evaluateReference } from "../../../src/tensor/reference.ts";
import { input, scalar } from "../../../src/tensor/tensor.ts";
import { eachOf, together } from "../../runtime/together.ts";

const cpu = nodeCpu(1);

describe("Adam", () => {
  it("makes the steps of Kingma & Ba's Algorithm 1", () => {
    const beta1 = 0.5,
      beta2 = 0.9,
      epsilon = 1e-8,
      rate = 0.1;
    const p = parameter("p", [2]),
      g = input("g", [2]),
      step = input("step", []);
    const next = adam(p, g, scalar(rate), step, { beta1, beta2, epsilon });
    let state: Float64Array[] = [
      [1, -2],
      [0, 0],
      [0, 0],
    ].map((v) => Float64Array.from(v));
    const value = [1, -2],
      m = [0, 0],
      v = [0, 0];
    [
      [0.3, -4],
      [-0.1, 2],
      [0.7, 0.5],
    ].forEach((slope, t) => {
      state = evaluateReference(
        [next.value, next.first, next.second],
        new Map([
          [p.value, state[0]!],
          [p.first, state[1]!],
          [p.second, state[2]!],
          [g, Float64Array.from(slope)],
          [step, Float64Array.from([t + 1])],
        ]),
      );
      for (const i of [0, 1]) {
        m[i] = beta1 * m[i]! + (1 - beta1) * slope[i]!;
        v[i] = beta2 * v[i]! + (1 - beta2) * slope[i]! ** 2;
        value[i]! -= (rate * (m[i] / (1 - beta1 ** (t + 1)))) / (Math.sqrt(v[i] / (1 - beta2 ** (t + 1))) + epsilon);
        expect(state[0]![i]).toBeCloseTo(value[i]!, 6);
        expect(state[1]![i]).toBeCloseTo(m[i], 6);
        expect(state[2]![i]).toBeCloseTo(v[i], 6);
      }
    });
  });
});

describe("batches", () => {
  it("lay chosen rows side by side", () => {
    expect(Array.from(gatherRows(Float32Array.from([1, 2, 3, 4, 5, 6]), 2, [2, 0, 2]))).toEqual([5, 1, 5, 6, 2, 6]);
  });

  it("hold out images evenly, and none twice", () => {
    const { learned, heldOut } = splitImages(10, 0.3);
    expect(Array.from(heldOut)).toEqual([3, 6, 9]);
    expect(Array.from(learned)).toEqual([0, 1, 2, 4, 5, 7, 8]);
    expect(splitImages(10, 0).learned.length).toBe(10);
  });

  it("draw noise through the critic's turns", () => {
    const bank = {
      count: 1,
      arrays: {
        noiseRe: { width: 3, data: Float32Array.from([1, 2, 3]) },
        noiseIm: { width: 3, data: Float32Array.from([4, 5, 6]) },
      },
    };
    const turns = [{ from: Int32Array.from([2, 0, 1]), conjugate: Uint8Array.from([0, 1, 0]) }];
    const { noiseRe, noiseIm } = noiseBatch(bank, turns, { batch: 2, first: 0, whole: 2 }, createStream(1, "noise"));
    expect(Array.from(noiseRe)).toEqual([3, 3, 1, 1, 2, 2]);
    expect(Array.from(noiseIm)).toEqual([6, 6, -4, -4, 5, 5]);
  });
});

/**
 * A tiny separable case: real particles are a bright bar with a little noise, simulated ones start from an empty
 * volume.
 */
const n = 8,
  count = 64,
  batch = 16,
  boxAngstrom = 40;
const noisePower = new Float64Array(n).fill(n * n),
  signalPower = new Float64Array(n).fill(40 * n * n);
const statistics = { maxRadius: 4, noisePower, signalPower };
const model: VolumeModel = {
  n,
  amplitude: new Float32Array(n ** 3).fill(Math.sqrt(signalPower[0]!)),
  mask: sphericalMask([n, n, n], 3.5, 1),
  positive: false,
  groups: [[eulerToMatrix(0, 0, 0)]],
};
/** Coefficients that volumes start from. */
const start = Float32Array.from({ length: n ** 3 }, (_, i) => 0.02 * Math.sin(i));
const critics: Record<string, CriticModel> = {
  "likelihood-ratio": likelihoodRatioCritic(statistics, { angles: 8, turns: 8, templates: 2 }),
  volume: volumeCritic(statistics, { n, groups: model.groups, density: (u) => density(u, model) }),
  convolutional: convolutionalCritic(statistics, { channels: 4, features: 8 }),
};

async function setUp(
  critic: CriticModel,
  lossName: keyof typeof losses,
  height = 8,
): Promise<{ settings: AdversarialSettings; source: BatchSource }> {
  const stream = createStream(2, "bars");
  const images = new Float32Array(count * n * n);
  whiteNoise(stream)(images);
  for (let i = 0; i < count; i++) for (let x = -2; x <= 2; x++) images[i * n * n + (n / 2) * n + n / 2 + x]! += height;
  const optics = uniformDefocus(
    count,
    [10_000, 12_000],
    { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 },
    1,
  );
  const particles = Int32Array.from({ length: count }, (_, i) => i);
  const settings: AdversarialSettings = {
    critic,
    loss: losses[lossName],
    volume: model,
    boxAngstrom,
    noisePower,
    batch,
    criticSteps: 2,
    gradientPenalty: 0.1,
    criticClipNorm: 100,
    volumeClipNorm: 100,
    shifts: false,
    averaging: 0.1,
  };
  const source: BatchSource = {
    ...splitImages(count, 0.25),
    images: await criticImages(critic, images, n, optics, particles, boxAngstrom, { noise: noisePower }, cpu),
    noise: await noiseBank(critic.grid, 256, n, whiteNoise(createStream(3, "noise")), noisePower, cpu),
    turns: critic.turns,
    optics,
    spectra: { noise: noisePower },
    particles,
    views: { kind: "uniform" },
    shifts: { kind: "none" },
    streams: batchStreams(1, "test"),
  };
  return { settings, source };
}

it("learns the scale of the noise: near 1 where the noise is right, and as much more as it is too weak", async () => {
  const critic = critics["likelihood-ratio"]!,
    { settings, source } = await setUp(critic, "logistic-r1", 1);
  const learned = async (weakness: number): Promise<number> => {
    const { noiseRe, noiseIm } = source.noise.arrays;
    const weak = (of: typeof noiseRe) => ({ ...of!, data: of!.data.map((v) => v / weakness) });
    const noise = { ...source.noise, arrays: { noiseRe: weak(noiseRe), noiseIm: weak(noiseIm) } };
    const iteration = await compile(adversarialProgram({ ...settings, noiseScale: "by power" }), cpu);
    for (const [key, values] of Object.entries(initialCritic(critic, createStream(4, "critic"), start)))
      iteration.setState(key, values);
    iteration.setState("u", start);
    let scale = 1;
    for (let step = 1; step <= 300; step++) {
      const outputs = await iteration.run({
        ...iterationFeeds({ ...source, noise }, settings),
        step: Float32Array.of(step),
        criticRate: Float32Array.of(0.01),
        volumeRate: Float32Array.of(0.05),
      });
      scale = outputs.noiseScale![0]!;
    }
    await iteration.release();
    return scale;
  };
  for (const weakness of [1, 1.2, 0.8]) {
    const scale = await learned(weakness);
    expect(scale / weakness).toBeGreaterThan(0.9);
    expect(scale / weakness).toBeLessThan(1.1);
  }
});

describe("a batch shared among processes", () => {
  it("is dealt out whole, and to no more of them than have enough images", () => {
    for (const size of [1, 2, 3, 5]) {
      const parts = together(size).map((own) => partOfBatch(batch, own));
      expect(parts.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
      expect(Math.min(...parts.map((part) => part.batch))).toBeGreaterThanOrEqual(8);
      expect(new Set(parts.map(({ first }) => first)).size).toBe(Math.min(size, 2));
    }
  });

  it.each([
    ["volume", "logistic-r1", "by power", 1],
    ["likelihood-ratio", "logistic-r1", "by critic", 3],
    ["convolutional", "wgan-gp", undefined, 1],
  ] as const)("moves volume and critic as one alone does: %s, %s", async (name, lossName, noiseScale, classes) => {
    const critic = critics[name]!,
      volume = { ...model, groups: Array.from({ length: classes }, () => model.groups[0]!) },
      u = Float32Array.from({ length: classes * n ** 3 }, (_, i) => {
        const c = Math.floor(i / n ** 3);
        return start[i % n ** 3]! + 0.01 * Math.sin(c * i);
      });
    const after = async (processes: typeof alone) => {
      const { settings, source } = await setUp(critic, lossName),
        noise = noiseScale ? { noiseScale } : {},
        wanted = { ...settings, ...noise, volume, holdsOut: true, shifts: true },
        iteration = await (processes === alone ? compileIteration : compileShared)(wanted, cpu, processes);
      for (const [key, values] of Object.entries(initialCritic(critic, createStream(4, "critic"), start)))
        iteration.setState(key, values);
      iteration.setState("u", u);
      let outputs: Record<string, Float32Array> = {};
      for (let step = 1; step <= 4; step++)
        outputs = await iteration.run({
          ...iterationFeeds({ ...source, shifts: { kind: "gaussian", sigma: 0.02 } }, iteration.settings),
          step: Float32Array.of(step),
          criticRate: Float32Array.of(0.01),
          volumeRate: Float32Array.of(0.05),
        });
      const states = await Promise.all(
        Object.keys(iteration.program.state).map(
          async (key) => [key, (await iteration.getState(key)).slice()] as const,
        ),
      );
      await iteration.release();
      return { ...Object.fromEntries(states), ...outputs };
    };
    const one = await after(alone);
    for (const several of await eachOf(together(3), after)) {
      expect(Object.keys(several).sort()).toEqual(Object.keys(one).sort());
      for (const [key, values] of Object.entries(one)) {
        const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3);
        values.forEach((v, i) => expect(Math.abs(several[key]![i]! - v) / largest, key).toBeLessThan(5e-3));
      }
    }
  });
});

describe.each(Object.keys(critics))("an adversarial iteration with the %s critic", (name) => {
  it("draws noise of the images' power at every frequency", async () => {
    const { grid } = critics[name]!,
      power = [50, 20, 90, 10, 40, 30, 30, 30];
    const bank = await noiseBank(grid, 2048, n, whiteNoise(createStream(3, "noise")), power, cpu);
    const { noiseRe, noiseIm } = bank.arrays,
      radii = radiusOf(grid);
    for (const radius of [1, 2, 3]) {
      const samples = [...radii.keys()].filter((k) => Math.abs(radii[k]! - radius) < 1e-9);
      let total = 0;
      for (let i = 0; i < bank.count; i++)
        for (const k of samples)
          total += noiseRe!.data[i * grid.count + k]! ** 2 + noiseIm!.data[i * grid.count + k]! ** 2;
      // 2048 images of at least two samples: 2 %.
      expect(Math.abs(total / (bank.count * samples.length) / power[radius]! - 1)).toBeLessThan(0.06);
    }
  });

  it.each([
    ["", undefined],
    [
      ", with groups",
      {
        of: Int32Array.from({ length: batch }, (_, i) => i % 2),
        noise: Float32Array.from({ length: 16 }, (_, i) => (i < 8 ? 1.5 : 0.5 + 0.1 * i)),
        contrast: Float32Array.of(0.7, 1.3),
      },
    ],
  ])(
    "shows the critic simulated images as real ones: noise that is a real image, judged alike%s",
    async (_, groups) => {
      const critic = critics[name]!,
        { settings, source } = await setUp(critic, "logistic-r1");
      const images = new Float32Array(batch * n * n);
      createStream(5, "images").fillNormal(images);
      const chosen = Int32Array.from({ length: batch }, (_, i) => i),
        power = [90, 60, 80, 40, 70, 50, 50, 50];
      const spectra = { noise: power, groups };
      const real = await criticImages(critic, images, n, source.optics, chosen, boxAngstrom, spectra, cpu);
      const pixels = input("pixels", [batch, n * n]);
      const transform = transformOfImages(pixels, n, critic.grid);
      const [re, im] = evaluateReference([transform.re, transform.im], new Map([[pixels, Float64Array.from(images)]]));
      // Noise of a simulated image is that of the mean: the noise of each group after its factor.
      const radii = radiusOf(critic.grid),
        { signalFactor } = groupFactors(spectra, chosen);
      const asTheMean = (values: Float64Array): Float32Array =>
        Float32Array.from(values, (v, i) => {
          if (!groups) return v;
          const own = Array.from(groups.noise.subarray((i % 2) * 8, (i % 2) * 8 + 8), (ratio) => 1 / Math.sqrt(ratio));
          return v * shellValue(own, radii[Math.floor(i / batch)]!);
        });

      const step = Object.entries({
        ...Object.fromEntries(
          Object.entries(real.arrays).map(([key, { width, data }]) => [key, gatherRows(data, width, chosen)]),
        ),
        ...ctfParameters(source.optics, chosen),
        ...(signalFactor && { signalFactor }),
        noiseRe: asTheMean(re!),
        noiseIm: asTheMean(im!),
      }).map(([key, values]) => [`${key}.0`, values]);
      const iteration = await compile(
        adversarialProgram({ ...settings, noisePower: power, grouped: groups !== undefined, criticSteps: 1 }),
        cpu,
      );
      for (const [key, values] of Object.entries(initialCritic(critic, createStream(4, "critic"), start)))
        iteration.setState(key, values);
      const { realLogit, fakeLogit } = await iteration.run({
        ...iterationFeeds({ ...source, spectra }, { ...settings, criticSteps: 1 }),
        ...Object.fromEntries(step),
        step: Float32Array.of(1),
        criticRate: Float32Array.of(0),
        volumeRate: Float32Array.of(0),
      });
      await iteration.release();
      expect(realLogit![0]).not.toBe(0);
      expect(fakeLogit![0]!).toBeCloseTo(realLogit![0]!, 4);
    },
  );

  it.each(Object.keys(losses) as (keyof typeof losses)[])(
    "lowers the critic's loss under %s, and moves the volume only when told",
    async (lossName) => {
      const { settings, source } = await setUp(critics[name]!, lossName);
      const iteration = await compile(adversarialProgram(settings), cpu);
      for (const [key, values] of Object.entries(initialCritic(critics[name]!, createStream(4, "critic"), start)))
        iteration.setState(key, values);
      iteration.setState("u", start);
      const lossAfter: number[] = [];
      for (let step = 1; step <= 20; step++) {
        const rates = {
          step: Float32Array.from([step]),
          criticRate: Float32Array.from([0.01]),
          volumeRate: Float32Array.from([0]),
        };
        const { criticLoss } = await iteration.run({ ...rates, ...iterationFeeds(source, settings) });
        lossAfter.push(criticLoss![0]!);
      }
      const sum = (values: number[]): number => values.reduce((total, v) => total + v, 0);
      expect(sum(lossAfter.slice(10))).toBeLessThan(sum(lossAfter.slice(0, 10))); // batches differ
      expect(Array.from(await iteration.getState("u"))).toEqual(Array.from(start));

      const before = await iteration.run({
        step: Float32Array.from([21]),
        criticRate: Float32Array.from([0]),
        volumeRate: Float32Array.from([0.05]),
        ...iterationFeeds(source, settings),
      });
      let after = before;
      for (let step = 22; step <= 60; step++) {
        after = await iteration.run({
          step: Float32Array.from([step]),
          criticRate: Float32Array.from([0]),
          volumeRate: Float32Array.from([0.05]),
          ...iterationFeeds(source, settings),
        });
      }
      await iteration.release();
      if (name === "volume") return; // it never stands still: it knows the simulator's volume; see below
      // A critic that stands still is fooled by a volume that moves against it.
      expect(after.volumeLoss![0]!).toBeLessThan(before.volumeLoss![0]!);
      expect(after.fakeLogit![0]!).toBeGreaterThan(before.fakeLogit![0]!);
    },
  );
});

it("the volume critic draws the simulator's volume to its own", async () => {
  // As weak as at the finer shells of real images. It begins near, as images do not tell a volume from a turned one.
  const weak = { ...model, amplitude: model.amplitude.map((a) => 0.2 * a) },
    critic = volumeCritic(statistics, { n, groups: weak.groups, density: (u) => density(u, weak) }),
    { settings: few, source } = await setUp(critic, "logistic-r1");
  const settings = { ...few, volume: weak, gradientPenalty: 0, batch: 256, criticSteps: 1 };
  const iteration = await compile(adversarialProgram(settings), cpu);
  const centre = n / 2,
    stream = createStream(6, "volumes"),
    learned = start.map(() => stream.normal()),
    perturbed = learned.map((v) => v + 0.4 * stream.normal());
  iteration.setState("volume", learned);
  iteration.setState("u", perturbed);
  /** What images can show of a volume: its coefficients but the zero frequency, up to shell 3. */
  const visible = (u: Float32Array): number[] => {
    const coefficients = input("u", [n, n, n]),
      all = evaluateReference(
        [casTransform(density(coefficients, weak))],
        new Map([[coefficients, Float64Array.from(u)]]),
      )[0]!;
    return Array.from(all).filter((_, i) => {
      const k = Math.hypot((i % n) - centre, (Math.floor(i / n) % n) - centre, Math.floor(i / n ** 2) - centre);
      return k > 0 && k <= 3;
    });
  };
  const goal = visible(learned);
  const distance = (u: Float32Array): number => Math.hypot(...visible(u).map((v, i) => v - goal[i]!));
  for (let step = 1; step <= 150; step++)
    await iteration.run({
      ...iterationFeeds(source, settings),
      step: Float32Array.of(step),
      criticRate: Float32Array.of(0),
      volumeRate: Float32Array.of(0.02 * 0.1 ** (step / 150)),
    });
  const reached = distance((await iteration.getState("u")).slice());
  await iteration.release();
  expect(reached).toBeLessThan(0.3 * distance(perturbed));
});

it("tells a critic that learns images by heart by particles that it never saw", async () => {
  const critic = likelihoodRatioCritic(statistics, { angles: 8, turns: 8, templates: 16 }),
    { settings: all, source } = await setUp(critic, "logistic-r1", 0);
  const settings = { ...all, holdsOut: true, gradientPenalty: 0 };
  const iteration = await compile(adversarialProgram(settings), cpu);
  for (const [key, values] of Object.entries(initialCritic(critic, createStream(4, "critic"), start)))
    iteration.setState(key, values);
  const logits = { real: 0, heldOut: 0, fake: 0 };
  for (let step = 1; step <= 150; step++) {
    const { realLogit, heldOutLogit, fakeLogit } = await iteration.run({
      ...iterationFeeds(source, settings),
      step: Float32Array.of(step),
      criticRate: Float32Array.of(0.02),
      volumeRate: Float32Array.of(0),
    });
    if (step <= 100) continue;
    logits.real += realLogit![0]! / 50;
    logits.heldOut += heldOutLogit![0]! / 50;
    logits.fake += fakeLogit![0]! / 50;
  }
  await iteration.release();
  expect(logits.real - logits.fake).toBeGreaterThan(1);
  expect(Math.abs(logits.heldOut - logits.fake)).toBeLessThan(0.4 * (logits.real - logits.fake));
});
