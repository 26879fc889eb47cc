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
  const inside = new Uint8Array(filtered.data.length);
  for (let i = 0; i < inside.length; i++) if (filtered.data[i]! > threshold) inside[i] = 1;
  if (!inside.includes(1)) {
    throw new InputError(
      `the mask is empty: no density above ${threshold} after low-pass filtering to ${lowPassAngstrom} Å; ` +
        "choose a lower threshold",
    );
  }
  const reach = Math.ceil(extendVoxels + softEdgeVoxels),
    squared = squaredDistances(inside, volume.shape, reach),
    edge = Float32Array.from({ length: reach ** 2 + 2 }, (_, d) =>
      cosineEdge(Math.sqrt(d) - extendVoxels, softEdgeVoxels),
    );
  const data = new Float32Array(inside.length);
  for (let i = 0; i < data.length; i++) data[i] = edge[squared[i]!]!;
  return { ...volume, data };
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

/** The voxelwise product of a map and a mask on the same grid. @param data what it is written to */
export function applyMask(volume: Volume, mask: Volume, data = new Float32Array(volume.data.length)): Volume {
  for (let i = 0; i < data.length; i++) data[i] = volume.data[i]! * mask.data[i]!;
  return { ...volume, data };
}

/**
 * Threshold that best splits the values into two classes: largest variance between the classes (Otsu, IEEE Trans. Syst.
 * Man Cybern. 9, 62, 1979), from a histogram of 512 bins.
 */
export function otsuThreshold(values: Float32Array): number {
  const bins = 512;
  let min = Infinity,
    max = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (v < min) min = v;
    if (v > max) max = v;
  }
  if (max <= min) return max;
  const width = (max - min) / bins;
  const histogram = new Float64Array(bins);
  for (let i = 0; i < values.length; i++) {
    histogram[Math.min(bins - 1, Math.floor((values[i]! - min) / width))]!++;
  }
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
 * Squared Euclidean distance (voxels) of every voxel to the nearest voxel of the region, exact up to reach² and
 * reach² + 1 beyond: minimised along one axis after another (Saito & Toriwaki, Pattern Recognition 27, 1551, 1994).
 */
function squaredDistances(inside: Uint8Array, [nz, ny, nx]: readonly [number, number, number], reach: number): Squares {
  const emptySquares = () => (reach < 256 ? new Uint16Array(inside.length) : new Uint32Array(inside.length)),
    squared = emptySquares().fill(reach ** 2 + 1);
  for (let row = 0; row < squared.length; row += nx) {
    let since = reach + 1; // voxels since one of the region
    for (let i = row; i < row + nx; i++) {
      since = inside[i] ? 0 : since + 1;
      if (since <= reach) squared[i] = since ** 2;
    }
    since = reach + 1;
    for (let i = row + nx - 1; i >= row; i--) {
      since = inside[i] ? 0 : since + 1;
      if (since <= reach) squared[i] = Math.min(squared[i]!, since ** 2);
    }
  }
  const alongY = minimised(squared, emptySquares(), nx, ny, nx, reach);
  return minimised(alongY, squared, nx, nz, nx * ny, reach);
}

type Squares = Uint16Array | Uint32Array;

/**
 * The least of values up to `reach` away along an axis, each plus the square of how far. Row by row of what lies side
 * by side in memory, which is far faster than along the axis; rows with nothing in reach add nothing.
 * @param next   what it is written to
 * @param nx     length of a row
 * @param length of the axis, whose voxels lie `stride` apart
 */
function minimised(
  squared: Squares,
  next: Squares,
  nx: number,
  length: number,
  stride: number,
  reach: number,
): Squares {
  next.set(squared);
  for (let from = 0; from < squared.length; from += nx) {
    let least = Infinity;
    for (let i = from; i < from + nx; i++) least = Math.min(least, squared[i]!);
    if (least > reach ** 2) continue;
    const position = Math.floor(from / stride) % length;
    for (let d = -Math.min(reach, position); d <= Math.min(reach, length - 1 - position); d++) {
      if (d === 0) continue;
      const to = from + d * stride,
        square = d * d;
      for (let i = 0; i < nx; i++) {
        const candidate = squared[from + i]! + square;
        if (candidate < next[to + i]!) next[to + i] = candidate;
      }
    }
  }
  return next;
}
