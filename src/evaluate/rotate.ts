import type { Volume } from "../base/types.ts";
import { emptySpectrum, halfSpectrum, inverseOfHalf } from "../numeric/halfSpectrum.ts";
import type { Matrix3 } from "../physics/rotations.ts";
import { cubeEdge } from "./shells.ts";

/** As `HalfSpectrum`, with real and imaginary parts side by side and in 32 bits: reading it here and there is slow. */
export interface PaddedSpectrum {
  /** [2 half + 1, 2 half + 1, half + 1, 2] */
  values: Float32Array;
  half: number;
}

/**
 * Spectrum of a cubic map padded with zeros to twice its edge: coefficient k is the transform at k / 2 Fourier pixels
 * of the map. The map is divided beforehand by sinc^2(x / 2n) along each axis, the apodisation that trilinear
 * interpolation of the padded transform causes ("gridding correction", as in RELION's projector). Coefficients are
 * interpolable up to |k| = reach Fourier pixels of the map. Throws InputError when the map is not a cube.
 */
export function paddedSpectrum(volume: Volume, reach: number): PaddedSpectrum {
  const n = cubeEdge(volume);
  const padded = 2 * n;
  const centre = Math.floor(n / 2);
  const correction = Float64Array.from({ length: n }, (_, i) => {
    const u = (Math.PI * (i - centre)) / padded;
    return u === 0 ? 1 : (u / Math.sin(u)) ** 2;
  });
  const half = Math.min(n - 1, Math.ceil(2 * reach) + 1),
    window = [correction, correction, correction] as const,
    { re, im } = halfSpectrum(volume.data, volume.shape, [half, half, half], [padded, padded, padded], window);
  const values = new Float32Array(2 * re.length);
  for (let i = 0; i < re.length; i++) {
    values[2 * i] = re[i]!;
    values[2 * i + 1] = im[i]!;
  }
  return { values, half };
}

/**
 * Trilinear interpolation of a padded spectrum at kx, ky, kz = `at`, in Fourier pixels of the unpadded grid; the result
 * goes to out[0] + i out[1], zero outside the sampled cube. (Numbers as arguments would go to the heap at each call.)
 */
export function interpolate(spectrum: PaddedSpectrum, at: Float64Array, out: Float64Array): void {
  const kx = at[0]!,
    ky = at[1]!,
    kz = at[2]!;
  const { values, half } = spectrum;
  const row = 2 * (half + 1),
    edge = 2 * half + 1;
  const side = kx < 0 ? -1 : 1; // the coefficient opposite is the complex conjugate
  const x = 2 * side * kx,
    y = 2 * side * ky + half,
    z = 2 * side * kz + half;
  const x0 = Math.floor(x),
    y0 = Math.floor(y),
    z0 = Math.floor(z);
  if (y0 < 0 || z0 < 0 || x0 >= half || y0 >= edge - 1 || z0 >= edge - 1) {
    out[0] = 0;
    out[1] = 0;
    return;
  }
  const fx = x - x0,
    fy = y - y0,
    fz = z - z0;
  const i = (z0 * edge + y0) * row + 2 * x0;
  const j = i + row,
    k = i + edge * row,
    l = k + row;
  const w00 = (1 - fz) * (1 - fy),
    w01 = (1 - fz) * fy,
    w10 = fz * (1 - fy),
    w11 = fz * fy;
  const gx = 1 - fx;
  out[0] =
    gx * (w00 * values[i]! + w01 * values[j]! + w10 * values[k]! + w11 * values[l]!) +
    fx * (w00 * values[i + 2]! + w01 * values[j + 2]! + w10 * values[k + 2]! + w11 * values[l + 2]!);
  out[1] =
    side *
    (gx * (w00 * values[i + 1]! + w01 * values[j + 1]! + w10 * values[k + 1]! + w11 * values[l + 1]!) +
      fx * (w00 * values[i + 3]! + w01 * values[j + 3]! + w10 * values[k + 3]! + w11 * values[l + 3]!));
}

/**
 * The map mirrored in x about voxel floor(n/2), as `relion_image_handler --invert_hand` does: other hand, same centre.
 */
export function mirrorX(volume: Volume): Volume {
  const nx = volume.shape[2];
  const twiceCentre = 2 * Math.floor(nx / 2);
  const data = new Float32Array(volume.data.length);
  for (let row = 0; row < data.length; row += nx) {
    for (let x = 0; x < nx; x++) data[row + x] = volume.data[row + ((twiceCentre - x) % nx)]!;
  }
  return { ...volume, data };
}

/**
 * Where a map is put: mirrored in x or not, rotated about voxel floor(n/2), then shifted. The first plane of an even
 * box, which has no opposite in it, is mirrored to behind the last.
 */
export interface Turn {
  mirrored: boolean;
  /** Acts on columns (x, y, z). */
  rotation: Matrix3;
  shiftVoxels: readonly [number, number, number];
}

/**
 * The map rotated about voxel floor(n/2), then shifted: out(x) = map(R^T (x - shift)), with x in voxels from that
 * centre and R acting on columns (x, y, z).
 *
 * Interpolated in Fourier space (see `paddedSpectrum`); coefficients beyond the Nyquist sphere are dropped. For density
 * within half the box edge of the centre the result correlates with the exact one to better than 0.99 in every shell
 * that carries signal (test/evaluate/rotate.test.ts).
 *
 * @param lastShell what lies beyond is dropped, too: turning spreads a little of a map beyond the last shell it holds
 * @throws {InputError} when the map is not a cube
 */
export function rotateVolume(
  volume: Volume,
  rotation: Matrix3,
  shiftVoxels: readonly [number, number, number],
  lastShell = Infinity,
): Volume {
  const spectrum = spectrumToTurn(volume, lastShell);
  return turnSpectrum(spectrum, volume, { mirrored: false, rotation, shiftVoxels }, lastShell);
}

/** What `turnSpectrum` reads of a map. @throws {InputError} when it is not a cube */
export const spectrumToTurn = (volume: Volume, lastShell = Infinity): PaddedSpectrum =>
  paddedSpectrum(volume, Math.min(cubeEdge(volume) / 2, lastShell + 0.5));

/**
 * As `rotateVolume`, for a map whose spectrum is there; mirrored first, where that is asked for.
 * @param grid of the map
 */
export function turnSpectrum(
  spectrum: PaddedSpectrum,
  grid: Omit<Volume, "data">,
  { mirrored, rotation, shiftVoxels }: Turn,
  lastShell = Infinity,
): Volume {
  const n = grid.shape[0],
    flip = mirrored ? -1 : 1;
  const reach = Math.min(Math.ceil(n / 2) - 1, lastShell),
    turned = emptySpectrum([reach, reach, reach]);
  const at = new Float64Array(3),
    value = new Float64Array(2);
  const limit = Math.min((n / 2) ** 2, (lastShell + 0.5) ** 2);
  let i = 0;
  for (let kz = -reach; kz <= reach; kz++) {
    for (let ky = -reach; ky <= reach; ky++) {
      for (let kx = 0; kx <= reach; kx++, i++) {
        if (kx * kx + ky * ky + kz * kz >= limit) continue;
        at[0] = flip * (rotation[0]! * kx + rotation[3]! * ky + rotation[6]! * kz);
        at[1] = rotation[1]! * kx + rotation[4]! * ky + rotation[7]! * kz;
        at[2] = rotation[2]! * kx + rotation[5]! * ky + rotation[8]! * kz;
        interpolate(spectrum, at, value);
        const phase = (-2 * Math.PI * (kx * shiftVoxels[0] + ky * shiftVoxels[1] + kz * shiftVoxels[2])) / n;
        const c = Math.cos(phase),
          s = Math.sin(phase);
        turned.re[i] = value[0]! * c - value[1]! * s;
        turned.im[i] = value[0]! * s + value[1]! * c;
      }
    }
  }
  return { ...grid, data: inverseOfHalf(turned, grid.shape, new Float32Array(n ** 3)) };
}
