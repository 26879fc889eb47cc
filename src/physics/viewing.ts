/** Where particles are seen from: distributions of poses, and draws from them. */
import { InputError } from "../base/errors.ts";
import type { RandomStream } from "../runtime/random.ts";
import { eulerToMatrix, type Matrix3, randomRotation } from "./rotations.ts";

/** A preferred viewing direction. */
export interface ViewingPeak {
  /** Direction of projection in volume coordinates (row 2 of the pose), any length but 0. */
  direction: [number, number, number];
  /**
   * Concentration of the von Mises-Fisher distribution: 0 is uniform; the spread is about 1/sqrt(kappa) radians per
   * axis.
   */
  kappa: number;
  /** Relative share of the particles, 1 if not given. */
  weight?: number;
}

/** One row of a table of views: RELION's rot and tilt in radians, and the relative share of the particles. */
export interface TabulatedView {
  rot: number;
  tilt: number;
  weight: number;
}

export type ViewingDistribution =
  /** Every rotation equally likely. */
  | { kind: "uniform" }
  /** A mixture of von Mises-Fisher peaks. */
  | { kind: "peaks"; peaks: ViewingPeak[] }
  /** Views from a table, each spread by `jitter` radians per axis (0: exactly the tabulated directions). */
  | { kind: "table"; views: TabulatedView[]; jitter: number };

/**
 * Draws `count` poses: row-major matrices as in rotations.ts, shape [count, 3, 3]. In-plane angles are uniform whatever
 * the distribution. Throws InputError for a mixture or table that is no distribution.
 */
export function samplePoses(distribution: ViewingDistribution, count: number, stream: RandomStream): Float32Array {
  const poses = new Float32Array(count * 9);
  if (distribution.kind === "uniform") {
    for (let i = 0; i < count; i++) poses.set(randomRotation(stream), 9 * i);
    return poses;
  }
  const peaks =
    distribution.kind === "peaks" ? distribution.peaks : tablePeaks(distribution.views, distribution.jitter);
  const shares = cumulativeShares(peaks);
  for (let i = 0; i < count; i++) {
    const direction = sampleDirection(peaks[firstAbove(shares, stream.uniform())]!, stream);
    poses.set(poseAlong(direction, 2 * Math.PI * stream.uniform()), 9 * i);
  }
  return poses;
}

function tablePeaks(views: TabulatedView[], jitter: number): ViewingPeak[] {
  if (!(jitter >= 0)) throw new InputError(`table of views: the jitter must not be negative, got ${jitter}`);
  return views.map(({ rot, tilt, weight }) => ({
    direction: [Math.sin(tilt) * Math.cos(rot), Math.sin(tilt) * Math.sin(rot), Math.cos(tilt)],
    kappa: 1 / jitter ** 2,
    weight,
  }));
}

/** Cumulative weights, ending with 1. */
function cumulativeShares(peaks: ViewingPeak[]): Float64Array {
  const shares = new Float64Array(peaks.length);
  let sum = 0;
  peaks.forEach(({ direction, kappa, weight = 1 }, i) => {
    const where = `viewing distribution, entry ${i + 1}`;
    if (!(weight >= 0 && weight < Infinity))
      throw new InputError(`${where}: the weight must be a number of 0 or more, got ${weight}`);
    if (!(kappa >= 0)) throw new InputError(`${where}: kappa must be 0 or more, got ${kappa}`);
    const length = Math.hypot(...direction);
    if (!(length > 0 && length < Infinity))
      throw new InputError(`${where}: ${direction.join(", ")} is not a direction`);
    sum += weight;
    shares[i] = sum;
  });
  if (!(sum > 0)) throw new InputError("viewing distribution: no entry has a weight above 0");
  return shares.map((share) => share / sum);
}

/** Index of the first entry of the ascending array that is above `value` (bisection). */
function firstAbove(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * A unit vector from the von Mises-Fisher distribution on the sphere, by inversion of the cosine w to the mean
 * direction in a form that neither over- nor underflows (Jakob 2012, "Numerically stable sampling of the von
 * Mises-Fisher distribution on S²").
 */
function sampleDirection(peak: ViewingPeak, stream: RandomStream): [number, number, number] {
  const { kappa } = peak;
  const u = 1 - stream.uniform();
  const w = kappa > 1e-8 ? 1 + Math.log(u + (1 - u) * Math.exp(-2 * kappa)) / kappa : 2 * u - 1;
  const azimuth = 2 * Math.PI * stream.uniform();
  const radius = Math.sqrt(Math.max(0, 1 - w * w));
  const a = radius * Math.cos(azimuth);
  const b = radius * Math.sin(azimuth);
  const frame = poseAlong(peak.direction, 0);
  const component = (i: number) => a * frame[i]! + b * frame[3 + i]! + w * frame[6 + i]!;
  return [component(0), component(1), component(2)];
}

/** The pose whose direction of projection (row 2) is `direction`, of any length. */
export function poseAlong([x, y, z]: readonly [number, number, number], psi: number): Matrix3 {
  return eulerToMatrix(Math.atan2(y, x), Math.atan2(Math.hypot(x, y), z), psi);
}
