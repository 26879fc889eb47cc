/** Fourier transforms of real images and volumes about point floor(n/2), all coefficients in FFT order. */
import { signedFrequency } from "./fft.ts";
import { emptySpectrum, type HalfSpectrum, halfSpectrum, inThree, inverseOfHalf, type Three } from "./halfSpectrum.ts";

const halves = (edges: Three): Three => edges.map((n) => Math.floor(n / 2)) as unknown as Three;

/** Where kx = 0 of a row is. */
const rowOf = ([reachZ, reachY, reachX]: Three, kz: number, ky: number): number =>
  ((kz + reachZ) * (2 * reachY + 1) + ky + reachY) * (reachX + 1);

/**
 * Fourier transform of a real image or volume (one to three dimensions, row-major) whose origin is at floor(n/2):
 * F(k) = sum_x f(x) exp(-2 pi i k (x - floor(n/2)) / n), in FFT order (zero frequency first).
 *
 * @param furthest the largest frequency wanted: there are 2 furthest + 1 coefficients along each axis; default: all n
 */
export function centeredTransform(
  data: ArrayLike<number>,
  shape: readonly number[],
  furthest = Infinity,
): { re: Float64Array; im: Float64Array } {
  const edges = inThree(shape).map((n) => Math.min(n, 2 * furthest + 1)) as unknown as Three,
    [nz, ny, nx] = edges,
    reach = halves(edges),
    kept = halfSpectrum(data, inThree(shape), reach);
  const re = new Float64Array(nz * ny * nx),
    im = new Float64Array(re.length);
  for (let z = 0, to = 0; z < nz; z++) {
    const kz = signedFrequency(z, nz);
    for (let y = 0; y < ny; y++, to += nx) {
      const ky = signedFrequency(y, ny),
        here = rowOf(reach, kz, ky),
        opposite = rowOf(reach, -kz, -ky);
      for (let x = 0; 2 * x < nx; x++) {
        re[to + x] = kept.re[here + x]!;
        im[to + x] = kept.im[here + x]!;
      }
      for (let kx = 1; 2 * kx <= nx; kx++) {
        re[to + nx - kx] = kept.re[opposite + kx]!;
        im[to + nx - kx] = -kept.im[opposite + kx]!;
      }
    }
  }
  return { re, im };
}

/**
 * Inverse of `centeredTransform`, on any grid that holds its frequencies: those that are not given are zero.
 *
 * @param re, im coefficients of real numbers; of those of kx < 0 only the mates are read
 * @param edges  how many there are along each axis
 * @param shape  of the image or volume
 * @param out    what it is written to
 */
export function centeredInverse<T extends Float32Array | Float64Array = Float64Array>(
  re: Float64Array,
  im: Float64Array,
  edges: readonly number[],
  shape = edges,
  out = new Float64Array(shape.reduce((a, b) => a * b, 1)) as T,
): T {
  return inverseOfHalf(halfOf(re, im, inThree(edges)), inThree(shape), out);
}

function halfOf(re: Float64Array, im: Float64Array, edges: Three): HalfSpectrum {
  const [nz, ny, nx] = edges,
    reach = halves(edges),
    [reachZ, reachY, reachX] = reach,
    half = emptySpectrum(reach);
  for (let kz = -reachZ; kz <= reachZ; kz++)
    for (let ky = -reachY; ky <= reachY; ky++) {
      const from = (((kz + nz) % nz) * ny + ((ky + ny) % ny)) * nx,
        to = rowOf(reach, kz, ky);
      for (let kx = 0; kx <= reachX; kx++) {
        half.re[to + kx] = re[from + kx]!;
        half.im[to + kx] = im[from + kx]!;
      }
    }
  return half;
}
