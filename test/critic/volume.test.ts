import { describe, expect, it } from "vitest";
import { harmonics } from "../../src/critic/harmonics.ts";
import { gridSpacing, logLikelihood, turnedViews, volumeCritic } from "../../src/critic/volume.ts";
import { polarGrid } from "../../src/physics/frequencies.ts";
import { fourierTable } from "../../src/physics/project.ts";
import { axisAngleToMatrix, type Matrix3, multiply, randomRotation } from "../../src/physics/rotations.ts";
import { pointGroup } from "../../src/physics/symmetry.ts";
import { createStream } from "../../src/runtime/random.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import * as op from "../../src/tensor/ops.ts";
import { evaluateReference } from "../../src/tensor/reference.ts";
import { input, type Tensor } from "../../src/tensor/tensor.ts";
import { type Blob, densityOf, moveBlobs, randomBlobs } from "../evaluate/blobs.ts";
import { evaluate, projectionTransform } from "../physics/analytic.ts";
import { circle, type Transforms } from "./polar.ts";

const batch = 4,
  pixel = 1;

/** The critic at a radius in a box of n, its inputs, and its output. */
function open(n: number, maxRadius: number, group: readonly Matrix3[], noisePower: number[], signalPower: number[]) {
  const grid = polarGrid(maxRadius, 2 * maxRadius);
  const critic = volumeCritic({ maxRadius, noisePower, signalPower }, { n, groups: [group], density: (u) => u });
  const whitening = critic.whitening(noisePower);
  const { views, logPrior } = turnedViews(
    gridSpacing(maxRadius, group),
    group,
    randomRotation(createStream(8, "turn")),
  );
  const inputs = {
    learned: input("learned", [n, n, n]),
    simulators: input("simulators", [n, n, n]),
    re: input("re", [grid.count, batch]),
    im: input("im", [grid.count, batch]),
    ctf: input("ctf", [grid.count, batch]),
    views: input("views", critic.draws!.shapes.views!),
    logPrior: input("logPrior", critic.draws!.shapes.logPrior!),
  };
  const output = critic.judge({ volume: inputs.learned }, critic.view(inputs, inputs.ctf), {
    table: fourierTable(inputs.simulators),
    draws: { views: inputs.views, logPrior: inputs.logPrior },
  });
  /** @param whitened images, [samples, batch] */
  const feeds = (learned: Float32Array, simulators: Float32Array, { re, im }: Transforms, ctf: number[]) =>
    new Map<Tensor, Float64Array>([
      [inputs.learned, Float64Array.from(learned)],
      [inputs.simulators, Float64Array.from(simulators)],
      [inputs.re, Float64Array.from(re)],
      [inputs.im, Float64Array.from(im)],
      [inputs.ctf, Float64Array.from(ctf)],
      [inputs.views, Float64Array.from(views)],
      [inputs.logPrior, Float64Array.from(logPrior)],
    ]);
  return { grid, critic, whitening, views, logPrior, inputs, output, feeds };
}

const logSumExp = (x: number[]): number => {
  const peak = Math.max(...x);
  return peak + Math.log(x.reduce((sum, v) => sum + Math.exp(v - peak), 0));
};
/** What is seen from the front, and from behind. */
const sides = [0, Math.PI].map((angle) => axisAngleToMatrix([1, 0, 0], angle));

describe.each(["C1", "D2"])("the volume critic with %s against molecules of Gaussians, pose by pose", (symbol) => {
  const n = 16,
    maxRadius = 4,
    group = pointGroup(symbol);
  // Weak enough that many poses share in an image's likelihood.
  const noisePower = [900, 700, 500, 400, 300].map((power) => 12 * power * group.length ** 2),
    signalPower = [1, 1, 1, 1, 1];
  const { grid, whitening, views, logPrior, inputs, output, feeds } = open(
    n,
    maxRadius,
    group,
    noisePower,
    signalPower,
  );
  const molecule = (seed: number): Blob[] => {
    const part = randomBlobs(seed, 5, 0.2 * n * pixel, 1.6 * pixel);
    return group.flatMap((g) => moveBlobs(part, g, [0, 0, 0], false));
  };
  const learned = molecule(1),
    simulators = molecule(2);

  // Images: noise, of which a half shows the one molecule, a half the other.
  const stream = createStream(3, "images");
  const ctf = Array.from({ length: grid.count * batch }, (_, i) =>
    Math.cos(0.3 * (Math.floor(i / batch) % maxRadius) + (i % batch)),
  );
  const images: Transforms = { re: new Array(ctf.length).fill(0), im: new Array(ctf.length).fill(0) };
  for (let b = 0; b < batch; b++) {
    const { re, im } = projectionTransform(
      b < 2 ? learned : simulators,
      randomRotation(stream),
      [0, 0],
      grid,
      n,
      pixel,
    );
    for (let i = 0; i < grid.count; i++) {
      const at = i * batch + b;
      images.re[at] = ctf[at]! * re[i]! * whitening[i]! + 0.3 * stream.normal();
      images.im[at] = ctf[at]! * im[i]! * whitening[i]! + 0.3 * stream.normal();
    }
  }

  /** log p(x|blobs) - log p(x|nothing), a pose at a time: turns of each view, and of what is seen from behind it. */
  function expected(blobs: Blob[]): number[] {
    const turns = 2 * maxRadius,
      capacity = logPrior.length;
    const scores: number[][] = Array.from({ length: batch }, () => []);
    for (let v = 0; v < capacity; v++) {
      if (logPrior[v]! < -1000) continue;
      const view = Float64Array.from(views.subarray(9 * v, 9 * v + 9));
      for (const side of sides)
        for (let t = 0; t < turns; t++) {
          const pose = multiply(axisAngleToMatrix([0, 0, 1], (2 * Math.PI * t) / turns), multiply(side, view));
          const { re, im } = projectionTransform(blobs, pose, [0, 0], grid, n, pixel);
          for (let b = 0; b < batch; b++) {
            let score = logPrior[v]! - Math.log(2 * turns);
            for (let r = 0; r < maxRadius; r++) {
              const ofImage = circle(grid, images.re, images.im, batch, b, r);
              ofImage.forEach((y, a) => {
                const i = (a % grid.angles) * maxRadius + r,
                  seen = ctf[i * batch + b]! * whitening[i]!,
                  template = seen * (a < grid.angles ? re[i]! + im[i]! : re[i]! - im[i]!);
                score += y * template - template ** 2 / 2;
              });
            }
            scores[b]!.push(score);
          }
        }
    }
    return scores.map(logSumExp);
  }

  const densities = [learned, simulators].map((blobs) => densityOf(blobs, n, pixel).data) as [
    Float32Array,
    Float32Array,
  ];
  const outputOf = async (ofLearned: Float32Array, ofSimulators: Float32Array): Promise<number[]> => {
    const fed = feeds(ofLearned, ofSimulators, images, ctf);
    const named = Object.entries(inputs).map(([name, tensor]) => [
      name,
      { tensor, values: Float32Array.from(fed.get(tensor)!) },
    ]);
    return Array.from((await evaluate({ output }, Object.fromEntries(named))).output);
  };

  it("the output", async () => {
    const values = await outputOf(...densities);
    const real = expected(learned),
      simulated = expected(simulators);
    for (let b = 0; b < batch; b++) {
      const ratio = real[b]! - simulated[b]!;
      // Slices are interpolated in the table to a percent (test/physics/project.test.ts).
      expect(Math.abs(values[b]! - ratio)).toBeLessThan(0.01 * Math.max(Math.abs(real[b]!), Math.abs(simulated[b]!)));
    }
  });

  it("sees no difference where both are the same", async () => {
    expect(await outputOf(densities[0], densities[0])).toEqual([0, 0, 0, 0]);
  });
});

describe("what the volume critic learns from", () => {
  const n = 6,
    maxRadius = 2;
  const { grid, inputs, output, feeds } = open(n, maxRadius, pointGroup("C2"), [1, 2, 3], [1, 1, 1]);
  const stream = createStream(5, "volumes");
  const normals = (count: number, scale: number): number[] =>
    Array.from({ length: count }, () => scale * stream.normal());
  const learned = Float32Array.from(normals(n ** 3, 0.1)),
    simulators = Float32Array.from(normals(n ** 3, 0.1));
  const images = { re: normals(grid.count * batch, 1), im: normals(grid.count * batch, 1) },
    ctf = normals(grid.count * batch, 1);

  it("is the slope of its output in every voxel, by finite differences", () => {
    const mean = op.mean(output);
    const [slope] = gradient(mean, [inputs.learned]);
    const [values] = evaluateReference([slope!], feeds(learned, simulators, images, ctf));
    const at = (volume: Float64Array): number => {
      const fed = feeds(learned, simulators, images, ctf).set(inputs.learned, volume);
      return evaluateReference([mean], fed)[0]![0]!;
    };
    const size = Math.max(...values!.map(Math.abs));
    for (let i = 0; i < n ** 3; i += 19) {
      const [below, above] = [-1e-4, 1e-4].map((step) => {
        const moved = Float64Array.from(learned);
        moved[i]! += step;
        return at(moved);
      });
      expect(Math.abs((above! - below!) / 2e-4 - values![i]!)).toBeLessThan(1e-4 * size);
    }
    expect(size).toBeGreaterThan(0.1);
  });

  it("is not the simulator's volume", () => {
    const [slope] = gradient(
      op.sum(
        volumeCritic(
          { maxRadius, noisePower: [1, 2, 3], signalPower: [1, 1, 1] },
          { n, groups: [pointGroup("C2")], density: (u) => u },
        ).judge(
          { volume: inputs.learned },
          { harmonics: harmonics(inputs, grid), ctfSquared: input("ctfSquared", [maxRadius, batch]) },
          { table: op.stopGradient(fourierTable(inputs.simulators)), draws: inputs },
        ),
      ),
      [inputs.simulators],
    );
    const [values] = evaluateReference([slope!], feeds(learned, simulators, images, ctf));
    expect(values!.every((v) => v === 0)).toBe(true);
  });
});

it.each(["C1", "D2", "O", "I"])(
  "the asymmetric unit of %s has views at a coarse shell, whatever the turn",
  (symbol) => {
    const group = pointGroup(symbol),
      spacing = gridSpacing(4, group),
      stream = createStream(3, symbol);
    for (let i = 0; i < 60; i++) {
      const { logPrior } = turnedViews(spacing, group, randomRotation(stream)),
        present = logPrior.filter((log) => log > -100);
      expect(present.length).toBeGreaterThanOrEqual(3);
      expect(present.reduce((sum, log) => sum + Math.exp(log), 0)).toBeCloseTo(1, 5);
    }
  },
);

describe("a molecule that moves", () => {
  const [orders, views, radii, turns, components] = [6, 2, 3, 6, 2],
    stream = createStream(4, "motion"),
    normal = (length: number): Float64Array => Float64Array.from({ length }, () => 0.4 * stream.normal());
  const ofPart = orders * views * 2 * radii,
    parts = Array.from({ length: 1 + components }, () => normal(ofPart)),
    x = { harmonics: normal(orders * 2 * radii * batch), ctfSquared: normal(radii * batch).map(Math.abs) },
    logPrior = [Math.log(0.7), Math.log(0.3)];
  const inputs = {
    harmonics: input("harmonics", [orders, 2 * radii, batch]),
    ctfSquared: input("ctfSquared", [radii, batch]),
    logPrior: input("logPrior", [views]),
  };
  const given: [Tensor, Float64Array][] = [
    [inputs.harmonics, x.harmonics],
    [inputs.ctfSquared, x.ctfSquared],
    [inputs.logPrior, Float64Array.from(logPrior)],
  ];
  const rigidTemplates = input("rigid", [orders, views, 2 * radii]),
    rigid = logLikelihood(rigidTemplates, inputs.logPrior, inputs, turns);
  const rigidOf = (templates: Float64Array): Float64Array =>
    evaluateReference([rigid], new Map([...given, [rigidTemplates, templates]]))[0]!;

  it("has the likelihood of the rigid one at each z, integrated over z", () => {
    const templates = input("moving", [orders, (1 + components) * views, 2 * radii]),
      moving = logLikelihood(templates, inputs.logPrior, inputs, turns, components);
    // Of each order the views of the mean, then of each component.
    const width = ofPart / orders,
      all = Float64Array.from({ length: (1 + components) * ofPart }, (_, i) => {
        const order = Math.floor(i / ((1 + components) * width)),
          inOrder = i % ((1 + components) * width);
        return parts[Math.floor(inOrder / width)]![order * width + (inOrder % width)]!;
      });
    const found = evaluateReference([moving], new Map([...given, [templates, all]]))[0]!;

    const step = 0.25,
      places = Array.from({ length: 41 }, (_, i) => step * (i - 20)),
      terms: number[][] = Array.from({ length: batch }, () => []);
    for (const z1 of places)
      for (const z2 of places) {
        const there = parts[0]!.map((v, i) => v + z1 * parts[1]![i]! + z2 * parts[2]![i]!),
          prior = -(z1 * z1 + z2 * z2) / 2 + Math.log(step ** 2 / (2 * Math.PI));
        rigidOf(there).forEach((value, b) => terms[b]!.push(value + prior));
      }
    found.forEach((value, b) => expect(value).toBeCloseTo(logSumExp(terms[b]!), 6));
    const still = rigidOf(parts[0]!);
    expect(Math.max(...found.map((value, b) => Math.abs(value - still[b]!)))).toBeGreaterThan(0.01);
  });
});
