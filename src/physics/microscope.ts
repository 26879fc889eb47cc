/**
 * The microscope, as the textbook writes it: volume → rotate and project → shift → CTF → noise, for a batch of
 * particles at once. Up to the CTF everything happens at chosen frequencies of the image's Fourier transform; the
 * detector's noise comes in there too (`image`), or in pixels (`pixelImages`).
 */
import * as op from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { addComplex, type Complex, scaleComplex } from "./complex.ts";
import { type CtfParameters, ctf } from "./ctf.ts";
import type { FrequencyGrid, RectangularGrid } from "./frequencies.ts";
import { imagesInRows } from "./imageTransform.ts";
import { centralSlices, slicesOfEach } from "./project.ts";
import { shift } from "./shift.ts";

/** One batch of exposures. */
export interface Exposure<Noise = Complex> {
  /** Poses, [batch, 3, 3]. */
  rotations: Tensor;
  /** Of several volumes in the table the one that each image shows, [batch]; absent: the first. */
  of?: readonly number[];
  /**
   * Of a molecule that moves, V₀ + Σ z_j·V_j, z of each image, [components, batch]: the table holds the mean, then the
   * components. Absent: it does not move.
   */
  motion?: Tensor;
  /** In units of the box, [2, batch]; absent: the particles are centred. */
  shifts?: Tensor;
  /** What the CTFs depend on, [1, batch] each. */
  optics: CtfParameters<Tensor>;
  /** Factor of the signal, [1, batch] or [frequencies, batch]; absent: 1. Where it is 0 there is no particle. */
  contrast?: Tensor;
  /** Noise of the detector; absent: a perfect one. */
  noise?: Noise;
}

/**
 * Images of a volume, by their Fourier transforms.
 *
 * @param table       the volume's padded transform, from `fourierTable`
 * @param exposure    what was imaged and how; noise [frequencies, batch]
 * @param grid        image frequencies in Fourier pixels
 * @param boxAngstrom edge of the box
 * @returns the images and the CTF they were taken with, [frequencies, batch]
 */
export function image(
  table: Tensor,
  exposure: Exposure,
  grid: FrequencyGrid,
  boxAngstrom: number,
): { image: Complex; ctf: Tensor } {
  const { signal, transfer } = signalAtDetector(table, exposure, grid, boxAngstrom);
  return { image: exposure.noise ? addComplex(signal, exposure.noise) : signal, ctf: transfer };
}

/**
 * The same images in pixels. Their noise may have all frequencies of the pixels, the signal has those below the Nyquist
 * frequency.
 *
 * @param table       the volume's padded transform, from `fourierTable`
 * @param exposure    what was imaged and how; noise [batch, n·n]
 * @param grid        all frequencies of n×n pixels
 * @param boxAngstrom edge of the box
 * @returns [batch, n·n], pixels y, x
 */
export function pixelImages(
  table: Tensor,
  exposure: Exposure<Tensor>,
  grid: RectangularGrid,
  boxAngstrom: number,
): Tensor {
  const { signal } = signalAtDetector(table, exposure, grid, boxAngstrom),
    pixels = imagesInRows(signal, grid);
  return exposure.noise ? op.add(pixels, exposure.noise) : pixels;
}

/** Slices of V₀ + Σ z_j·V_j, which are the same sum of theirs. @param motion z, [components, batch] */
function movingSlices(table: Tensor, rotations: Tensor, motion: Tensor, grid: FrequencyGrid): Complex {
  const [components, batch] = motion.shape as [number, number],
    all = slicesOfEach(table, rotations, grid, 1 + components);
  const own = (x: Tensor, j: number): Tensor => op.slice(x, 1, j * batch, (j + 1) * batch),
    sum = (x: Tensor): Tensor =>
      Array.from({ length: components }, (_, j) => op.mul(own(x, 1 + j), op.slice(motion, 0, j, j + 1))).reduce(
        op.add,
        own(x, 0),
      );
  return { re: sum(all.re), im: sum(all.im) };
}

/** All that comes before the noise: volume → rotate and project → shift → CTF. */
function signalAtDetector(
  table: Tensor,
  { rotations, of, motion, shifts, optics, contrast }: Exposure<unknown>,
  grid: FrequencyGrid,
  boxAngstrom: number,
): { signal: Complex; transfer: Tensor } {
  const projection = motion ? movingSlices(table, rotations, motion, grid) : centralSlices(table, rotations, grid, of);
  const shifted = shifts ? shift(projection, shifts, grid) : projection;
  const transfer = ctf(optics, grid, boxAngstrom);
  return { signal: scaleComplex(shifted, contrast ? op.mul(transfer, contrast) : transfer), transfer };
}
