import { InputError } from "../base/errors.ts";
import type { Volume } from "../base/types.ts";
import { centeredInverse } from "../numeric/fft.ts";
import { createStream } from "../runtime/random.ts";
import { applyMask } from "./mask.ts";
import { cubeEdge, forEachCoefficient, type Spectrum, spectrumOf } from "./shells.ts";

export interface FscResult {
  boxSize: number;
  pixelSizeAngstrom: number;
  /** Spatial frequency of each shell, 1/Å: shells 1 .. floor(n/2), one Fourier pixel wide. */
  frequency: number[];
  /** 1 / frequency. */
  resolutionAngstrom: number[];
  /** Of the maps as given. */
  fsc: number[];
  /** Of the masked maps; this and the two below only when a mask was given. */
  fscMasked?: number[];
  /** Of the masked maps whose phases were randomised before masking: the correlation that the mask alone makes. */
  fscPhaseRandomised?: number[];
  /** Masked FSC corrected for the mask. */
  fscCorrected?: number[];
  /** The shell from which phases were randomised. */
  randomisedFromShell?: number;
  /** The curve that the resolutions below were read from. */
  resolutionCurve: "fsc" | "fscMasked" | "fscCorrected";
  /** First crossing of 0.5 and of 0.143; see `crossingResolution`. */
  resolution05Angstrom: number | null;
  resolution0143Angstrom: number | null;
}

export interface FscOptions {
  /** A soft mask on the same grid. */
  mask?: Volume;
  /** Estimate and remove the correlation that the mask causes (default true). */
  correctForMask?: boolean;
  /** Seed of the random phases, default 0. */
  seed?: number;
  /** Finest shell that the maps were worked at: what lies beyond (the trace of a mask) counts as 0. */
  finestShell?: number;
}

/**
 * Fourier shell correlation of two cubic maps on the same grid (Harauz & van Heel, Optik 73, 146, 1986):
 *   FSC(s) = sum Re(A B*) / sqrt(sum |A|^2 sum |B|^2) over the coefficients with round(|k|) = s.
 * With a mask, also the masked curve and its correction by phase randomisation (Chen et al., Ultramicroscopy 135, 24,
 * 2013)
 *   FSC_true = (FSC_masked - FSC_random) / (1 - FSC_random)
 * as relion_postprocess applies it: phases are randomised from the first shell where the unmasked FSC is below 0.8, and
 * the
 * correction starts two shells further out. When the unmasked FSC never falls below 0.8 nothing is randomised and the
 * resolutions are those of the masked curve.
 * Throws InputError when the maps (or the mask) differ in shape or pixel size, or are not cubes.
 */
export function fourierShellCorrelation(a: Volume, b: Volume, options: FscOptions = {}): FscResult {
  const { mask, correctForMask = true, seed = 0, finestShell = Infinity } = options;
  const known = (curve: number[]): number[] => curve.map((v, i) => (i < finestShell ? v : 0));
  const boxSize = cubeEdge(a, "the first map");
  requireSameGrid(a, b, "the second map");
  if (mask) requireSameGrid(a, mask, "the mask");
  const pixelSizeAngstrom = a.pixelSizeAngstrom;
  const frequency = Array.from({ length: Math.floor(boxSize / 2) }, (_, i) => (i + 1) / (boxSize * pixelSizeAngstrom));
  const spectrumA = spectrumOf(a);
  const spectrumB = spectrumOf(b);
  const fsc = known(shellCorrelation(spectrumA, spectrumB));
  const common = { boxSize, pixelSizeAngstrom, frequency, resolutionAngstrom: frequency.map((f) => 1 / f), fsc };
  if (!mask) return { ...common, ...resolutions("fsc", frequency, fsc) };

  const fscMasked = known(shellCorrelation(spectrumOf(applyMask(a, mask)), spectrumOf(applyMask(b, mask))));
  const firstBelow = fsc.findIndex((v) => v < 0.8);
  if (!correctForMask || firstBelow < 0)
    return { ...common, fscMasked, ...resolutions("fscMasked", frequency, fscMasked) };

  const randomisedFromShell = firstBelow + 1;
  const randomA = { ...a, data: randomisePhases(spectrumA, randomisedFromShell, seed, "phase randomisation 1") };
  const randomB = { ...b, data: randomisePhases(spectrumB, randomisedFromShell, seed, "phase randomisation 2") };
  const fscPhaseRandomised = shellCorrelation(
    spectrumOf(applyMask(randomA, mask)),
    spectrumOf(applyMask(randomB, mask)),
  );
  const fscCorrected = known(
    fscMasked.map((masked, i) => {
      const random = fscPhaseRandomised[i];
      if (i + 1 < randomisedFromShell + 2 || random! >= 1) return masked;
      return (masked - random!) / (1 - random!);
    }),
  );
  return {
    ...common,
    fscMasked,
    fscPhaseRandomised,
    fscCorrected,
    randomisedFromShell,
    ...resolutions("fscCorrected", frequency, fscCorrected),
  };
}

function resolutions(resolutionCurve: FscResult["resolutionCurve"], frequency: number[], curve: number[]) {
  return {
    resolutionCurve,
    resolution05Angstrom: crossingResolution(frequency, curve, 0.5),
    resolution0143Angstrom: crossingResolution(frequency, curve, 0.143),
  };
}

/**
 * Resolution in Å where the curve first falls below `threshold`, linearly interpolated in frequency between the two
 * shells. `null` when the first shell is already below (nothing is resolved); the resolution of the last shell
 * (Nyquist)
 * when the curve never falls below.
 */
export function crossingResolution(
  frequency: readonly number[],
  curve: readonly number[],
  threshold: number,
): number | null {
  const below = curve.findIndex((v) => v < threshold);
  if (below === 0) return null;
  if (below < 0) return 1 / frequency[frequency.length - 1]!;
  const [f0, f1] = [frequency[below - 1], frequency[below]];
  const [c0, c1] = [curve[below - 1], curve[below]];
  return 1 / (f0! + ((c0! - threshold) / (c0! - c1!)) * (f1! - f0!));
}

/** FSC in shells 1 .. floor(n/2); 0 in a shell where either map has no power. */
export function shellCorrelation(a: Spectrum, b: Spectrum): number[] {
  const shells = Math.floor(a.boxSize / 2);
  const cross = new Float64Array(shells + 1);
  const powerA = new Float64Array(shells + 1);
  const powerB = new Float64Array(shells + 1);
  forEachCoefficient(a.boxSize, (i, shell) => {
    if (shell > shells) return;
    const ar = a.re[i],
      ai = a.im[i],
      br = b.re[i],
      bi = b.im[i];
    cross[shell]! += ar! * br! + ai! * bi!;
    powerA[shell]! += ar! * ar! + ai! * ai!;
    powerB[shell]! += br! * br! + bi! * bi!;
  });
  return Array.from({ length: shells }, (_, i) => {
    const norm = Math.sqrt(powerA[i + 1]! * powerB[i + 1]!);
    return norm > 0 ? cross[i + 1]! / norm : 0;
  });
}

/** The map with the amplitudes of the spectrum and uniformly random phases from the given shell outwards. */
function randomisePhases(spectrum: Spectrum, fromShell: number, seed: number, streamName: string): Float32Array {
  const n = spectrum.boxSize;
  const stream = createStream(seed, streamName);
  const re = spectrum.re.slice();
  const im = spectrum.im.slice();
  const negative = (k: number) => (n - k) % n;
  forEachCoefficient(n, (index, _shell, kx, ky, kz) => {
    if (kx * kx + ky * ky + kz * kz < fromShell * fromShell) return;
    const x = (kx + n) % n,
      y = (ky + n) % n,
      z = (kz + n) % n;
    const mate = (negative(z) * n + negative(y)) * n + negative(x);
    if (mate < index) return; // set together with its Friedel mate
    const amplitude = Math.hypot(re[index]!, im[index]!);
    const phase = 2 * Math.PI * stream.uniform();
    if (mate === index) {
      re[index] = phase < Math.PI ? amplitude : -amplitude; // a coefficient that must stay real
      im[index] = 0;
      return;
    }
    re[index] = re[mate] = amplitude * Math.cos(phase);
    im[index] = amplitude * Math.sin(phase);
    im[mate] = -im[index];
  });
  return Float32Array.from(centeredInverse(re, im, [n, n, n]));
}

function requireSameGrid(a: Volume, b: Volume, name: string): void {
  const sameShape = a.shape.every((n, i) => n === b.shape[i]);
  const samePixel = Math.abs(a.pixelSizeAngstrom / b.pixelSizeAngstrom - 1) < 1e-3;
  if (sameShape && samePixel) return;
  const describe = (v: Volume) => `${[...v.shape].reverse().join(" x ")} voxels of ${v.pixelSizeAngstrom} Å`;
  throw new InputError(
    `${name} has ${describe(b)}, the first map ${describe(a)}: resample one onto the grid of the other`,
  );
}
