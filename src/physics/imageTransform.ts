/** Between images and their Fourier transforms, by matrix products (exact at any frequency, and quick on any device). */
import * as op from "../tensor/ops.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import type { Complex } from "./complex.ts";
import type { FrequencyGrid, RectangularGrid } from "./frequencies.ts";

/**
 * Real images from their half-plane transforms.
 *
 * @param f    complex [frequencies of `grid`, batch], unnormalised transform about pixel floor(n/2)
 * @returns [n, n, batch] (y, x, batch)
 */
export function imagesFromTransform(f: Complex, grid: RectangularGrid): Tensor {
  const { n, rows, columns } = grid;
  const batch = f.re.shape[1]!;
  const centre = Math.floor(n / 2);
  // Along y: e^(+2πi ky y/n), complex to complex, [2·y, 2·ky].
  const alongY = new Float32Array(4 * n * rows);
  for (let y = 0; y < n; y++) {
    for (let row = 0; row < rows; row++) {
      const angle = (2 * Math.PI * (row - (columns - 1)) * (y - centre)) / n;
      const c = Math.cos(angle), s = Math.sin(angle);
      alongY[y * 2 * rows + row] = c;
      alongY[y * 2 * rows + rows + row] = -s;
      alongY[(n + y) * 2 * rows + row] = s;
      alongY[(n + y) * 2 * rows + rows + row] = c;
    }
  }
  // Along x: the real part, with kx > 0 counted twice for the half plane left out, [x, 2·kx].
  const alongX = new Float32Array(2 * n * columns);
  for (let x = 0; x < n; x++) {
    for (let kx = 0; kx < columns; kx++) {
      const angle = (2 * Math.PI * kx * (x - centre)) / n;
      const weight = (kx === 0 ? 1 : 2) / (n * n);
      alongX[x * 2 * columns + kx] = weight * Math.cos(angle);
      alongX[x * 2 * columns + columns + kx] = -weight * Math.sin(angle);
    }
  }
  const both = op.concat([op.reshape(f.re, [rows, columns * batch]), op.reshape(f.im, [rows, columns * batch])], 0);
  const lines = op.matmul(constant(alongY, [2 * n, 2 * rows]), both);
  const perRow = op.transpose(op.reshape(lines, [2, n, columns * batch]), [1, 0, 2]);
  return op.matmul(constant(alongX, [n, 2 * columns]), op.reshape(perRow, [n, 2 * columns, batch]));
}

/**
 * Fourier transform of images at any frequencies, exact.
 *
 * @param images [batch, n·n], pixels y, x
 * @returns complex [frequencies, batch], unnormalised, about pixel floor(n/2)
 */
export function transformOfImages(images: Tensor, n: number, grid: FrequencyGrid): Complex {
  const centre = Math.floor(n / 2);
  const matrix = new Float32Array(2 * grid.count * n * n);
  const half = grid.count * n * n;
  for (let i = 0; i < grid.count; i++) {
    for (let y = 0; y < n; y++) {
      for (let x = 0; x < n; x++) {
        const angle = (2 * Math.PI * (grid.x[i]! * (x - centre) + grid.y[i]! * (y - centre))) / n;
        matrix[(i * n + y) * n + x] = Math.cos(angle);
        matrix[half + (i * n + y) * n + x] = -Math.sin(angle);
      }
    }
  }
  const both = op.matmul(constant(matrix, [2 * grid.count, n * n]), op.matrixTranspose(images));
  return { re: op.slice(both, 0, 0, grid.count), im: op.slice(both, 0, grid.count, 2 * grid.count) };
}

/**
 * The matrix W with which W·image·Wᵀ is the image on m×m pixels that are `step` times as large, values kept and centres
 * (pixel floor(edge/2)) on each other. The image is taken as its band-limited periodic interpolation; frequencies at and
 * beyond the old or the new Nyquist frequency are dropped. With the default step n/m the field of view stays (Fourier
 * cropping for m < n, padding for m > n); with another it should shrink, as beyond its edge the image repeats itself.
 *
 * @returns row-major [m, n]
 */
export function resamplingMatrix(n: number, m: number, step = n / m): Float32Array {
  const out = new Float32Array(m * n);
  if (m === n && step === 1) {
    for (let a = 0; a < n; a++) out[a * n + a] = 1; // nothing to drop, the Nyquist frequency neither
    return out;
  }
  const reach = Math.ceil(Math.min(n / 2, n / (2 * step)) - 1e-9) - 1;
  for (let a = 0; a < m; a++) {
    for (let x = 0; x < n; x++) {
      const distance = ((a - Math.floor(m / 2)) * step - (x - Math.floor(n / 2))) / n;
      let value = 1;
      for (let k = 1; k <= reach; k++) value += 2 * Math.cos(2 * Math.PI * k * distance);
      out[a * n + x] = value / n;
    }
  }
  return out;
}

/** Images [batch, n, n] resampled to [batch, m, m], see `resamplingMatrix`. */
export function resampleImages(images: Tensor, m: number, step?: number): Tensor {
  const n = images.shape[1]!;
  const w = constant(resamplingMatrix(n, m, step), [m, n]);
  return op.matmul(op.matmul(w, images), op.matrixTranspose(w));
}
