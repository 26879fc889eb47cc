/**
 * The distribution of viewing directions as it is estimated from the particles, which becomes the prior of views. It is
 * a mixture: smooth functions around the middles of cells of the asymmetric unit, which add up to 1 everywhere, each
 * with a weight that expectation-maximisation moves from pass to pass.
 *
 * @see Scheres (2012) J. Struct. Biol. 180, 519, `pdf_direction`; there each view of a fixed grid has its own share
 */
import { remembered } from "../../base/remembered.ts";
import { apply, type Direction, directionOf, evenDirections, isInUnit } from "../../physics/directions.ts";
import type { Matrix3 } from "../../physics/rotations.ts";
import { samplePoses, type ViewingDistribution } from "../../physics/viewing.ts";
import { createStream } from "../../runtime/random.ts";
import type { RefinementContext } from "./context.ts";
import { cellsOf, nearestViews } from "./viewShares.ts";

/** About the angle between the middles of cells: that of views at the shell where refinement begins. */
const cellSpacing = (12 * Math.PI) / 180;
/** Width of a cell's function, as a part of the angle between cells: neighbours overlap by half. */
const relativeWidth = 0.7;
/** At least this share of the particles counts as seen from anywhere, so that no direction is given up for good. */
const leastAnywhere = 1 / 20;
/** Directions of a view's surroundings, along one side, by which its part of the unit is measured. */
const perSide = 4;
/** Of a distribution that is given, so many draws. */
const draws = 20_000;

export interface ViewPrior {
  /** Weights of the cells before any image is looked at; they add up to 1. */
  start: Float32Array;
  /**
   * Log prior of the views of a grid: the distribution at each, times the part of the unit that is nearer to it than to
   * any other. Their exponentials add up to 1.
   */
  logPrior(weights: Float32Array, views: readonly Matrix3[]): Float32Array;
  /**
   * New weights: the shares of the cells by the posterior probabilities of a pass, drawn to `start` as far as they are
   * noise. How far is what two halves of the particles agree in (the covariance of their differences from `start`, over
   * the variance of the mean of both); besides, a twentieth of the particles counts as seen from anywhere.
   *
   * @param sums posterior probability of each of the views, summed over the particles of either half
   */
  estimate(
    weights: Float32Array,
    views: readonly Matrix3[],
    sums: readonly [ArrayLike<number>, ArrayLike<number>],
  ): Float32Array;
}

/** The parts that distributions over the unit of a group are made of. */
const mixtureOf = remembered((group: readonly Matrix3[]) => {
  const { middles, evenly } = cellsOf(group, (2 * Math.PI) / group.length / cellSpacing ** 2);
  const cells = middles.length,
    width = relativeWidth * Math.sqrt((2 * Math.PI) / group.length / cells);
  const equivalents = middles.map((middle) => group.map((g) => apply(g, middle)));
  /** Value of each cell's function at a direction; they add up to 1. */
  const functionsAt = (direction: Direction): Float64Array => {
    const closeness = equivalents.map((list) => closest(list, direction)),
      most = Math.max(...closeness);
    const values = Float64Array.from(closeness, (c) => Math.exp((c - most) / width ** 2)),
      total = sumOf(values);
    return values.map((v) => v / total);
  };
  const meanOver = (directions: readonly Direction[]): Float64Array => {
    const mean = new Float64Array(cells);
    for (const direction of directions) functionsAt(direction).forEach((v, c) => (mean[c]! += v / directions.length));
    return mean;
  };
  /** Share of the unit of each cell: uniform views have these weights. */
  const areas = meanOver(evenly.filter((_, i) => i % 8 === 0));
  return { functionsAt, meanOver, areas };
});

/** @param given where the user says how particles are seen; otherwise the estimate begins uniform */
export function openViewPrior(
  group: readonly Matrix3[],
  given: ViewingDistribution = { kind: "uniform" },
  seed = 0,
): ViewPrior {
  const { functionsAt, meanOver, areas } = mixtureOf(group);
  const start = given.kind === "uniform" ? areas : givenWeights();
  /** Density of each of the mixture's parts at each view, relative to uniform views. */
  const partsAt = (weights: Float32Array, views: readonly Matrix3[]): Float64Array[] =>
    views.map((view) => functionsAt(directionOf(view)).map((v, c) => (v * weights[c]!) / areas[c]!));

  function givenWeights(): Float64Array {
    const poses = samplePoses(given, draws, createStream(seed, "given views"));
    const mean = meanOver(Array.from({ length: draws }, (_, i) => directionOf(poses.subarray(9 * i, 9 * i + 9))));
    return mean.map((v, c) => (1 - leastAnywhere) * v + leastAnywhere * areas[c]!);
  }

  return {
    start: Float32Array.from(start),
    logPrior(weights, views) {
      const parts = partsAt(weights, views),
        unit = surroundings(views, group);
      const prior = Float64Array.from(parts, (part, v) => sumOf(part) * unit[v]!),
        total = sumOf(prior);
      return Float32Array.from(prior, (p) => Math.log(p / total));
    },
    estimate(weights, views, sums) {
      const parts = partsAt(weights, views),
        counts = sums.map((half) => countsOf(parts, half)),
        totals = counts.map(sumOf);
      if (totals.some((total) => total === 0)) return weights;
      const differences = counts.map((half, h) => half.map((n, c) => n / totals[h]! - start[c]!));
      const mean = start.map((share, c) => (counts[0]![c]! + counts[1]![c]!) / (totals[0]! + totals[1]!) - share);
      const signal = sumOf(start.map((share, c) => (differences[0]![c]! * differences[1]![c]!) / share)),
        power = sumOf(mean.map((difference, c) => difference ** 2 / start[c]!));
      const kept = (power > 0 ? Math.min(1, Math.max(0, signal / power)) : 0) / (1 + leastAnywhere);
      return Float32Array.from(start, (share, c) => share + kept * mean[c]!);
    },
  };
}

/** Weights of several classes one after another, by class. @returns undefined where there are none yet */
export function weightsOfClasses({
  groups,
  views,
  seed,
  viewWeights,
}: Pick<RefinementContext, "groups" | "views" | "seed" | "viewWeights">): Float32Array[] | undefined {
  if (!viewWeights || groups.length === 1) return viewWeights && [viewWeights];
  let at = 0;
  return groups.map((group) => {
    const { length } = openViewPrior(group, views, seed).start;
    return viewWeights.subarray(at, (at += length));
  });
}

const sumOf = (values: Float64Array): number => values.reduce((sum, v) => sum + v, 0);

/** Particles of each cell: those of a view belong to the parts of the mixture as the density there is made of them. */
function countsOf(parts: readonly Float64Array[], sums: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(parts[0]!.length);
  parts.forEach((part, v) => {
    const density = sumOf(part);
    part.forEach((p, c) => (counts[c]! += (sums[v]! * p) / density));
  });
  return counts;
}

/** Highest cosine of the angle between a direction, or its opposite, and some others. */
function closest(others: readonly Direction[], [x, y, z]: Direction): number {
  let most = -1;
  for (const other of others) most = Math.max(most, Math.abs(x * other[0] + y * other[1] + z * other[2]));
  return most;
}

/** The part of the unit that is nearer to each view than to the others; they add up to 1. */
function surroundings(views: readonly Matrix3[], group: readonly Matrix3[]): Float64Array {
  const spacing = Math.sqrt((2 * Math.PI) / group.length / views.length) / perSide;
  const directions = evenDirections(spacing, views[0]!).filter((direction) => isInUnit(direction, group)),
    out = new Float64Array(views.length);
  for (const view of nearestViews(directions, views, group)) out[view]! += 1 / directions.length;
  return out;
}
