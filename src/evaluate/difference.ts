import type { Volume } from "../base/types.ts";
import { lowPass } from "./filter.ts";
import { automaticMask } from "./mask.ts";

export interface DifferenceOptions {
  /** Both are low-passed to it first; absent, or finer than two voxels: as they are. */
  resolutionAngstrom?: number;
}

export interface Difference {
  /** map - scale × other, each from its mean in the solvent; 0 far from the density of either. */
  map: Volume;
  /** By how much the other was multiplied. */
  scale: number;
  /** Standard deviation of the difference where there is density of either. */
  sigma: number;
}

/**
 * What a cubic map has more, or less, than another that lies on it, on the same grid. Around the density of each there
 * is a soft mask; the mean of what neither holds is that of the solvent and is subtracted. The scale is that of least
 * squares where both masks are, so that what one map has alone does not count: sum m a b / sum m b². The difference is
 * kept where either is. Throws InputError when the maps are not cubes.
 */
export function differenceMap(map: Volume, other: Volume, { resolutionAngstrom }: DifferenceOptions = {}): Difference {
  const toFilter = resolutionAngstrom !== undefined && resolutionAngstrom > 2 * map.pixelSizeAngstrom;
  const [a, b] = [map, other].map((each) => (toFilter ? lowPass(each, resolutionAngstrom) : each)) as [Volume, Volume],
    [inA, inB] = [automaticMask(a).data, automaticMask(b).data];
  const either = inA.map((weight, i) => Math.max(weight, inB[i]!)),
    both = inA.map((weight, i) => Math.min(weight, inB[i]!));
  const solvent = either.map((weight) => 1 - weight),
    [zeroA, zeroB] = [weightedMean(a.data, solvent), weightedMean(b.data, solvent)];
  let [product, power] = [0, 0];
  both.forEach((weight, i) => {
    product += weight * (a.data[i]! - zeroA) * (b.data[i]! - zeroB);
    power += weight * (b.data[i]! - zeroB) ** 2;
  });
  const scale = power > 0 ? product / power : 0,
    data = either.map((weight, i) => weight * (a.data[i]! - zeroA - scale * (b.data[i]! - zeroB)));
  const square = weightedMean(
    data.map((value) => value * value),
    either,
  );
  return { map: { ...map, data }, scale, sigma: Math.sqrt(square) };
}

/** 0 where all weights are. */
function weightedMean(values: ArrayLike<number>, weights: ArrayLike<number>): number {
  let [sum, weight] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += weights[i]! * values[i]!;
    weight += weights[i]!;
  }
  return weight > 0 ? sum / weight : 0;
}
