/** Numbers about a map that the display needs. */

export interface MapStatistics {
  min: number;
  max: number;
  mean: number;
  /** Standard deviation. */
  sigma: number;
  /** Level to begin with, in sigma above the mean: the surface encloses 2 % of the voxels, about what a particle fills of its box. */
  defaultLevelSigma: number;
  /** Highest level worth choosing, in sigma above the mean: 0.01 % of the voxels are above it. */
  highestLevelSigma: number;
}

const bins = 4096;

/** @param values of a map, not empty, finite; a constant map has levels 0 and 1 */
export function mapStatistics(values: ArrayLike<number>): MapStatistics {
  let [min, max, sum, squares] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  const sigma = Math.sqrt(Math.max(0, squares / values.length - mean * mean));
  if (max === min) return { min, max, mean, sigma: 0, defaultLevelSigma: 0, highestLevelSigma: 1 };
  const counts = new Uint32Array(bins);
  const scale = bins / (max - min);
  for (let i = 0; i < values.length; i++) counts[Math.min(bins - 1, Math.floor((values[i]! - min) * scale))]!++;
  /** The lowest bin edge with at most this share of the values above it, in sigma above the mean. */
  const levelAbove = (share: number) => {
    let bin = bins;
    for (let above = 0; bin > 0 && above + counts[bin - 1]! <= share * values.length; bin--) above += counts[bin - 1]!;
    return (min + bin / scale - mean) / sigma;
  };
  return { min, max, mean, sigma, defaultLevelSigma: levelAbove(0.02), highestLevelSigma: levelAbove(0.0001) };
}
