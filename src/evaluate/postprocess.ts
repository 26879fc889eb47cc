/** Sharpening of a map, by the steps of relion_postprocess: FSC weighting, Guinier fit, B-factor, low-pass filter. */
import { InputError } from "../base/errors.ts";
import type { Volume } from "../base/types.ts";
import { lowPassGain } from "./filter.ts";
import { type FscResult, fourierShellCorrelation } from "./fsc.ts";
import { applyMask } from "./mask.ts";
import { densityOf, forEachCoefficient, type Spectrum, spectrumOf } from "./shells.ts";
import { finestShell, type GuinierProfile, guinierOfSpectrum } from "./statistics.ts";

export interface PostprocessOptions {
  /** Soft mask on the grid of the maps, for the FSC and the masked map. */
  mask?: Volume;
  /**
   * B-factor to apply, amplitudes times exp(-B s²/4), so that negative values sharpen; or found from the Guinier plot.
   */
  bFactorAngstrom2: number | "auto";
  /** Or where the FSC of the half-maps falls below 0.143. */
  lowPassAngstrom: number | "auto";
}

export interface PostprocessReport {
  /** Of the half-maps at 0.143; with `resolutionOrBetter` they end there. */
  resolutionAngstrom: number | null;
  resolutionOrBetter: boolean;
  lowPassAngstrom: number;
  /** As applied: negative sharpens. */
  bFactorAngstrom2: number;
  /** Why no B-factor was fitted, where one should have been. */
  bFactorNote?: string;
  guinier: {
    /** The map as given, after FSC weighting, and at the end. */
    original: GuinierProfile;
    weighted: GuinierProfile;
    sharpened: GuinierProfile;
    /** ln amplitude = intercept + slope/d² between the two resolutions; B = 4·slope. */
    fit?: GuinierFit;
  };
  fsc?: FscResult;
}

export interface GuinierFit {
  slope: number;
  intercept: number;
  /** Pearson's, of the points with the line. */
  correlation: number;
  fromAngstrom: number;
  toAngstrom: number;
}

/** Coarser shells show the shape of the molecule, finer ones how amplitudes fall off (Rosenthal & Henderson 2003). */
const coarsestInFit = 10;
const fewestInFit = 5;

/**
 * Sharpens a map.
 *
 * 1. With half-maps, their FSC, corrected for the mask by phase randomisation (see `fourierShellCorrelation`), and each
 * shell of the map is
 *    weighted by C_ref = √(2 FSC/(1 + FSC)), up to the first shell that does not correlate.
 * 2. ln of the root-mean-square amplitude against 1/d², a straight line from 10 Å to the resolution; its slope is B/4.
 * 3. Amplitudes times exp(-B/4d²), and a low-pass filter with a cosine edge of two Fourier pixels about the resolution.
 *
 * @param map   is sharpened, and not masked before
 * @param halves independent half-maps, aligned to each other and to the map
 * @throws InputError when nothing is resolved, when what is automatic needs half-maps that are not given, or when maps
 *   differ in their grid
 * @see Rosenthal & Henderson (2003) J. Mol. Biol. 333, 721
 */
export function postprocess(
  map: Volume,
  halves: readonly [Volume, Volume] | undefined,
  options: PostprocessOptions,
): { map: Volume; masked?: Volume; report: PostprocessReport } {
  const { mask } = options,
    pixel = map.pixelSizeAngstrom;
  const fsc = halves && fourierShellCorrelation(...halves, { mask, finestShell: Math.min(...halves.map(finestShell)) });
  const lowPassAngstrom = options.lowPassAngstrom === "auto" ? resolutionOf(fsc) : options.lowPassAngstrom;
  const spectrum = spectrumOf(map),
    edgeAngstrom = spectrum.boxSize * pixel;
  const original = guinierOfSpectrum(spectrum, pixel);

  if (fsc) weigh(spectrum, fsc);
  const weighted = guinierOfSpectrum(spectrum, pixel);
  const auto =
    options.bFactorAngstrom2 === "auto"
      ? fitGuinier(weighted, Math.max(lowPassAngstrom, fsc?.resolution0143Angstrom ?? 0))
      : undefined;
  const fit = typeof auto === "object" ? auto : undefined;
  const bFactor = options.bFactorAngstrom2 === "auto" ? 4 * (fit?.slope ?? 0) : options.bFactorAngstrom2;
  scale(
    spectrum,
    (radius) =>
      Math.exp((-bFactor / 4) * (radius / edgeAngstrom) ** 2) * lowPassGain(radius, edgeAngstrom / lowPassAngstrom),
  );

  const guinier = { original, weighted, sharpened: guinierOfSpectrum(spectrum, pixel), fit };
  const sharpened: Volume = { ...map, data: densityOf(spectrum, spectrum.boxSize) };
  return {
    map: sharpened,
    masked: mask && applyMask(sharpened, mask),
    report: {
      resolutionAngstrom: fsc?.resolution0143Angstrom ?? null,
      resolutionOrBetter: fsc?.resolution0143OrBetter ?? false,
      lowPassAngstrom,
      bFactorAngstrom2: bFactor,
      ...(typeof auto === "string" ? { bFactorNote: auto } : {}),
      guinier,
      fsc,
    },
  };
}

function resolutionOf(fsc: FscResult | undefined): number {
  if (fsc === undefined)
    throw new InputError(
      "the resolution to filter to is found from half-maps: give --half1 and --half2, or --low-pass",
    );
  if (fsc.resolution0143Angstrom === null)
    throw new InputError("the half-maps do not correlate in any shell; are they aligned to each other?");
  return fsc.resolution0143Angstrom;
}

function scale({ re, im, boxSize }: Spectrum, gain: (radius: number) => number): void {
  forEachCoefficient(boxSize, (i, _shell, kx, ky, kz) => {
    const g = gain(Math.hypot(kx, ky, kz));
    re[i]! *= g;
    im[i]! *= g;
  });
}

function weigh(spectrum: Spectrum, fsc: FscResult): void {
  const curve = fsc[fsc.resolutionCurve]!,
    end = curve.findIndex((v) => v <= 0);
  const weights = [1, ...curve.map((v, i) => (end < 0 || i < end ? Math.sqrt((2 * v) / (1 + v)) : 0))];
  scale(spectrum, (radius) => weights[Math.round(radius)] ?? 0);
}

/** The line, or why there is none. */
function fitGuinier({ inverseSquareResolution, logAmplitude }: GuinierProfile, finest: number): GuinierFit | string {
  const x: number[] = [],
    y: number[] = [];
  inverseSquareResolution.forEach((s2, i) => {
    if (s2 < 1 / coarsestInFit ** 2 || s2 > 1 / finest ** 2) return;
    x.push(s2);
    y.push(logAmplitude[i]!);
  });
  if (x.length < fewestInFit) {
    return (
      `no B-factor was fitted: from ${coarsestInFit} Å to the resolution of ${finest.toFixed(1)} Å there are ` +
      `${x.length} Fourier shells, and at least ${fewestInFit} are needed; give --b-factor to sharpen nevertheless`
    );
  }
  const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;
  const meanX = mean(x),
    meanY = mean(y);
  let xy = 0,
    xx = 0,
    yy = 0;
  x.forEach((v, i) => {
    xy += (v - meanX) * (y[i]! - meanY);
    xx += (v - meanX) ** 2;
    yy += (y[i]! - meanY) ** 2;
  });
  const slope = xy / xx;
  return {
    slope,
    intercept: meanY - slope * meanX,
    correlation: xy / Math.sqrt(xx * yy),
    fromAngstrom: coarsestInFit,
    toAngstrom: finest,
  };
}
