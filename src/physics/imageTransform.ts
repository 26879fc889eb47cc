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
 * Fourier transform of images at any frequencies, exact. The even part of an image about its centre gives the real part of the transform, the
 * odd part the imaginary part, so that half of the pixels do for each.
 *
 * @param images [batch, n·n], pixels y, x
 * @returns complex [frequencies, batch], unnormalised, about pixel floor(n/2)
 */
export function transformOfImages(images: Tensor, n: number, grid: FrequencyGrid): Complex {
  const centre = Math.floor(n / 2), batch = images.shape[0]!;
  // One of each pair of opposite pixels; those on the border of an even box have no partner, in place of which stands a pixel of 0.
  const pixels: number[] = [], partners: number[] = [];
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      const [oppositeY, oppositeX] = [2 * centre - y, 2 * centre - x];
      const partner = oppositeY < n && oppositeX < n ? oppositeY * n + oppositeX : n * n;
      if (partner < y * n + x) continue;
      pixels.push(y * n + x);
      partners.push(partner === y * n + x ? n * n : partner); // the central pixel counts once
    }
  }
  const half = pixels.length;
  const cosine = new Float32Array(grid.count * half), sine = new Float32Array(grid.count * half);
  for (let i = 0; i < grid.count; i++) {
    pixels.forEach((pixel, j) => {
      const angle = (2 * Math.PI * (grid.x[i]! * ((pixel % n) - centre) + grid.y[i]! * (Math.floor(pixel / n) - centre))) / n;
      cosine[i * half + j] = Math.cos(angle);
      sine[i * half + j] = -Math.sin(angle);
    });
  }
  const columns = op.concat([op.matrixTranspose(images), op.zeros([1, batch])], 0);
  const [first, second] = [pixels, partners].map((list) => op.gather(columns, constant(list, [half], "int32"))) as [Tensor, Tensor];
  return {
    re: op.matmul(constant(cosine, [grid.count, half]), op.add(first, second)),
    im: op.matmul(constant(sine, [grid.count, half]), op.sub(first, second)),
  };
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
