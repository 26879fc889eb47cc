import { InputError } from "../base/errors.ts";
import type { Volume } from "../base/types.ts";
import { createStream } from "../runtime/random.ts";
import { applyMask } from "./mask.ts";
import { randomisePhases } from "./randomPhases.ts";
import { cubeEdge, forEachCoefficient, type Spectrum, spectrumOf } from "./shells.ts";

export interface FscResult {
  boxSize: number;
  pixelSizeAngstrom: number;
  /** The last shell that both maps hold: the curves end there. At most floor(n/2), the Nyquist frequency. */
  finestShell: number;
  /** The resolution of that shell, the finest that the curves can show. */
  finestAngstrom: number;
  /** Spatial frequency of each shell, 1/Å: shells 1 .. finestShell, one Fourier pixel wide. */
  frequency: number[];
  /** 1 / frequency. */
  resolutionAngstrom: number[];
  /** Of the maps as given. */
  fsc: number[];
  /** Of the masked maps; this and the two below only when a mask was given. */
  fscMasked?: number[];
  /** Of the masked maps whose phases were randomised before masking: the correlation that the mask alone makes. */
  fscPhaseRandomised?: number[];
  /** Masked FSC corrected for the mask, 0 to 1. */
  fscCorrected?: number[];
  /** The shell from which phases were randomised. */
  randomisedFromShell?: number;
  /** The curve that the resolutions below were read from. */
  resolutionCurve: "fsc" | "fscMasked" | "fscCorrected";
  /** Where it first falls below 0.5 and 0.143; see `crossingResolution`. */
  resolution05Angstrom: number | null;
  resolution0143Angstrom: number | null;
  /** Whether it is still above 0.5 and 0.143 at the finest shell, so that the resolution is the shell's or better. */
  resolution05OrBetter: boolean;
  resolution0143OrBetter: boolean;
}

export interface FscOptions {
  /** A soft mask on the same grid. */
  mask?: Volume;
  /** Estimate and remove the correlation that the mask causes (default true). */
  correctForMask?: boolean;
  /** Seed of the random phases, default 0. */
  seed?: number;
  /**
   * Finest shell that both maps were worked at, default floor(n/2): the curves end there, since what lies beyond (the
   * trace of a mask) tells nothing.
   */
  finestShell?: number;
  /** Shell beyond which neither map holds anything, default: they may hold all. Saves time. */
  lastShell?: number;
}

/**
 * Fourier shell correlation of two cubic maps on the same grid (Harauz & van Heel, Optik 73, 146, 1986):
 *   FSC(s) = sum Re(A B*) / sqrt(sum |A|^2 sum |B|^2) over the coefficients with round(|k|) = s.
 * With a mask, also the masked curve and its correction by phase randomisation (Chen et al., Ultramicroscopy 135, 24,
 * 2013)
 *   FSC_true = (FSC_masked - FSC_random) / (1 - FSC_random), cut off at 0 and 1,
 * as relion_postprocess applies it: phases are randomised from the first shell where the unmasked FSC is below 0.8, and
 * the correction starts two shells further out. When the unmasked FSC never falls below 0.8 nothing is randomised and
 * the resolutions are those of the masked curve. The maps should come without a mask of their own: phases of a map that
 * was masked before are randomised together with the trace of its mask.
 * Throws InputError when the maps (or the mask) differ in shape or pixel size, or are not cubes.
 */
export function fourierShellCorrelation(a: Volume, b: Volume, options: FscOptions = {}): FscResult {
  const { mask, correctForMask = true, finestShell } = options;
  if (mask) requireSameGrid(a, mask, "the mask");
  const before = correlationBeforeMask(a, b, options, mask && correctForMask);
  if (!mask) return fscResult(a, finestShell, before);
  return fscResult(a, finestShell, before, {
    fscMasked: maskedCorrelation([a, b], mask, finestShell),
    fscPhaseRandomised: before.randomised && maskedCorrelation(before.randomised.maps, mask, finestShell),
  });
}

/** What of a Fourier shell correlation needs no mask. */
export interface CorrelationBeforeMask {
  fsc: number[];
  /** Both maps with random phases, where those were asked for and the FSC says from which shell on. */
  randomised?: { fromShell: number; maps: [Volume, Volume] };
}

/** @param randomise the maps with random phases are wanted, too */
export function correlationBeforeMask(
  a: Volume,
  b: Volume,
  { seed = 0, finestShell, lastShell }: Pick<FscOptions, "seed" | "finestShell" | "lastShell">,
  randomise = false,
): CorrelationBeforeMask {
  const n = cubeEdge(a, "the first map");
  requireSameGrid(a, b, "the second map");
  const spectra: [Spectrum, Spectrum] = [spectrumOf(a, lastShell), spectrumOf(b, lastShell)],
    fsc = shellCorrelation(...spectra).slice(0, lastOf(n, finestShell)),
    firstBelow = fsc.findIndex((v) => v < 0.8);
  if (!randomise || firstBelow < 0) return { fsc };
  const fromShell = firstBelow + 1;
  const randomised = (map: Volume, spectrum: Spectrum, number: 1 | 2): Volume => ({
    ...map,
    data: randomisePhases(spectrum, n, fromShell, createStream(seed, `phase randomisation ${number}`)),
  });
  return { fsc, randomised: { fromShell, maps: [randomised(a, spectra[0], 1), randomised(b, spectra[1], 2)] } };
}

/** FSC of two maps within a mask. */
export function maskedCorrelation([a, b]: readonly [Volume, Volume], mask: Volume, finestShell?: number): number[] {
  requireSameGrid(a, mask, "the mask");
  const last = lastOf(cubeEdge(a), finestShell),
    product = new Float32Array(mask.data.length),
    masked = (map: Volume): Spectrum => spectrumOf(applyMask(map, mask, product), last);
  return shellCorrelation(masked(a), masked(b)).slice(0, last);
}

const lastOf = (n: number, finestShell = Infinity): number => Math.max(1, Math.min(Math.floor(n / 2), finestShell));

/** The curves and their resolutions. @param masked the curves within the mask, where there is one */
export function fscResult(
  grid: Omit<Volume, "data">,
  finest: number | undefined,
  { fsc, randomised }: CorrelationBeforeMask,
  masked?: { fscMasked: number[]; fscPhaseRandomised: number[] | undefined },
): FscResult {
  const boxSize = grid.shape[0],
    { pixelSizeAngstrom } = grid,
    finestShell = lastOf(boxSize, finest),
    frequency = Array.from({ length: finestShell }, (_, i) => (i + 1) / (boxSize * pixelSizeAngstrom)),
    resolutionAngstrom = frequency.map((f) => 1 / f);
  const common = {
    boxSize,
    pixelSizeAngstrom,
    finestShell,
    finestAngstrom: resolutionAngstrom.at(-1)!,
    frequency,
    resolutionAngstrom,
    fsc,
  };
  if (!masked) return { ...common, ...resolutions("fsc", frequency, fsc) };
  const { fscMasked, fscPhaseRandomised } = masked;
  if (!randomised || !fscPhaseRandomised)
    return { ...common, fscMasked, ...resolutions("fscMasked", frequency, fscMasked) };

  const fscCorrected = fscMasked.map((value, i) => {
    const random = fscPhaseRandomised[i]!;
    if (i + 1 < randomised.fromShell + 2) return within01(value);
    return random < 1 ? within01((value - random) / (1 - random)) : 0;
  });
  return {
    ...common,
    fscMasked,
    fscPhaseRandomised,
    fscCorrected,
    randomisedFromShell: randomised.fromShell,
    ...resolutions("fscCorrected", frequency, fscCorrected),
  };
}

const within01 = (x: number): number => Math.min(1, Math.max(0, x));

function resolutions(resolutionCurve: FscResult["resolutionCurve"], frequency: number[], curve: number[]) {
  const at05 = crossingResolution(frequency, curve, 0.5),
    at0143 = crossingResolution(frequency, curve, 0.143);
  return {
    resolutionCurve,
    resolution05Angstrom: at05.angstrom,
    resolution0143Angstrom: at0143.angstrom,
    resolution05OrBetter: at05.orBetter,
    resolution0143OrBetter: at0143.orBetter,
  };
}

/** Where a curve first falls below a threshold. */
export interface Crossing {
  /** `null` when the first shell is already below: nothing is resolved. */
  angstrom: number | null;
  /** The curve is above the threshold in its last shell, too: the resolution is that of this shell, or better. */
  orBetter: boolean;
}

/**
 * Resolution where the curve first falls below `threshold`: between the last shell before, which is above, and the
 * first below, linearly interpolated in frequency. So it is never finer than the last shell of the curve.
 */
export function crossingResolution(
  frequency: readonly number[],
  curve: readonly number[],
  threshold: number,
): Crossing {
  const below = curve.findIndex((v) => v < threshold);
  if (below === 0) return { angstrom: null, orBetter: false };
  if (below < 0) return { angstrom: 1 / frequency[curve.length - 1]!, orBetter: true };
  const [f0, f1] = [frequency[below - 1]!, frequency[below]!];
  const [c0, c1] = [curve[below - 1]!, curve[below]!];
  return { angstrom: 1 / (f0 + ((c0 - threshold) / (c0 - c1)) * (f1 - f0)), orBetter: false };
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

/** @throws {InputError} where shape or pixel size differ */
export function requireSameGrid(a: Volume, b: Volume, name: string): void {
  const sameShape = a.shape.every((n, i) => n === b.shape[i]);
  const samePixel = Math.abs(a.pixelSizeAngstrom / b.pixelSizeAngstrom - 1) < 1e-3;
  if (sameShape && samePixel) return;
  const describe = (v: Volume) => `${[...v.shape].reverse().join(" x ")} voxels of ${v.pixelSizeAngstrom} Å`;
  throw new InputError(
    `${name} has ${describe(b)}, the first map ${describe(a)}: resample one onto the grid of the other`,
  );
}
