import { InputError } from "../base/errors.ts";
import type { Volume } from "../base/types.ts";
import { centeredInverse, centeredTransform } from "../numeric/centredTransform.ts";
import { signedFrequency } from "../numeric/fft.ts";

/** Complex Fourier coefficients of a cubic volume, FFT order, phases relative to voxel floor(n/2). */
export interface Spectrum {
  re: Float64Array;
  im: Float64Array;
  /** Coefficients along each axis: the volume's edge, or fewer where fine ones were left out. */
  boxSize: number;
}

/** Edge of a cubic volume in voxels. Throws InputError when it is not a cube; `name` is how the message calls it. */
export function cubeEdge(volume: Volume, name = "the map"): number {
  const [nz, ny, nx] = volume.shape;
  if (nz !== ny || ny !== nx) {
    throw new InputError(`${name} has ${nx} x ${ny} x ${nz} voxels; a cubic box is needed: pad or crop it first`);
  }
  return nx;
}

/**
 * Spectrum of a cubic volume.
 * @param lastShell what lies beyond is left out; default: nothing is
 * @throws {InputError} when it is not a cube
 */
export function spectrumOf(volume: Volume, lastShell = Infinity): Spectrum {
  const boxSize = Math.min(cubeEdge(volume), 2 * lastShell + 1);
  return { ...centeredTransform(volume.data, volume.shape, lastShell), boxSize };
}

/** The density of n³ voxels with that spectrum. */
export function densityOf({ re, im, boxSize }: Spectrum, n: number): Float32Array {
  return centeredInverse(re, im, [boxSize, boxSize, boxSize], [n, n, n], new Float32Array(n ** 3));
}

/** Where a coefficient stands in a cube of that edge, in FFT order. */
export const indexOf = (kx: number, ky: number, kz: number, edge: number): number =>
  (((kz + edge) % edge) * edge + ((ky + edge) % edge)) * edge + ((kx + edge) % edge);

/**
 * Calls `visit(index, shell)` for every coefficient of a cube of edge n, where shell = round(|k|) in Fourier pixels
 * (shells 1 Fourier pixel wide, centred on whole numbers, as RELION bins them); corners beyond the Nyquist shell
 * included.
 */
export function forEachCoefficient(
  n: number,
  visit: (index: number, shell: number, kx: number, ky: number, kz: number) => void,
): void {
  let index = 0;
  for (let z = 0; z < n; z++) {
    const kz = signedFrequency(z, n);
    for (let y = 0; y < n; y++) {
      const ky = signedFrequency(y, n);
      for (let x = 0; x < n; x++) {
        const kx = signedFrequency(x, n);
        visit(index++, Math.round(Math.sqrt(kx * kx + ky * ky + kz * kz)), kx, ky, kz);
      }
    }
  }
}
