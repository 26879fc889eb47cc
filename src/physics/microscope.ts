/**
 * The microscope, as the textbook writes it: volume → rotate and project → shift → CTF → noise.
 * Everything happens at chosen frequencies of the image's Fourier transform, for a batch of particles at once.
 */
import type { Tensor } from "../tensor/tensor.ts";
import { addComplex, type Complex, scaleComplex } from "./complex.ts";
import { type CtfParameters, ctf } from "./ctf.ts";
import type { FrequencyGrid } from "./frequencies.ts";
import { centralSlices } from "./project.ts";
import { shift } from "./shift.ts";

/** One batch of exposures. */
export interface Exposure {
  /** Poses, [batch, 3, 3]. */
  rotations: Tensor;
  /** In units of the box, [2, batch]; absent: the particles are centred. */
  shifts?: Tensor;
  /** What the CTFs depend on, [1, batch] each. */
  optics: CtfParameters<Tensor>;
  /** Noise, complex [frequencies, batch]; absent: a perfect detector. */
  noise?: Complex;
}

/**
 * Images of a volume, by their Fourier transforms.
 *
 * @param table       the volume's padded transform, from `fourierTable`
 * @param exposure    what was imaged and how
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
  const projection = centralSlices(table, exposure.rotations, grid);
  const centred = exposure.shifts ? shift(projection, exposure.shifts, grid) : projection;
  const transfer = ctf(exposure.optics, grid, boxAngstrom);
  const signal = scaleComplex(centred, transfer);
  return { image: exposure.noise ? addComplex(signal, exposure.noise) : signal, ctf: transfer };
}
