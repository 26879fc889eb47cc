/** The microscope's contrast transfer function. */
import type { Optics } from "../base/types.ts";
import * as op from "../tensor/ops.ts";
import { constant, input, type Shape, type Tensor } from "../tensor/tensor.ts";
import type { FrequencyGrid } from "./frequencies.ts";

/**
 * What the CTF of a particle depends on, by name. With s the spatial frequency (1/Å) at angle φ, the phase
 *
 *   χ = πλ s² [ (U+V)/2 + (U-V)/2 · cos 2(φ-θ) ] - (π/2) Cs λ³ s⁴ + phase shift + asin(amplitude contrast)
 *
 * is linear in five of them. `T` is what stands for each: the numbers of some particles, or a tensor [1, batch].
 *
 * @see Rohou & Grigorieff (2015) J. Struct. Biol. 192, 216, eqs. 3-5
 */
export interface CtfParameters<T> {
  /** πλ (U+V)/2, Å²: the phase per s². */
  defocus: T;
  /** πλ (U-V)/2 · cos 2θ, Å²: the phase per s² cos 2φ. */
  astigmatismCosine: T;
  /** πλ (U-V)/2 · sin 2θ, Å²: the phase per s² sin 2φ. */
  astigmatismSine: T;
  /** -(π/2) Cs λ³, Å⁴: the phase per s⁴. */
  sphericalAberration: T;
  /** Phase shift + asin(amplitude contrast), radians: the phase at s = 0. */
  phaseAtZero: T;
  /** -B/4, Å²: the logarithm of the envelope per s². */
  envelope: T;
  /** 1 where the image's phases were flipped, so that its transfer function is |CTF|, else 0. */
  phaseFlipped: T;
}

/** One of each parameter. */
function forEachParameter<T>(make: (name: keyof CtfParameters<T>) => T): CtfParameters<T> {
  return {
    defocus: make("defocus"),
    astigmatismCosine: make("astigmatismCosine"),
    astigmatismSine: make("astigmatismSine"),
    sphericalAberration: make("sphericalAberration"),
    phaseAtZero: make("phaseAtZero"),
    envelope: make("envelope"),
    phaseFlipped: make("phaseFlipped"),
  };
}

/**
 * Inputs of a program, [1, batch] each, which `ctfParameters` feeds.
 * @param make makes an input, where its name is to be another than that of the parameter
 */
export const ctfInputs = (batch: number, make: (name: string, shape: Shape) => Tensor = input): CtfParameters<Tensor> =>
  forEachParameter((name) => make(name, [1, batch]));

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
 * The parameters of some particles.
 *
 * @param optics    per-particle optics, Å, mm, kV, radians
 * @param particles which of them
 * @returns one number per particle
 */
export function ctfParameters(optics: Optics, particles: ArrayLike<number>): CtfParameters<Float32Array> {
  const each = Array.from(particles, (i) => parametersOf(optics, i));
  return forEachParameter((name) => Float32Array.from(each, (parameters) => parameters[name]));
}

function parametersOf(optics: Optics, i: number): CtfParameters<number> {
  const lambda = electronWavelengthAngstrom(optics.voltageKv[i]!);
  const mean = (optics.defocusUAngstrom[i]! + optics.defocusVAngstrom[i]!) / 2;
  const half = (optics.defocusUAngstrom[i]! - optics.defocusVAngstrom[i]!) / 2;
  const theta = optics.astigmatismAngle[i]!;
  const csAngstrom = optics.sphericalAberrationMm[i]! * 1e7;
  return {
    defocus: Math.PI * lambda * mean,
    astigmatismCosine: Math.PI * lambda * half * Math.cos(2 * theta),
    astigmatismSine: Math.PI * lambda * half * Math.sin(2 * theta),
    sphericalAberration: -(Math.PI / 2) * csAngstrom * lambda ** 3,
    phaseAtZero: optics.phaseShift[i]! + Math.asin(optics.amplitudeContrast[i]!),
    envelope: -optics.bFactorAngstrom2[i]! / 4,
    phaseFlipped: optics.phaseFlipped?.[i] ?? 0,
  };
}

/**
 * Contrast transfer function of a weak-phase object, CTF = sin χ · exp(-B s²/4); of an image whose phases were flipped,
 * |CTF|.
 *
 * The sign is that of RELION, whose particles are bright on dark: positive at low frequency for underfocus.
 *
 * @param parameters  [1, batch] each
 * @param grid        image frequencies in Fourier pixels
 * @param boxAngstrom edge of the box, so that s = k / boxAngstrom
 * @returns [frequencies, batch]
 * @see Rohou & Grigorieff (2015) J. Struct. Biol. 192, 216, eqs. 3-5; RELION's ctf.h
 */
export function ctf(parameters: CtfParameters<Tensor>, grid: FrequencyGrid, boxAngstrom: number): Tensor {
  const { defocus, astigmatismCosine, astigmatismSine, sphericalAberration, phaseAtZero, envelope, phaseFlipped } =
    parameters;
  /** Σ parameter · its factor, a function of the frequency (x, y) in 1/Å. */
  const sumOf = (...terms: [parameter: Tensor, factor: (x: number, y: number) => number][]): Tensor => {
    const factors = new Float32Array(terms.length * grid.count);
    for (let i = 0; i < grid.count; i++)
      terms.forEach(([, factor], t) => {
        factors[terms.length * i + t] = factor(grid.x[i]! / boxAngstrom, grid.y[i]! / boxAngstrom);
      });
    const together = op.concat(
      terms.map(([parameter]) => parameter),
      0,
    );
    return op.matmul(constant(factors, [grid.count, terms.length]), together);
  };
  const phase = sumOf(
    [defocus, (x, y) => x * x + y * y],
    [astigmatismCosine, (x, y) => x * x - y * y], // s² cos 2φ
    [astigmatismSine, (x, y) => 2 * x * y], // s² sin 2φ
    [sphericalAberration, (x, y) => (x * x + y * y) * (x * x + y * y)],
    [phaseAtZero, () => 1],
  );
  const transfer = op.sin(phase),
    magnitude = op.add(transfer, op.mul(phaseFlipped, op.sub(op.abs(transfer), transfer)));
  return op.mul(magnitude, op.exp(sumOf([envelope, (x, y) => x * x + y * y])));
}

/**
 * The same by plain numbers, for a particle: a function of the frequency (x, y) in 1/Å.
 *
 * @param optics per-particle optics, Å, mm, kV, radians
 */
export function contrastTransfer(optics: Optics, particle: number): (x: number, y: number) => number {
  const p = parametersOf(optics, particle);
  return (x, y) => {
    const s2 = x * x + y * y;
    const phase =
      p.defocus * s2 +
      p.astigmatismCosine * (x * x - y * y) +
      p.astigmatismSine * 2 * x * y +
      p.sphericalAberration * s2 * s2 +
      p.phaseAtZero;
    const transfer = Math.sin(phase);
    return (p.phaseFlipped ? Math.abs(transfer) : transfer) * Math.exp(p.envelope * s2);
  };
}
