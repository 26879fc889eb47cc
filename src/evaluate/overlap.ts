import type { Volume } from "../base/types.ts";
import type { Matrix3 } from "../physics/rotations.ts";
import { interpolate, type PaddedSpectrum, paddedSpectrum } from "./rotate.ts";
import { spectrumOf } from "./shells.ts";
import { openShiftSums } from "./shiftSums.ts";

/** Where the moving map is put: mirrored in x or not, rotated about the centre, then shifted (voxels; x, y, z). */
export interface Placement {
  mirrored: boolean;
  rotation: Matrix3;
  shift: readonly [number, number, number];
}

/** Two maps on one grid, prepared for many comparisons in Fourier space. */
export interface Overlap {
  boxSize: number;
  /** Largest shell that can be compared. */
  maxShell: number;
  /** Coefficients of the reference in half of Fourier space, innermost first; `end[s]` is where shell s ends. */
  kx: Int16Array;
  ky: Int16Array;
  kz: Int16Array;
  shell: Int16Array;
  re: Float64Array;
  im: Float64Array;
  end: Int32Array;
  /** Root-mean-square amplitude of reference and moving map per shell. */
  referenceRms: Float64Array;
  movingRms: Float64Array;
  moving: PaddedSpectrum;
}

/** Prepares two cubic maps of the same grid; shells run from 1 to just inside the Nyquist frequency. */
export function prepareOverlap(moving: Volume, reference: Volume): Overlap {
  const spectrum = spectrumOf(reference);
  const movingSpectrum = spectrumOf(moving);
  const n = spectrum.boxSize;
  const maxShell = Math.floor((n - 1) / 2) - 1;
  const points: { index: number; shell: number; kx: number; ky: number; kz: number }[] = [];
  for (let kz = 0; kz <= maxShell; kz++) {
    for (let ky = kz === 0 ? 0 : -maxShell; ky <= maxShell; ky++) {
      for (let kx = kz === 0 && ky === 0 ? 1 : -maxShell; kx <= maxShell; kx++) {
        const shell = Math.round(Math.sqrt(kx * kx + ky * ky + kz * kz));
        if (shell > maxShell) continue;
        const wrap = (k: number) => (k + n) % n;
        points.push({ index: (wrap(kz) * n + wrap(ky)) * n + wrap(kx), shell, kx, ky, kz });
      }
    }
  }
  points.sort((a, b) => a.shell - b.shell);
  const end = new Int32Array(maxShell + 1);
  const referencePower = new Float64Array(maxShell + 1);
  const movingPower = new Float64Array(maxShell + 1);
  points.forEach(({ index, shell }, i) => {
    end[shell] = i + 1;
    referencePower[shell]! += spectrum.re[index]! ** 2 + spectrum.im[index]! ** 2;
    movingPower[shell]! += movingSpectrum.re[index]! ** 2 + movingSpectrum.im[index]! ** 2;
  });
  const rms = (power: Float64Array) => power.map((p, s) => (s === 0 ? 0 : Math.sqrt(p / (end[s]! - end[s - 1]!))));
  return {
    boxSize: n,
    maxShell,
    kx: Int16Array.from(points, (p) => p.kx),
    ky: Int16Array.from(points, (p) => p.ky),
    kz: Int16Array.from(points, (p) => p.kz),
    shell: Int16Array.from(points, (p) => p.shell),
    re: Float64Array.from(points, (p) => spectrum.re[p.index]!),
    im: Float64Array.from(points, (p) => spectrum.im[p.index]!),
    end,
    referenceRms: rms(referencePower),
    movingRms: rms(movingPower),
    moving: paddedSpectrum(moving, maxShell + 1),
  };
}

interface Phases {
  cosine: Float64Array;
  sine: Float64Array;
}
type Phases3 = [Phases, Phases, Phases];

/** Of `turn` times k, k from -last to last: a shift turns a coefficient by the product of three of them. */
function phases(turn: number, last: number): Phases {
  const cosine = new Float64Array(2 * last + 1),
    sine = new Float64Array(2 * last + 1);
  for (let k = -last; k <= last; k++) {
    cosine[last + k] = Math.cos(turn * k);
    sine[last + k] = Math.sin(turn * k);
  }
  return { cosine, sine };
}

/** FSC of the placed moving map and the reference in shells 1 .. lastShell (entry s - 1). */
export function placedFsc(
  overlap: Overlap,
  { mirrored, rotation: r, shift }: Placement,
  lastShell: number,
): Float64Array {
  const { boxSize, kx, ky, kz, shell, re, im, end, moving } = overlap;
  const cross = new Float64Array(lastShell);
  const powerA = new Float64Array(lastShell);
  const powerB = new Float64Array(lastShell);
  const where = new Float64Array(3),
    value = new Float64Array(2);
  const flip = mirrored ? -1 : 1;
  const [alongX, alongY, alongZ] = shift.map((s) => phases((-2 * Math.PI * s) / boxSize, lastShell)) as Phases3;
  for (let i = 0; i < end[lastShell]!; i++) {
    const x = kx[i],
      y = ky[i],
      z = kz[i];
    where[0] = flip * (r[0]! * x! + r[3]! * y! + r[6]! * z!);
    where[1] = r[1]! * x! + r[4]! * y! + r[7]! * z!;
    where[2] = r[2]! * x! + r[5]! * y! + r[8]! * z!;
    interpolate(moving, where, value);
    const cx = alongX.cosine[lastShell + x!]!,
      sx = alongX.sine[lastShell + x!]!,
      cy = alongY.cosine[lastShell + y!]!,
      sy = alongY.sine[lastShell + y!]!,
      cz = alongZ.cosine[lastShell + z!]!,
      sz = alongZ.sine[lastShell + z!]!;
    const cxy = cx * cy - sx * sy,
      sxy = cx * sy + sx * cy;
    const c = cxy * cz - sxy * sz,
      s = cxy * sz + sxy * cz;
    const ar = value[0]! * c - value[1]! * s,
      ai = value[0]! * s + value[1]! * c;
    const at = shell[i]! - 1;
    cross[at]! += ar * re[i]! + ai * im[i]!;
    powerA[at]! += ar * ar + ai * ai;
    powerB[at]! += re[i]! * re[i]! + im[i]! * im[i]!;
  }
  return cross.map((v, s) => (powerA[s]! > 0 && powerB[s]! > 0 ? v / Math.sqrt(powerA[s]! * powerB[s]!) : 0));
}

/** Mean of the FSC over shells 1 .. weights.length, each weighted by its number of coefficients times its weight. */
export function overlapScore(overlap: Overlap, placement: Placement, weights: Float64Array): number {
  const fsc = placedFsc(overlap, placement, weights.length);
  let sum = 0,
    total = 0;
  for (let s = 1; s <= weights.length; s++) {
    const weight = weights[s - 1]! * (overlap.end[s]! - overlap.end[s - 1]!);
    sum += weight * fsc[s - 1]!;
    total += weight;
  }
  return total > 0 ? sum / total : 0;
}

/** Finds, for one rotation, the best shift of either hand: [as is, mirrored]. */
export type ShiftSearch = (rotation: Matrix3) => [Placement & { score: number }, Placement & { score: number }];

/**
 * Searches for shifts within `maxShift` voxels by cross-correlation of the coefficients of shells 1 .. lastShell,
 * whitened shell by shell, on a coarse grid of shifts. Both hands go through one sum: their correlation functions are
 * real, and become its real and imaginary part.
 */
export function openShiftSearch(overlap: Overlap, lastShell: number, maxShift: number): ShiftSearch {
  const { boxSize, kx, ky, kz, shell, re, im, end, moving, referenceRms, movingRms } = overlap,
    count = end[lastShell]!;
  const period = 2 ** Math.ceil(Math.log2(2 * lastShell + 2)),
    spacing = boxSize / period,
    reach = Math.min(period / 2 - 1, Math.floor(maxShift / spacing));
  const { coefficients, sum } = openShiftSums(lastShell, reach, period),
    edge = 2 * lastShell + 1,
    placeOf = (x: number, y: number, z: number): number =>
      ((lastShell + z) * edge + lastShell + y) * edge + lastShell + x;
  const here = Int32Array.from({ length: count }, (_, i) => placeOf(kx[i]!, ky[i]!, kz[i]!)),
    there = Int32Array.from({ length: count }, (_, i) => placeOf(-kx[i]!, -ky[i]!, -kz[i]!)),
    norm = Float64Array.from({ length: count }, (_, i) => referenceRms[shell[i]!]! * movingRms[shell[i]!]! * 2 * count);
  // Zero shift first, so that it is taken where all are alike.
  const shifts = cubeOfShifts(reach)
    .map(({ at, steps }) => ({ at, shift: steps.map((s) => s * spacing) as [number, number, number] }))
    .filter(({ shift }) => Math.hypot(...shift) <= maxShift)
    .sort((a, b) => Math.hypot(...a.shift) - Math.hypot(...b.shift));
  const where = new Float64Array(3),
    plain = new Float64Array(2),
    mirror = new Float64Array(2);
  return (rotation) => {
    const r = rotation;
    for (let i = 0; i < count; i++) {
      const x = kx[i]!,
        y = ky[i]!,
        z = kz[i]!;
      const qx = r[0]! * x + r[3]! * y + r[6]! * z;
      where[0] = qx;
      where[1] = r[1]! * x + r[4]! * y + r[7]! * z;
      where[2] = r[2]! * x + r[5]! * y + r[8]! * z;
      interpolate(moving, where, plain);
      where[0] = -qx;
      interpolate(moving, where, mirror);
      const scale = norm[i]! > 0 ? 1 / norm[i]! : 0;
      // product with the conjugate of the reference
      const pr = (plain[0]! * re[i]! + plain[1]! * im[i]!) * scale,
        pi = (plain[1]! * re[i]! - plain[0]! * im[i]!) * scale;
      const qr = (mirror[0]! * re[i]! + mirror[1]! * im[i]!) * scale,
        qi = (mirror[1]! * re[i]! - mirror[0]! * im[i]!) * scale;
      coefficients.re[here[i]!] = pr - qi;
      coefficients.im[here[i]!] = pi + qr;
      coefficients.re[there[i]!] = pr + qi;
      coefficients.im[there[i]!] = qr - pi;
    }
    const scores = sum();
    const place = (mirrored: boolean, of: Float64Array) => {
      const best = shifts.reduce((a, b) => (of[b.at]! > of[a.at]! ? b : a));
      return { mirrored, rotation, shift: best.shift, score: of[best.at]! };
    };
    return [place(false, scores.re), place(true, scores.im)];
  };
}

/** Steps -reach … reach along x, y and z, and where each stands in their cube. */
function cubeOfShifts(reach: number): { at: number; steps: [number, number, number] }[] {
  const edge = 2 * reach + 1;
  return Array.from({ length: edge ** 3 }, (_, at) => ({
    at,
    steps: [(at % edge) - reach, (Math.floor(at / edge) % edge) - reach, Math.floor(at / edge ** 2) - reach],
  }));
}
