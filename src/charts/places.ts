/** How particles are spread along one or two components of a molecule that moves: counts in bins. */
import { isWithin, type Range } from "../reconstruct/motionParticles.ts";

export interface Spread {
  /** From the first particle to the last, along each axis; not empty. */
  ranges: Range[];
  /** Along each axis. */
  bins: number;
  /** Particles of each bin; of two axes the first runs fastest. */
  counts: Uint32Array;
  largest: number;
}

const leastBins = 16,
  mostBins = 96;

/** @param places z of all particles along each of one or two axes */
export function spreadOf(places: readonly Float32Array[]): Spread {
  const count = places[0]!.length,
    bins = Math.min(mostBins, Math.max(leastBins, Math.round(Math.sqrt(count) / 1.5))),
    ranges = places.map(rangeOf),
    counts = new Uint32Array(bins ** places.length);
  for (let p = 0; p < count; p++) {
    let bin = 0;
    for (let a = places.length - 1; a >= 0; a--) {
      const { low, high } = ranges[a]!;
      bin = bin * bins + Math.min(bins - 1, Math.floor((bins * (places[a]![p]! - low)) / (high - low)));
    }
    counts[bin]!++;
  }
  return { ranges, bins, counts, largest: counts.reduce((a, b) => Math.max(a, b), 0) };
}

/** Of two axes, row by row from the top: log(1 + count), 0 to 1 for the largest. */
export const logShares = ({ bins, counts, largest }: Spread): Float32Array =>
  Float32Array.from(
    counts,
    (_, i) => Math.log1p(counts[(bins - 1 - Math.floor(i / bins)) * bins + (i % bins)]!) / Math.log1p(largest),
  );

function rangeOf(values: Float32Array): Range {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low < high) return { low, high };
  const middle = low === high ? low : 0;
  return { low: middle - 0.5, high: middle + 0.5 };
}

/** How many particles are in all of the ranges. @param ranges by the number of the component among `places` */
export function countWithin(places: readonly Float32Array[], ranges: ReadonlyMap<number, Range>): number {
  let count = 0;
  const asked = [...ranges];
  for (let p = 0; p < places[0]!.length; p++) if (asked.every(([j, range]) => isWithin(places[j]![p]!, range))) count++;
  return count;
}

/** Round numbers in a range, no more than eight. */
export function ticksOf({ low, high }: Range): number[] {
  const rough = (high - low) / 8,
    power = 10 ** Math.floor(Math.log10(rough)),
    step = [1, 2, 5, 10].map((digit) => digit * power).find((each) => each >= rough)!;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(9)));
}
