/** Where an image's Fourier transform is sampled. The unit is the Fourier pixel, 1/(box · pixel size). */
import type { Values } from "../runtime/program.ts";

export interface FrequencyGrid {
  count: number;
  /** kx and ky of each sample. */
  x: Float64Array;
  y: Float64Array;
}

/**
 * Samples on circles: `angles` directions over half a turn (the other half is the complex conjugate) and whole radii.
 */
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
  const x = new Float64Array(count),
    y = new Float64Array(count);
  for (let a = 0; a < angles; a++) {
    for (let r = 0; r < maxRadius; r++) {
      x[a * maxRadius + r] = radii[r]! * Math.cos((Math.PI * a) / angles);
      y[a * maxRadius + r] = radii[r]! * Math.sin((Math.PI * a) / angles);
    }
  }
  return { count, x, y, angles, radii };
}

/** Radius of each sample in Fourier pixels. */
export function radiusOf(grid: FrequencyGrid): Float64Array {
  return grid.x.map((kx, i) => Math.hypot(kx, grid.y[i]!));
}

/** A quantity known on shells 0, 1, 2, …, interpolated linearly at a radius; beyond the last shell its last value. */
export function shellValue(shells: ArrayLike<number>, radius: number): number {
  const low = Math.min(Math.floor(radius), shells.length - 1),
    high = Math.min(low + 1, shells.length - 1);
  return shells[low]! + (radius - low) * (shells[high]! - shells[low]!);
}

/** `shellValue` at many radii. */
export function interpolateShells(shells: ArrayLike<number>, radii: ArrayLike<number>): Values {
  return Float32Array.from(radii, (radius) => shellValue(shells, radius));
}

/**
 * All Fourier pixels of an n×n image with kx ≥ 0 below the Nyquist frequency: sample number row·columns + kx, row = ky
 * + rows>>1.
 */
export interface RectangularGrid extends FrequencyGrid {
  n: number;
  rows: number;
  columns: number;
}

/**
 * The half plane kx = 0 … ceil(n/2)-1 with |ky| < n/2. It holds both members of the conjugate pairs on kx = 0, and
 * zero.
 */
export function rectangularGrid(n: number): RectangularGrid {
  const columns = Math.ceil(n / 2),
    rows = 2 * columns - 1,
    count = rows * columns;
  const x = new Float64Array(count),
    y = new Float64Array(count);
  for (let row = 0; row < rows; row++) {
    for (let kx = 0; kx < columns; kx++) {
      x[row * columns + kx] = kx;
      y[row * columns + kx] = row - (columns - 1);
    }
  }
  return { n, count, x, y, rows, columns };
}
