/** Where an image's Fourier transform is sampled. The unit is the Fourier pixel, 1/(box · pixel size). */
import type { Values } from "../runtime/program.ts";

export interface FrequencyGrid {
  count: number;
  /** kx and ky of each sample. */
  x: Float64Array;
  y: Float64Array;
}

/** Samples on circles: `angles` directions over half a turn (the other half is the complex conjugate) and whole radii. */
export interface PolarGrid extends FrequencyGrid {
  /** Directions φ = π·a/angles; sample number a·radii.length + r. */
  angles: number;
  /** Radii in Fourier pixels. */
  radii: Float64Array;
}

/** Polar samples at the radii 1, 2, …, maxRadius. The zero frequency carries no shape and is left out. */
export function polarGrid(maxRadius: number, angles: number): PolarGrid {
  const radii = Float64Array.from({ length: maxRadius }, (_, i) => i + 1);
  const count = angles * maxRadius;
  const x = new Float64Array(count), y = new Float64Array(count);
  for (let a = 0; a < angles; a++) {
    for (let r = 0; r < maxRadius; r++) {
      x[a * maxRadius + r] = radii[r]! * Math.cos((Math.PI * a) / angles);
      y[a * maxRadius + r] = radii[r]! * Math.sin((Math.PI * a) / angles);
    }
  }
  return { count, x, y, angles, radii };
}

/**
 * The Fourier pixels of an n×n image with |k| ≤ maxRadius, one of each conjugate pair (kx > 0, or kx = 0 and ky > 0);
 * the zero frequency is left out.
 */
export function cartesianGrid(maxRadius: number): FrequencyGrid {
  const x: number[] = [], y: number[] = [];
  const reach = Math.floor(maxRadius);
  for (let ky = -reach; ky <= reach; ky++) {
    for (let kx = 0; kx <= reach; kx++) {
      if ((kx > 0 || ky > 0) && Math.hypot(kx, ky) <= maxRadius) { x.push(kx); y.push(ky); }
    }
  }
  return { count: x.length, x: Float64Array.from(x), y: Float64Array.from(y) };
}

/** Radius of each sample in Fourier pixels. */
export function radiusOf(grid: FrequencyGrid): Float64Array {
  return grid.x.map((kx, i) => Math.hypot(kx, grid.y[i]!));
}

/** A quantity known on shells 0, 1, 2, …, interpolated linearly at radii; beyond the last shell its last value. */
export function interpolateShells(shells: ArrayLike<number>, radii: ArrayLike<number>): Values {
  return Float32Array.from({ length: radii.length }, (_, i) => {
    const r = Math.min(radii[i]!, shells.length - 1);
    const low = Math.min(Math.floor(r), shells.length - 2);
    return shells[low]! + (r - low) * (shells[low + 1]! - shells[low]!);
  });
}

/** All Fourier pixels of an n×n image with kx ≥ 0 below the Nyquist frequency: sample number row·columns + kx, row = ky + rows>>1. */
export interface RectangularGrid extends FrequencyGrid {
  n: number;
  rows: number;
  columns: number;
}

/** The half plane kx = 0 … ceil(n/2)-1 with |ky| < n/2. It holds both members of the conjugate pairs on kx = 0, and zero. */
export function rectangularGrid(n: number): RectangularGrid {
  const columns = Math.ceil(n / 2), rows = 2 * columns - 1, count = rows * columns;
  const x = new Float64Array(count), y = new Float64Array(count);
  for (let row = 0; row < rows; row++) {
    for (let kx = 0; kx < columns; kx++) {
      x[row * columns + kx] = kx;
      y[row * columns + kx] = row - (columns - 1);
    }
  }
  return { n, count, x, y, rows, columns };
}
