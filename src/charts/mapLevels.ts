/** Numbers about a map that the display needs. */

export interface MapLevels {
  min: number;
  max: number;
  mean: number;
  /** Standard deviation. */
  sigma: number;
  /** Level to begin with, in sigma above the mean: the threshold that best parts particle and solvent (Otsu). */
  defaultLevelSigma: number;
  /** Highest level worth choosing, in sigma above the mean: 0.01 % of the voxels are above it. */
  highestLevelSigma: number;
}

const bins = 4096;

/** @param values of a map, not empty, finite; a constant map has levels 0 and 1 */
export function mapLevels(values: ArrayLike<number>): MapLevels {
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
  return {
    min,
    max,
    mean,
    sigma,
    defaultLevelSigma: (min + otsuBin(counts) / scale - mean) / sigma,
    highestLevelSigma: levelAbove(0.0001),
  };
}

/**
 * The bin from which on values belong to the upper of two classes, chosen so that the variance between the classes is
 * largest (Otsu, IEEE Trans. Syst. Man Cybern. 9, 62, 1979): (m_total w - m)² / (w (1 - w)), w and m the sums of the
 * lower class.
 */
function otsuBin(counts: Uint32Array): number {
  let [total, totalMoment] = [0, 0];
  counts.forEach((count, bin) => {
    total += count;
    totalMoment += count * bin;
  });
  let [best, largest, below, moment] = [1, -1, 0, 0];
  for (let bin = 0; bin < counts.length - 1; bin++) {
    below += counts[bin]!;
    moment += counts[bin]! * bin;
    const between = (totalMoment * below - moment * total) ** 2 / (below * (total - below));
    if (between > largest) [best, largest] = [bin + 1, between];
  }
  return best;
}
