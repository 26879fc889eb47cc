/** The steps for a molecule that moves, against sums over z and dense linear algebra in double precision. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { harmonicOrders } from "../../../src/critic/harmonics.ts";
import { polarGrid } from "../../../src/physics/frequencies.ts";
import { sumsSize } from "../../../src/reconstruct/likelihood/backprojection.ts";
import { localExpectationProgram } from "../../../src/reconstruct/likelihood/localExpectation.ts";
import { componentPower } from "../../../src/reconstruct/likelihood/motionMaximisation.ts";
import { inOrder, standardised } from "../../../src/reconstruct/likelihood/motionModel.ts";
import { placesAlong, weightsAlong } from "../../../src/reconstruct/likelihood/motionSeries.ts";
import { shiftCurvature } from "../../../src/reconstruct/likelihood/refinement.ts";
import { openComponentsSolver, tablePrior } from "../../../src/reconstruct/likelihood/wiener.ts";
import type { Latent, MotionModel } from "../../../src/reconstruct/motion.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { compile, type Executable } from "../../../src/runtime/session.ts";
import { evaluateReference } from "../../../src/tensor/reference.ts";
import { input } from "../../../src/tensor/tensor.ts";

const device = nodeCpu(1);
const stream = createStream(3, "motion");
const normal = (n: number, scale = 1): Float32Array => Float32Array.from({ length: n }, () => scale * stream.normal());
const closeTo = (found: ArrayLike<number>, expected: ArrayLike<number>, digits: number): void => {
  expect(found.length).toBe(expected.length);
  const size = Math.max(...Array.from(expected, Math.abs));
  Array.from(found).forEach((v, i) => expect(v / size).toBeCloseTo(expected[i]! / size, digits));
};

describe("the expectation over poses and over z", () => {
  const components = 2,
    parts = 1 + components,
    views = 3,
    batch = 2,
    grid = polarGrid(3, 6),
    radii = grid.radii.length,
    orders = harmonicOrders(grid.angles).length,
    width = 2 * radii;
  const shape = { grid, views, turns: [-0.4, 0, 0.4], poses: 50, batch, centred: true };
  /** Of the mean and the components, one after another. */
  const templates = Array.from({ length: parts }, () => normal(orders * views * width, 0.5)),
    images = { harmonics: normal(orders * width * batch, 0.8), ctfSquared: normal(radii * batch).map(Math.abs) };
  const feeds = {
    ...images,
    tilts: normal(2 * views, 0.1),
    psi: Float32Array.of(0.7, -1.2),
    mirror: Float32Array.of(1, -1),
    junkOdds: Float32Array.of(-60),
  };
  /** [orders, views, width] each into [orders, parts·views, width]. */
  const together = Float32Array.from({ length: orders * parts * views * width }, (_, i) => {
    const m = Math.floor(i / (parts * views * width)),
      rest = i % (parts * views * width);
    return templates[Math.floor(rest / (views * width))]![m * views * width + (rest % (views * width))]!;
  });
  let moving: Executable, rigid: Executable;
  beforeAll(async () => {
    moving = await compile(localExpectationProgram({ ...shape, components }), device);
    rigid = await compile(localExpectationProgram(shape), device);
  });
  afterAll(() => Promise.all([moving.release(), rigid.release()]));

  it("is the sum over a fine grid of z of what the rigid molecule of that density gives", async () => {
    const pairs = 6;
    moving.setState("numerator", new Float32Array(orders * parts * views * width));
    moving.setState("denominator", new Float32Array(pairs * views * radii));
    const found = await moving.run({ templates: together, present: new Float32Array(batch).fill(1), ...feeds });
    const numerator = (await moving.getState("numerator")).slice(),
      denominator = (await moving.getState("denominator")).slice();

    const step = 0.3,
      line = Array.from({ length: 29 }, (_, i) => (i - 14) * step),
      grid2 = line.flatMap((a) => line.map((b) => [1, a, b] as const));
    const sums = {
      numerator: new Float64Array(numerator.length),
      denominator: new Float64Array(denominator.length),
    };
    for (let b = 0; b < batch; b++) {
      const present = Float32Array.from({ length: batch }, (_, i) => (i === b ? 1 : 0));
      const runs: {
        z: readonly number[];
        log: number;
        tilt: number;
        numerator: Float32Array;
        denominator: Float32Array;
      }[] = [];
      for (const z of grid2) {
        const own = templates[0]!.map((v, i) => v + z[1] * templates[1]![i]! + z[2] * templates[2]![i]!);
        rigid.setState("numerator", new Float32Array(orders * views * width));
        rigid.setState("denominator", new Float32Array(views * radii));
        const told = await rigid.run({ templates: own, present, ...feeds });
        const prior = Math.log(step ** 2 / (2 * Math.PI)) - (z[1] ** 2 + z[2] ** 2) / 2;
        runs.push({
          z,
          log: told.evidence![b]! + prior,
          tilt: told.tilt![b]!,
          numerator: (await rigid.getState("numerator")).slice(),
          denominator: (await rigid.getState("denominator")).slice(),
        });
      }
      const peak = Math.max(...runs.map(({ log }) => log)),
        total = runs.reduce((sum, { log }) => sum + Math.exp(log - peak), 0),
        mean = (of: (run: (typeof runs)[number]) => number): number =>
          runs.reduce((sum, run) => sum + (Math.exp(run.log - peak) / total) * of(run), 0);
      expect(found.evidence![b]).toBeCloseTo(peak + Math.log(total), 3);
      expect(found.tilt![b]).toBeCloseTo(
        mean(({ tilt }) => tilt),
        4,
      );
      for (const j of [1, 2])
        expect(found.motion![(j - 1) * batch + b]).toBeCloseTo(
          mean(({ z }) => z[j]!),
          3,
        );
      const products = [
        [1, 1],
        [1, 2],
        [2, 2],
      ] as const;
      products.forEach(([j, k], i) =>
        expect(found.moments![i * batch + b]).toBeCloseTo(
          mean(({ z }) => z[j]! * z[k]!),
          3,
        ),
      );
      for (const run of runs) {
        const weight = Math.exp(run.log - peak) / total;
        run.numerator.forEach((v, i) => {
          const m = Math.floor(i / (views * width)),
            rest = i % (views * width);
          for (let j = 0; j < parts; j++)
            sums.numerator[(m * parts + j) * views * width + rest]! += weight * run.z[j]! * v;
        });
        let pair = 0;
        for (let j = 0; j < parts; j++)
          for (let k = j; k < parts; k++, pair++)
            run.denominator.forEach((v, i) => {
              sums.denominator[pair * views * radii + i]! += weight * run.z[j]! * run.z[k]! * v;
            });
      }
    }
    closeTo(numerator, sums.numerator, 4);
    closeTo(denominator, sums.denominator, 4);
  });

  it("expects of an image the curvature in its shift that it has at each z, averaged over z", () => {
    const ctfSquared = input("ctfSquared", [radii, batch]),
      curvatureOf = (own: Float32Array, components_: number): Float64Array => {
        const slices = input("templates", [orders, (1 + components_) * views, width]);
        return evaluateReference(
          [shiftCurvature(slices, ctfSquared, grid, components_)],
          new Map([
            [slices, Float64Array.from(own)],
            [ctfSquared, Float64Array.from(images.ctfSquared)],
          ]),
        )[0]!;
      };
    // Of a square of z the mean over the normal law is the one over -1 and 1.
    const corners = [-1, 1].flatMap((a) =>
      [-1, 1].map((b) =>
        curvatureOf(
          templates[0]!.map((v, i) => v + a * templates[1]![i]! + b * templates[2]![i]!),
          0,
        ),
      ),
    );
    const found = curvatureOf(together, components);
    closeTo(
      found,
      found.map((_, b) => corners.reduce((sum, own) => sum + own[b]!, 0) / 4),
      7,
    );
  });
});

describe("the maximisation", () => {
  const n = 6,
    m = 2 * n + 2,
    rows = sumsSize(n) / 3,
    components = 1,
    maxRadius = 3;

  it("solves the normal equations of every frequency, and transforms back", async () => {
    const solver = await openComponentsSolver(n, components, device);
    // Weights of the pairs (0,0), (0,1), (1,1) that belong to some z: positive definite.
    const sums = new Float32Array(3 * rows * 3);
    for (let i = 0; i < rows; i++) {
      const [z0, z1, z2] = [stream.normal(), stream.normal(), 2 + Math.abs(stream.normal())];
      const weights = [z2 + z0 ** 2, z0 * z1, 1 + z1 ** 2];
      weights.forEach((weight, pair) => sums.set([stream.normal(), stream.normal(), weight], 3 * (pair * rows + i)));
    }
    // The prior of the mean is 2, that of the component 1/2, on the eight times finer table.
    const priors = [2, 0.5].map((p) => tablePrior(new Array<number>(maxRadius + 1).fill(p / 8), maxRadius));
    const shares = [0.3, 0.7].map((share) => sums.map((v) => share * v));
    const volumes = await solver.densities(shares, priors);
    await solver.release();

    /** Of the half of the table with kz ≥ 0. */
    const at = (pair: number, i: number, c: number): number =>
      i < n * m * m ? 0 : sums[3 * (pair * rows + i - n * m * m) + c]!;
    const solution: { k: number[]; x: number[][] }[] = [];
    for (let z = 0; z <= 2 * n; z++)
      for (let y = 0; y <= 2 * n; y++)
        for (let x = 0; x <= 2 * n; x++) {
          const k = [x - n, y - n, z - n];
          if (Math.hypot(...k) / 2 > maxRadius) continue;
          const index = (z * m + y) * m + x,
            opposite = ((2 * n - z) * m + (2 * n - y)) * m + (2 * n - x);
          const weight = (pair: number): number => at(pair, index, 2) + at(pair, opposite, 2);
          const [a, b, c] = [weight(0) + 0.5, weight(1), weight(2) + 2],
            determinant = a * c - b * b;
          const solve = (p: number, q: number): number[] => [
            (c * p - b * q) / determinant,
            (a * q - b * p) / determinant,
          ];
          const re = solve(at(0, index, 0) + at(0, opposite, 0), at(2, index, 0) + at(2, opposite, 0)),
            im = solve(at(0, index, 1) - at(0, opposite, 1), at(2, index, 1) - at(2, opposite, 1));
          solution.push({ k, x: [0, 1].map((j) => [re[j]!, im[j]!]) });
        }
    expect(solution.length).toBeGreaterThan(800);
    const correction = (i: number): number => {
      const t = (Math.PI * (i - n / 2)) / (2 * n);
      return t === 0 ? 1 : (t / Math.sin(t)) ** 2;
    };
    for (const j of [0, 1])
      for (const [x, y, z] of [
        [3, 3, 3],
        [1, 4, 2],
        [5, 0, 3],
      ] as const) {
        let sum = 0;
        for (const { k, x: found } of solution) {
          const angle = (2 * Math.PI * (k[0]! * (x - n / 2) + k[1]! * (y - n / 2) + k[2]! * (z - n / 2))) / (2 * n);
          sum += found[j]![0]! * Math.cos(angle) - found[j]![1]! * Math.sin(angle);
        }
        const expected = (sum * correction(x) * correction(y) * correction(z)) / (2 * n) ** 3;
        expect(volumes[((j * n + z) * n + y) * n + x]).toBeCloseTo(expected, 4);
      }
  });
});

describe("the power of a component", () => {
  const n = 32,
    signal = Float32Array.from({ length: n / 2 + 1 }, () => n ** 3),
    common = normal(n ** 3, Math.sqrt(0.2));
  /** Wiener's estimates of a component of the power 0.2 of what the images show, or of nothing. */
  const estimate = (of: Float32Array, noise: number, known: number): Float32Array =>
    normal(of.length, Math.sqrt(noise)).map((v, i) => ((v + of[i]!) * known) / (known + noise));

  it("is what halves have in common, whatever they were damped by", () => {
    for (const noise of [0.001, 0.05, 0.15]) {
      const [first, second] = [estimate(common, noise, 0.2), estimate(common, noise, 0.2)],
        power = componentPower({ n, data: first }, { n, data: second }, signal);
      for (let k = 6; k <= n / 2; k++) expect(power[k]! / signal[k]!).toBeCloseTo(0.2, 1);
    }
  });

  it("is next to nothing of noise, however strong, and at most half of what the images show", () => {
    const power = componentPower(
      { n, data: normal(n ** 3, 3) },
      { n, data: normal(n ** 3, 3) },
      signal.map((v) => 10 * v),
    );
    for (let k = 8; k <= n / 2; k++) expect(power[k]! / signal[k]! / 10).toBeLessThan(0.15);
    const large = componentPower(
      { n, data: common },
      { n, data: common },
      signal.map((v) => 0.1 * v),
    );
    for (let k = 1; k <= n / 2; k++) expect(large[k]! / signal[k]! / 0.1).toBeCloseTo(0.5, 5);
  });
});

describe("the description of a motion", () => {
  const n = 4,
    components = 3,
    count = 50;
  const model: MotionModel = {
    n,
    volumes: normal((1 + components) * n ** 3),
    power: normal((1 + components) * 3).map(Math.abs),
  };
  const pairs = [
    [0, 0],
    [0, 1],
    [0, 2],
    [1, 1],
    [1, 2],
    [2, 2],
  ] as const;
  const means = Float32Array.from({ length: components * count }, (_, i) => 1 + 0.5 * i * 0.01 + stream.normal()),
    spread = [0.1, 0.02, 0, 0.2, 0.03, 0.15];
  const latent: Latent = {
    means,
    moments: Float32Array.from({ length: 6 * count }, (_, i) => {
      const [j, k] = pairs[Math.floor(i / count)]!,
        p = i % count;
      return means[j * count + p]! * means[k * count + p]! + spread[Math.floor(i / count)]!;
    }),
  };
  const density = (of: MotionModel, { means: z }: Latent, p: number): number[] =>
    Array.from({ length: n ** 3 }, (_, i) =>
      Array.from({ length: components }, (_, j) => z[j * count + p]! * of.volumes[(j + 1) * n ** 3 + i]!).reduce(
        (sum, v) => sum + v,
        of.volumes[i]!,
      ),
    );
  const meanOf = (values: Float32Array, row: number): number =>
    values.subarray(row * count, (row + 1) * count).reduce((sum, v) => sum + v, 0) / count;
  const standard = standardised(model, latent),
    ordered = inOrder(standard.model, standard.latent);

  it("has z of mean 0 and covariance 1, for the same densities", () => {
    for (const each of [standard, ordered]) {
      for (let j = 0; j < components; j++) expect(meanOf(each.latent.means, j)).toBeCloseTo(0, 4);
      pairs.forEach(([j, k], row) => expect(meanOf(each.latent.moments, row)).toBeCloseTo(j === k ? 1 : 0, 4));
      for (const p of [0, 17]) closeTo(density(each.model, each.latent, p), density(model, latent, p), 4);
    }
  });

  it("has orthogonal components, the one that moves most first, skewed to the positive side", () => {
    const part = (j: number): Float32Array => ordered.model.volumes.subarray((j + 1) * n ** 3, (j + 2) * n ** 3);
    const product = (j: number, k: number): number => part(j).reduce((sum, v, i) => sum + v * part(k)[i]!, 0);
    expect(product(0, 1) / product(0, 0)).toBeCloseTo(0, 4);
    expect(product(1, 2) / product(1, 1)).toBeCloseTo(0, 4);
    expect(product(0, 0)).toBeGreaterThan(product(1, 1));
    expect(product(1, 1)).toBeGreaterThan(product(2, 2));
    for (let j = 0; j < components; j++) expect(part(j).reduce((sum, v) => sum + v ** 3, 0)).toBeGreaterThan(0);
  });
});

describe("places along a component", () => {
  const z = Float32Array.from({ length: 1001 }, (_, p) => ((p * 8) % 1001) / 1000);

  it("are evenly spaced percentiles, from the 5th to the 95th", () => {
    placesAlong(z, 4).forEach((place, i) => expect(place).toBeCloseTo([0.05, 0.35, 0.65, 0.95][i]!, 3));
  });

  it("share each particle between two, at its own z", () => {
    const places = placesAlong(z, 4),
      weights = weightsAlong(z, places);
    z.forEach((value, p) => {
      const ofOne = places.map((_, i) => weights[i * z.length + p]!);
      expect(ofOne.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      expect(ofOne.filter((w) => w > 0).length).toBeLessThanOrEqual(2);
      const own = places.reduce((sum, place, i) => sum + place * ofOne[i]!, 0);
      expect(own).toBeCloseTo(Math.min(0.95, Math.max(0.05, value)), 4);
    });
  });
});
