import { InputError } from "../base/errors.ts";
import type { Volume } from "../base/types.ts";
import { cosineEdge } from "../physics/mask.ts";
import { lowPass } from "./filter.ts";

export interface DensityMaskOptions {
  /** Low-pass filter applied before thresholding, default 15 Å. */
  lowPassAngstrom?: number;
  /** Density above which a voxel of the filtered map is inside; default: Otsu's threshold of the filtered map. */
  threshold?: number;
  /** How far the thresholded region grows in every direction, default 3 voxels. */
  extendVoxels?: number;
  /** Width of the raised-cosine edge beyond it, default 6 voxels. */
  softEdgeVoxels?: number;
}

/**
 * Soft mask around the density of a cubic map, by the steps of relion_mask_create: low-pass, threshold, extend, soft
 * edge.
 * The edge falls with the distance from the thresholded region less the extension (RELION measures from the extended
 * voxels; the two differ by less than a voxel). Throws InputError when no voxel is above the threshold.
 */
export function densityMask(volume: Volume, options: DensityMaskOptions = {}): Volume {
  const { lowPassAngstrom = 15, extendVoxels = 3, softEdgeVoxels = 6 } = options;
  const finest = 2 * volume.pixelSizeAngstrom;
  const filtered = lowPassAngstrom > finest ? lowPass(volume, lowPassAngstrom) : volume;
  const threshold = options.threshold ?? otsuThreshold(filtered.data);
  const inside = filtered.data.map((v) => (v > threshold ? 1 : 0));
  if (!inside.includes(1)) {
    throw new InputError(
      `the mask is empty: no density above ${threshold} after low-pass filtering to ${lowPassAngstrom} Å; ` +
        "choose a lower threshold",
    );
  }
  const distance = distanceToRegion(inside, volume.shape, Math.ceil(extendVoxels + softEdgeVoxels));
  return { ...volume, data: Float32Array.from(distance, (d) => cosineEdge(d - extendVoxels, softEdgeVoxels)) };
}

/**
 * Soft mask around the density of a map by default settings. Extension and edge are those of RELION's defaults (3 and 6
 * voxels) in boxes of 100 and more.
 *
 * @param lowPassAngstrom as `densityMask` takes it
 */
export function automaticMask(density: Volume, lowPassAngstrom?: number): Volume {
  const extendVoxels = Math.min(3, Math.max(1, Math.round(0.03 * density.shape[0])));
  return densityMask(density, { lowPassAngstrom, extendVoxels, softEdgeVoxels: 2 * extendVoxels });
}

/** The voxelwise product of a map and a mask on the same grid. */
export function applyMask(volume: Volume, mask: Volume): Volume {
  return { ...volume, data: volume.data.map((v, i) => v * mask.data[i]!) };
}

/**
 * Threshold that best splits the values into two classes: largest variance between the classes (Otsu, IEEE Trans. Syst.
 * Man Cybern. 9, 62, 1979), from a histogram of 512 bins.
 */
export function otsuThreshold(values: Float32Array): number {
  const bins = 512;
  let min = Infinity,
    max = -Infinity;
  for (const v of values) {
    if (v < min) min = v;
    if (v > max) max = v;
  }
  if (max <= min) return max;
  const width = (max - min) / bins;
  const histogram = new Float64Array(bins);
  for (const v of values) histogram[Math.min(bins - 1, Math.floor((v - min) / width))]! += 1;
  let totalSum = 0;
  histogram.forEach((count, b) => {
    totalSum += count * b;
  });
  let below = 0,
    belowSum = 0,
    best = -1,
    bestBin = 0;
  for (let b = 0; b < bins - 1; b++) {
    below += histogram[b]!;
    belowSum += histogram[b]! * b;
    const above = values.length - below;
    const gap = belowSum / below - (totalSum - belowSum) / above;
    const between = below * above * gap * gap;
    if (between > best) {
      best = between;
      bestBin = b;
    }
  }
  return min + (bestBin + 1) * width;
}

/**
 * Euclidean distance (voxels) of every voxel to the nearest voxel of the region, exact up to `reach` and Infinity
 * beyond:
 * squared distances minimised along one axis after another (Saito & Toriwaki, Pattern Recognition 27, 1551, 1994).
 */
function distanceToRegion(inside: Float32Array, shape: readonly [number, number, number], reach: number): Float64Array {
  const [nz, ny, nx] = shape;
  let squared = Float64Array.from(inside, (v) => (v ? 0 : Infinity));
  for (const [length, stride] of [
    [nx, 1],
    [ny, nx],
    [nz, nx * ny],
  ] as const) {
    const next = squared.slice();
    // Row by row of what lies side by side in memory, which is far faster than along the axis.
    for (let block = 0; block < squared.length; block += length * stride)
      for (let position = 0; position < length; position++)
        for (let d = -Math.min(reach, position); d <= Math.min(reach, length - 1 - position); d++) {
          const to = block + position * stride,
            from = to + d * stride;
          for (let i = 0; i < stride; i++) {
            const candidate = squared[from + i]! + d * d;
            if (candidate < next[to + i]!) next[to + i] = candidate;
          }
        }
    squared = next;
  }
  return squared.map(Math.sqrt);
}
