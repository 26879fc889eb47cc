import type { Volume } from "../base/types.ts";
import { centeredInverse, signedFrequency, transformAxis } from "../numeric/fft.ts";
import type { Matrix3 } from "../physics/rotations.ts";
import { cubeEdge } from "./shells.ts";

/**
 * The centred Fourier transform of a cubic map of edge n, sampled twice as finely as its own grid, out to `reach`
 * Fourier pixels of that grid. Entry (a, b, c) of the cube of edge 2 half + 1 is the transform at ((c, b, a) - half) /
 * 2 pixels.
 */
export interface PaddedSpectrum {
  re: Float32Array;
  im: Float32Array;
  half: number;
}

/**
 * Spectrum of a map padded with zeros to twice its edge. The map is divided beforehand by sinc^2(x / 2n) along each
 * axis, the apodisation that trilinear interpolation of the padded transform causes ("gridding correction", as in
 * RELION's projector). Coefficients are interpolable up to |k| = reach. Throws InputError when the map is not a cube.
 */
export function paddedSpectrum(volume: Volume, reach: number): PaddedSpectrum {
  const n = cubeEdge(volume);
  const padded = 2 * n;
  const centre = Math.floor(n / 2);
  const correction = Float64Array.from({ length: n }, (_, i) => {
    const u = (Math.PI * (i - centre)) / padded;
    return u === 0 ? 1 : (u / Math.sin(u)) ** 2;
  });
  const half = Math.min(n - 1, Math.ceil(2 * reach) + 1);
  const edge = 2 * half + 1,
    columns = half + 1;
  /** Place of a position or a frequency on a line, counted from its centre. */
  const place = (k: number): number => (k + padded) % padded;

  // Of each plane z the transform at kx = 0 … half, [z, ky, kx]. Two planes are the real and the imaginary part of one,
  // F = A + iB, so that A(k) = (F(k) + F(-k)*)/2 and B(k) = (F(k) - F(-k)*)/2i. Lines of zeros are left out.
  const planesRe = new Float64Array(n * edge * columns),
    planesIm = new Float64Array(n * edge * columns);
  const rowsRe = new Float64Array(n * padded),
    rowsIm = new Float64Array(n * padded),
    planeRe = new Float64Array(padded * edge),
    planeIm = new Float64Array(padded * edge);
  for (let z = 0; z < n; z += 2) {
    for (const part of [rowsRe, rowsIm, planeRe, planeIm]) part.fill(0);
    for (const [i, rows] of [rowsRe, rowsIm].entries()) {
      if (z + i === n) break;
      for (let y = 0; y < n; y++) {
        const scale = correction[z + i]! * correction[y]!,
          from = ((z + i) * n + y) * n;
        for (let x = 0; x < n; x++)
          rows[y * padded + place(x - centre)] = volume.data[from + x]! * correction[x]! * scale;
      }
    }
    transformAxis(rowsRe, rowsIm, padded, 1);
    for (let y = 0; y < n; y++)
      for (let kx = -half; kx <= half; kx++) {
        const from = y * padded + place(kx),
          to = place(y - centre) * edge + kx + half;
        planeRe[to] = rowsRe[from]!;
        planeIm[to] = rowsIm[from]!;
      }
    transformAxis(planeRe, planeIm, padded, edge);
    for (let ky = -half; ky <= half; ky++)
      for (let kx = 0; kx <= half; kx++) {
        const here = place(ky) * edge + half + kx,
          opposite = place(-ky) * edge + half - kx,
          first = (z * edge + ky + half) * columns + kx,
          second = first + edge * columns;
        planesRe[first] = (planeRe[here]! + planeRe[opposite]!) / 2;
        planesIm[first] = (planeIm[here]! - planeIm[opposite]!) / 2;
        if (z + 1 === n) continue;
        planesRe[second] = (planeIm[here]! + planeIm[opposite]!) / 2;
        planesIm[second] = (planeRe[opposite]! - planeRe[here]!) / 2;
      }
  }

  // Then along z; those of kx < 0 are complex conjugates.
  const re = new Float32Array(edge ** 3),
    im = new Float32Array(edge ** 3),
    last = edge ** 3 - 1;
  const lineRe = new Float64Array(padded * columns),
    lineIm = new Float64Array(padded * columns);
  for (let y = 0; y < edge; y++) {
    lineRe.fill(0);
    lineIm.fill(0);
    for (let z = 0; z < n; z++) {
      const from = (z * edge + y) * columns,
        to = place(z - centre) * columns;
      lineRe.set(planesRe.subarray(from, from + columns), to);
      lineIm.set(planesIm.subarray(from, from + columns), to);
    }
    transformAxis(lineRe, lineIm, padded, columns);
    for (let kz = -half; kz <= half; kz++)
      for (let kx = 0; kx <= half; kx++) {
        const from = place(kz) * columns + kx,
          to = ((kz + half) * edge + y) * edge + half + kx;
        re[to] = re[last - to] = lineRe[from]!;
        im[to] = lineIm[from]!;
        im[last - to] = -lineIm[from]!;
      }
  }
  return { re, im, half };
}

/**
 * Trilinear interpolation at (kx, ky, kz) Fourier pixels of the unpadded grid; the result goes to out[0] + i out[1],
 * zero outside the sampled cube.
 */
export function interpolate(spectrum: PaddedSpectrum, kx: number, ky: number, kz: number, out: Float64Array): void {
  const { re, im, half } = spectrum;
  const edge = 2 * half + 1;
  const x = 2 * kx + half,
    y = 2 * ky + half,
    z = 2 * kz + half;
  const x0 = Math.floor(x),
    y0 = Math.floor(y),
    z0 = Math.floor(z);
  if (x0 < 0 || y0 < 0 || z0 < 0 || x0 >= edge - 1 || y0 >= edge - 1 || z0 >= edge - 1) {
    out[0] = 0;
    out[1] = 0;
    return;
  }
  const fx = x - x0,
    fy = y - y0,
    fz = z - z0;
  const i = (z0 * edge + y0) * edge + x0;
  const j = i + edge,
    k = i + edge * edge,
    l = k + edge;
  const w00 = (1 - fz) * (1 - fy),
    w01 = (1 - fz) * fy,
    w10 = fz * (1 - fy),
    w11 = fz * fy;
  const gx = 1 - fx;
  out[0] =
    gx * (w00 * re[i]! + w01 * re[j]! + w10 * re[k]! + w11 * re[l]!) +
    fx * (w00 * re[i + 1]! + w01 * re[j + 1]! + w10 * re[k + 1]! + w11 * re[l + 1]!);
  out[1] =
    gx * (w00 * im[i]! + w01 * im[j]! + w10 * im[k]! + w11 * im[l]!) +
    fx * (w00 * im[i + 1]! + w01 * im[j + 1]! + w10 * im[k + 1]! + w11 * im[l + 1]!);
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
 * The map rotated about voxel floor(n/2), then shifted: out(x) = map(R^T (x - shift)), with x in voxels from that
 * centre and R acting on columns (x, y, z).
 *
 * Interpolated in Fourier space (see `paddedSpectrum`); coefficients beyond the Nyquist sphere are dropped. For density
 * within half the box edge of the centre the result correlates with the exact one to better than 0.99 in every shell
 * that carries signal (test/evaluate/rotate.test.ts). Throws InputError when the map is not a cube.
 */
export function rotateVolume(
  volume: Volume,
  rotation: Matrix3,
  shiftVoxels: readonly [number, number, number],
): Volume {
  const n = cubeEdge(volume);
  const spectrum = paddedSpectrum(volume, n / 2);
  const re = new Float64Array(n ** 3);
  const im = new Float64Array(n ** 3);
  const value = new Float64Array(2);
  const limit = (n / 2) ** 2;
  let i = 0;
  for (let z = 0; z < n; z++) {
    const kz = signedFrequency(z, n);
    for (let y = 0; y < n; y++) {
      const ky = signedFrequency(y, n);
      for (let x = 0; x < n; x++, i++) {
        const kx = signedFrequency(x, n);
        if (kx * kx + ky * ky + kz * kz >= limit) continue;
        interpolate(
          spectrum,
          rotation[0]! * kx + rotation[3]! * ky + rotation[6]! * kz,
          rotation[1]! * kx + rotation[4]! * ky + rotation[7]! * kz,
          rotation[2]! * kx + rotation[5]! * ky + rotation[8]! * kz,
          value,
        );
        const phase = (-2 * Math.PI * (kx * shiftVoxels[0] + ky * shiftVoxels[1] + kz * shiftVoxels[2])) / n;
        const c = Math.cos(phase),
          s = Math.sin(phase);
        re[i] = value[0]! * c - value[1]! * s;
        im[i] = value[0]! * s + value[1]! * c;
      }
    }
  }
  return { ...volume, data: Float32Array.from(centeredInverse(re, im, volume.shape)) };
}
