import { describe, expect, test } from "vitest";
import { apply, directionOf } from "../../../src/physics/directions.ts";
import { type Matrix3, multiply, randomRotation, transpose } from "../../../src/physics/rotations.ts";
import { pointGroup } from "../../../src/physics/symmetry.ts";
import { viewGrid } from "../../../src/physics/viewGrid.ts";
import { poseAlong, samplePoses, type ViewingDistribution } from "../../../src/physics/viewing.ts";
import { refinementStage } from "../../../src/reconstruct/likelihood/refinementStage.ts";
import { openViewPrior, type ViewPrior } from "../../../src/reconstruct/likelihood/viewPrior.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { boxSize, only, poseOf, simulated } from "../simulated.ts";

const spacing = (12 * Math.PI) / 180;
const mean = [0.6, 0, 0.8] as const;
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!;
const peak = (kappa: number): ViewingDistribution => ({ kind: "peaks", peaks: [{ direction: [...mean], kappa }] });

/** Density of a von Mises-Fisher distribution about `mean` at a view under a group, relative to uniform views. */
const density = (view: Matrix3, kappa: number, group: readonly Matrix3[]): number =>
  group.reduce((sum, g) => sum + Math.cosh(kappa * dot(mean, apply(g, directionOf(view)))), 0) /
  group.length /
  (Math.sinh(kappa) / kappa);

/** Density that a prior has at the views of many grids, relative to uniform views: [view, density]. */
function densities(prior: ViewPrior, weights: Float32Array, group: readonly Matrix3[]): [Matrix3, number][] {
  const stream = createStream(7, "grids"),
    uniform = openViewPrior(group);
  return Array.from({ length: 5 }, () => viewGrid(spacing, group, randomRotation(stream))).flatMap((views) => {
    const even = uniform.logPrior(uniform.start, views);
    return Array.from(prior.logPrior(weights, views), (log, v): [Matrix3, number] => [
      views[v]!,
      Math.exp(log - even[v]!),
    ]);
  });
}
const rootMeanSquare = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, v) => sum + v ** 2, 0) / values.length);
/** Root mean square of the logarithm of found over true densities. */
const logError = (found: [Matrix3, number][], kappa: number, group: readonly Matrix3[]): number =>
  rootMeanSquare(found.map(([view, value]) => Math.log(value / density(view, kappa, group))));

/** Weights after passes over particles whose views are known: each counts for the nearest view of the pass's grid. */
function passes(prior: ViewPrior, group: readonly Matrix3[], poses: Float32Array, count: number): Float32Array {
  const stream = createStream(5, "passes");
  let weights = prior.start;
  for (let pass = 0; pass < count; pass++) {
    const views = viewGrid(spacing, group, randomRotation(stream)),
      sums = [new Float32Array(views.length), new Float32Array(views.length)] as const,
      equivalents = views.map((view) => group.map((g) => apply(g, directionOf(view))));
    for (let p = 0; p < poses.length / 9; p++) {
      const direction = directionOf(poseOf(poses, p)),
        closeness = equivalents.map((list) => Math.max(...list.map((d) => Math.abs(dot(d, direction)))));
      sums[p % 2]![closeness.indexOf(Math.max(...closeness))]!++;
    }
    weights = prior.estimate(weights, views, sums);
  }
  return weights;
}

describe.each(["C1", "C3", "D2", "O", "I"])("%s", (symmetry) => {
  const group = pointGroup(symmetry),
    prior = openViewPrior(group);

  test("uniform views: each has as much of the prior as of the sphere, and the prior adds up to 1", () => {
    const views = viewGrid(spacing, group, randomRotation(createStream(3, symmetry))),
      log = prior.logPrior(prior.start, views);
    expect(log.reduce((sum, v) => sum + Math.exp(v), 0)).toBeCloseTo(1, 5);
    // Independent of the code: uniform directions, counted at the nearest view.
    const count = 20_000,
      poses = samplePoses({ kind: "uniform" }, count, createStream(4, symmetry)),
      counts = new Float64Array(views.length);
    const equivalents = views.map((view) => group.map((g) => apply(g, directionOf(view))));
    for (let p = 0; p < count; p++) {
      const direction = directionOf(poseOf(poses, p)),
        closeness = equivalents.map((list) => Math.max(...list.map((d) => Math.abs(dot(d, direction)))));
      counts[closeness.indexOf(Math.max(...closeness))]!++;
    }
    // A part is measured by about sixteen directions: a quarter of it is known, twice that at the worst.
    const errors = Array.from(counts, (n, v) => (Math.exp(log[v]!) - n / count) * views.length);
    expect(rootMeanSquare(errors)).toBeLessThan(0.15);
  });

  test("a uniform sample leaves the prior uniform", () => {
    const poses = samplePoses({ kind: "uniform" }, 8000, createStream(8, symmetry));
    const found = densities(prior, passes(prior, group, poses, 2), group);
    expect(rootMeanSquare(found.map(([, value]) => Math.log(value)))).toBeLessThan(0.06);
  });

  test("equivalent directions, and the opposite ones, have the same prior, and no edge lies between cells", () => {
    const weights = passes(prior, group, samplePoses(peak(3), 2000, createStream(8, symmetry)), 4),
      stream = createStream(9, symmetry);
    const at = (views: Matrix3[]): number[] => {
      // Of two views the densities' ratio, as their parts of the unit are the same: one and its own neighbour.
      const log = prior.logPrior(weights, views),
        even = prior.logPrior(prior.start, views);
      return Array.from(log, (v, i) => v - even[i]!);
    };
    for (let i = 0; i < 20; i++) {
      const [view, other] = [randomRotation(stream), randomRotation(stream)],
        g = group[stream.integer(group.length)]!,
        equivalent = multiply(view, transpose(g)),
        opposite = poseAlong(directionOf(view.map((v) => -v)), 0);
      const [a, b] = at([view, other]) as [number, number];
      for (const same of [equivalent, opposite]) {
        const [c, d] = at([same, other]) as [number, number];
        expect(c - d).toBeCloseTo(a - b, 4);
      }
      const [x, y, z] = directionOf(view),
        near = poseAlong([x + 0.002, y - 0.001, z], 0),
        [c, d] = at([near, other]) as [number, number];
      expect(Math.abs(c - d - (a - b))).toBeLessThan(0.05);
    }
  });
});

test.each([
  ["C1", 3, 20_000, 0.2],
  ["D2", 3, 5000, 0.12],
  ["D2", 5, 5000, 0.25],
] as const)(
  "%s, kappa %d: %d particles of known views give the density to %d in its logarithm",
  (symmetry, kappa, count, error) => {
    const group = pointGroup(symmetry),
      prior = openViewPrior(group);
    const weights = passes(prior, group, samplePoses(peak(kappa), count, createStream(2, symmetry)), 6);
    expect(weights.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 5);
    expect(logError(densities(prior, weights, group), kappa, group)).toBeLessThan(error);
  },
);

test("a direction from where no particle is seen keeps a twentieth of the prior of uniform views", () => {
  const group = pointGroup("C1"),
    prior = openViewPrior(group),
    views = viewGrid(spacing, group, randomRotation(createStream(1, "one")));
  let weights = prior.start;
  for (let pass = 0; pass < 30; pass++) {
    const half = Float32Array.from(views, (_, v) => (v === 0 ? 500 : 0));
    weights = prior.estimate(weights, views, [half, half]);
  }
  const least = Math.min(...densities(prior, weights, group).map(([, value]) => value));
  expect(least).toBeGreaterThan(0.9 / 21);
  expect(least).toBeLessThan(1.1 / 21);
});

test("a distribution that is given is the first estimate", () => {
  const group = pointGroup("D2"),
    prior = openViewPrior(group, peak(3), 1);
  expect(logError(densities(prior, prior.start, group), 3, group)).toBeLessThan(0.12);
});

describe("from particles, with their map", () => {
  test("the density is found where images tell their views only vaguely, and better than by one pass", async () => {
    const kappa = 3,
      symmetry = "D2",
      maxRadius = 8,
      count = 5000;
    const { context, truth, poses } = await simulated({ count, maxRadius, symmetry, signalToNoise: 0.02, noisy: true });
    const stream = createStream(4, "choice");
    // Of uniform directions those of a von Mises-Fisher distribution, by rejection.
    const chosen = Int32Array.from(
      [...Array(count).keys()].filter(
        (p) => stream.uniform() < Math.exp(kappa * (Math.abs(dot(mean, poseOf(poses, p).subarray(6))) - 1)),
      ),
    );
    const own = only(context, chosen);
    const prior = openViewPrior(context.groups[0]!);
    let { viewWeights } = own;
    const errors: number[] = [];
    for (let pass = 0; pass < 6; pass++) {
      ({ viewWeights } = await refinementStage(
        { kind: "refinement", maxRadius, iterations: 1, particles: chosen.length },
        { ...own, viewWeights, seed: pass + 1 },
        { n: boxSize, data: truth },
        undefined,
        undefined,
        async () => undefined,
      ));
      errors.push(logError(densities(prior, viewWeights!, context.groups[0]!), kappa, context.groups[0]!));
    }
    await context.store.close();
    expect(errors[0]).toBeGreaterThan(0.3);
    expect(errors.at(-1)).toBeLessThan(0.25);
  });
});
