/**
 * From where the particles are seen: their share in each cell of the sphere of viewing directions. Directions that the
 * point group, or looking from behind, makes equivalent count as one; cells fill the asymmetric unit, and all have the
 * same solid angle.
 */

import { remembered } from "../../base/remembered.ts";
import { apply, closenessToUnit, type Direction, directionOf, evenDirections } from "../../physics/directions.ts";
import type { Matrix3 } from "../../physics/rotations.ts";
import type { RunDirections } from "../stage.ts";

/** Solid angle that a cell should have, (9°)², and how many cells there are at least and at most (powers of two). */
const cellSolidAngle = ((9 * Math.PI) / 180) ** 2,
  fewestCells = 32,
  mostCells = 256;
/** Spacing of the directions that stand for the sphere's area: about 40,000 of them. */
const fineSpacing = Math.PI / 180;
const unturned: Matrix3 = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

const dot = (a: Direction, b: Direction): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** The equivalent of a direction in the asymmetric unit. */
function inUnit(direction: Direction, group: readonly Matrix3[]): Direction {
  let best = direction,
    most = -1;
  for (const g of group) {
    const equivalent = apply(g, direction),
      closeness = closenessToUnit(equivalent);
    if (Math.abs(closeness) > most)
      [best, most] = [
        closeness < 0 ? [-equivalent[0], -equivalent[1], -equivalent[2]] : equivalent,
        Math.abs(closeness),
      ];
  }
  return best;
}

/** A part of the unit: a cell, or two parts on either side of a plane through the origin that halves it. */
type Part = { cell: number } | { axis: Direction; level: number; below: Part; above: Part };

/** Cells that are shown. */
const shownCells = remembered(
  (group: readonly Matrix3[]): Cells =>
    cellsOf(group, Math.min(mostCells, Math.max(fewestCells, (2 * Math.PI) / group.length / cellSolidAngle))),
);

interface Cells {
  /** Middle of each. */
  middles: Direction[];
  /** Directions evenly over the unit, and the cell of each. */
  evenly: Direction[];
  cellOf(direction: Direction): number;
}

/**
 * Halves the unit, and the halves, each across its longest extent, until there are about as many cells as wanted: all
 * hold as many of evenly spread directions.
 */
export function cellsOf(group: readonly Matrix3[], wanted: number): Cells {
  const evenly = evenDirections(fineSpacing, unturned).map((direction) => inUnit(direction, group));
  const middles: Direction[] = [];
  const divide = (members: Direction[], depth: number): Part => {
    let [x, y, z] = [0, 0, 0];
    for (const d of members) {
      x += d[0];
      y += d[1];
      z += d[2];
    }
    const length = Math.hypot(x, y, z),
      middle: Direction = [x / length, y / length, z / length];
    if (depth === 0) return { cell: middles.push(middle) - 1 };
    const axis = longestExtent(members, middle),
      along = Float64Array.from(members, (d) => dot(d, axis)),
      sorted = along.toSorted(),
      half = sorted.length >> 1;
    const level = (sorted[half - 1]! + sorted[half]!) / 2;
    return {
      axis,
      level,
      below: divide(
        members.filter((_, i) => along[i]! < level),
        depth - 1,
      ),
      above: divide(
        members.filter((_, i) => along[i]! >= level),
        depth - 1,
      ),
    };
  };
  const root = divide(evenly, Math.max(0, Math.round(Math.log2(wanted))));
  const cellOf = (direction: Direction): number => {
    let part = root;
    while (!("cell" in part)) part = dot(direction, part.axis) < part.level ? part.below : part.above;
    return part.cell;
  };
  return { middles, evenly, cellOf };
}

/**
 * The axis across `middle` along which directions spread most: of the 2×2 covariance in the tangent plane the first
 * eigenvector.
 */
function longestExtent(members: readonly Direction[], middle: Direction): Direction {
  const [x, y, z] = middle,
    level = Math.hypot(x, y) || 1;
  const u: Direction = Math.hypot(x, y) > 0 ? [-y / level, x / level, 0] : [1, 0, 0];
  const v: Direction = [y * u[2] - z * u[1], z * u[0] - x * u[2], x * u[1] - y * u[0]];
  let uu = 0,
    uv = 0,
    vv = 0;
  for (const d of members) {
    const a = dot(d, u),
      b = dot(d, v);
    uu += a * a;
    uv += a * b;
    vv += b * b;
  }
  const angle = 0.5 * Math.atan2(2 * uv, uu - vv),
    c = Math.cos(angle),
    s = Math.sin(angle);
  return [c * u[0] + s * v[0], c * u[1] + s * v[1], c * u[2] + s * v[2]];
}

function directions(cells: Cells, weights: Float64Array): RunDirections {
  const total = weights.reduce((sum, w) => sum + w, 0),
    degrees = (radians: number): number => Number(((radians * 180) / Math.PI).toFixed(2));
  return {
    rot: cells.middles.map(([x, y]) => degrees(Math.atan2(y, x))),
    tilt: cells.middles.map(([, , z]) => degrees(Math.acos(z))),
    share: Array.from(weights, (w) => Number((w / total).toPrecision(5))),
  };
}

/**
 * From the most likely pose of each particle.
 * @param poses [count, 3, 3]
 */
export function directionsOfPoses(poses: Float32Array, group: readonly Matrix3[]): RunDirections {
  const cells = shownCells(group),
    weights = new Float64Array(cells.middles.length);
  for (let at = 0; at < poses.length; at += 9)
    weights[cells.cellOf(inUnit(directionOf(poses.subarray(at, at + 9)), group))]!++;
  return directions(cells, weights);
}

/**
 * From the posterior probabilities of views, summed over the particles. The probability of a view is spread over the
 * part of the unit that is nearer to it than to any other view.
 *
 * @param views       poses that fill the asymmetric unit (`viewGrid`)
 * @param sums        posterior probability of each, summed over the particles
 */
export function directionsOfViews(
  views: readonly Matrix3[],
  sums: Float32Array,
  group: readonly Matrix3[],
): RunDirections {
  const cells = shownCells(group),
    nearest = nearestViews(cells.evenly, views, group);
  const area = new Float64Array(views.length),
    weights = new Float64Array(cells.middles.length);
  for (const view of nearest) area[view]!++;
  cells.evenly.forEach(
    (direction, i) => (weights[cells.cellOf(direction)]! += sums[nearest[i]!]! / area[nearest[i]!]!),
  );
  return directions(cells, weights);
}

/** For each direction the view that looks along it most nearly, under the group and mirroring. */
export function nearestViews(to: readonly Direction[], views: readonly Matrix3[], group: readonly Matrix3[]): number[] {
  const equivalents = views.map((view) => group.map((g) => apply(g, directionOf(view))));
  return to.map((direction) => {
    let best = 0,
      most = -1;
    equivalents.forEach((list, v) => {
      for (const equivalent of list) {
        const closeness = Math.abs(dot(direction, equivalent));
        if (closeness > most) [best, most] = [v, closeness];
      }
    });
    return best;
  });
}
