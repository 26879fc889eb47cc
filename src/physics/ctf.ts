/** The microscope's contrast transfer function. */
import type { Optics } from "../base/types.ts";
import * as op from "../tensor/ops.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import type { FrequencyGrid } from "./frequencies.ts";

/**
 * Numbers per particle that `ctf` needs: five of the phase, one of the envelope, and whether the image's phases were
 * flipped.
 */
export const ctfTerms = 7;

/**
 * Wavelength of an electron, relativistic.
 * @param voltageKv acceleration voltage
 * @returns Å
 * @see Rohou & Grigorieff (2015) J. Struct. Biol. 192, 216; constants as in RELION's ctf.cpp
 */
export function electronWavelengthAngstrom(voltageKv: number): number {
  const volts = voltageKv * 1e3;
  return 12.2643247 / Math.sqrt(volts * (1 + volts * 0.978466e-6));
}

/**
 * The particle-dependent factors of the CTF's phase. With s the spatial frequency (1/Å) at angle φ,
 *
 *   χ = πλ s² [ (U+V)/2 + (U-V)/2 · cos 2(φ-θ) ] - (π/2) Cs λ³ s⁴ + phase shift + asin(amplitude contrast)
 *
 * is linear in these factors: s², s² cos 2φ, s² sin 2φ, s⁴ and 1 times one number each.
 *
 * @param optics    per-particle optics, Å, mm, kV, radians
 * @param particles which of them
 * @returns [7, batch], the five factors, -B/4, and 1 for a phase-flipped image, else 0
 * @see Rohou & Grigorieff (2015) J. Struct. Biol. 192, 216, eqs. 3-5
 */
export function ctfCoefficients(optics: Optics, particles: ArrayLike<number>): Float32Array {
  const batch = particles.length;
  const out = new Float32Array(ctfTerms * batch);
  for (let b = 0; b < batch; b++) {
    const i = particles[b]!;
    const lambda = electronWavelengthAngstrom(optics.voltageKv[i]!);
    const mean = (optics.defocusUAngstrom[i]! + optics.defocusVAngstrom[i]!) / 2;
    const half = (optics.defocusUAngstrom[i]! - optics.defocusVAngstrom[i]!) / 2;
    const theta = optics.astigmatismAngle[i]!;
    const csAngstrom = optics.sphericalAberrationMm[i]! * 1e7;
    out[b] = Math.PI * lambda * mean;
    out[batch + b] = Math.PI * lambda * half * Math.cos(2 * theta);
    out[2 * batch + b] = Math.PI * lambda * half * Math.sin(2 * theta);
    out[3 * batch + b] = -(Math.PI / 2) * csAngstrom * lambda ** 3;
    out[4 * batch + b] = optics.phaseShift[i]! + Math.asin(optics.amplitudeContrast[i]!);
    out[5 * batch + b] = -optics.bFactorAngstrom2[i]! / 4;
    out[6 * batch + b] = optics.phaseFlipped?.[i] ?? 0;
  }
  return out;
}

/**
 * Contrast transfer function of a weak-phase object, CTF = sin χ · exp(-B s²/4); of an image whose phases were flipped,
 * |CTF|.
 *
 * The sign is that of RELION, whose particles are bright on dark: positive at low frequency for underfocus.
 *
 * @param coefficients [7, batch], from `ctfCoefficients`
 * @param grid         image frequencies in Fourier pixels
 * @param boxAngstrom  edge of the box, so that s = k / boxAngstrom
 * @returns [frequencies, batch]
 * @see Rohou & Grigorieff (2015) J. Struct. Biol. 192, 216, eqs. 3-5; RELION's ctf.h
 */
export function ctf(coefficients: Tensor, grid: FrequencyGrid, boxAngstrom: number): Tensor {
  const basis = new Float32Array(5 * grid.count);
  const s2 = new Float32Array(grid.count);
  for (let i = 0; i < grid.count; i++) {
    const x = grid.x[i]! / boxAngstrom,
      y = grid.y[i]! / boxAngstrom;
    const r2 = x * x + y * y;
    basis.set([r2, x * x - y * y, 2 * x * y, r2 * r2, 1], 5 * i); // s² cos 2φ = x² - y², s² sin 2φ = 2xy
    s2[i] = r2;
  }
  const phase = op.matmul(constant(basis, [grid.count, 5]), op.slice(coefficients, 0, 0, 5));
  const envelope = op.exp(op.matmul(constant(s2, [grid.count, 1]), op.slice(coefficients, 0, 5, 6)));
  const transfer = op.sin(phase),
    flipped = op.slice(coefficients, 0, 6, 7);
  return op.mul(op.add(transfer, op.mul(flipped, op.sub(op.abs(transfer), transfer))), envelope);
}
