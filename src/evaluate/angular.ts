/** What maps show beyond a ball of their size: their transforms less those of their averages over all rotations. */
import type { Volume } from "../base/types.ts";
import { signedFrequency } from "../numeric/fft.ts";
import { cubeEdge, forEachCoefficient, type Spectrum, spectrumOf } from "./shells.ts";

/** Coarser shells tell a molecule's size and hardly its shape. */
export const firstAngularShell = 3;

/**
 * Of two maps a and b, shells 0 … floor(n/2) or the last asked for, means over a shell, each map less its rotational
 * average.
 */
export interface AngularPowers {
  /** Re(A·B*) */
  cross: Float64Array;
  a: Float64Array;
  b: Float64Array;
  /** Re(A·B*) of the two rotational averages: what was left out. */
  radial: Float64Array;
}

/**
 * Rotational averages are about one centre, that of the density of both maps: of a ball away from the box's centre much
 * would be left otherwise.
 * @param a, b      cubic maps on one grid
 * @param lastShell of those asked for
 * @throws {InputError} where they are no cubes
 */
export function angularPowers(a: Volume, b: Volume, lastShell = Math.floor(a.shape[0] / 2)): AngularPowers {
  const n = cubeEdge(a),
    centre = centreOfDensity(a, b).map((x) => x / n) as Vector,
    left = centred(spectrumOf(a, lastShell), centre),
    right = centred(spectrumOf(b, lastShell), centre);
  const shells = lastShell + 1,
    sums = Array.from({ length: 4 }, () => new Float64Array(shells)) as [Sum, Sum, Sum, Sum],
    [powerA, powerB, cross, points] = sums;
  // Averages over all rotations are over coefficients of exactly one |k|: within a shell a ball's transform falls.
  const ofRadius = Array.from({ length: 5 }, () => new Float64Array(shells ** 2 + 1)) as [Sum, Sum, Sum, Sum, Sum],
    [count, reA, imA, reB, imB] = ofRadius;
  forEachCoefficient(left.boxSize, (i, shell, kx, ky, kz) => {
    if (shell >= shells) return;
    const ar = left.re[i]!,
      ai = left.im[i]!,
      br = right.re[i]!,
      bi = right.im[i]!,
      radius = kx * kx + ky * ky + kz * kz;
    points[shell]!++;
    powerA[shell]! += ar * ar + ai * ai;
    powerB[shell]! += br * br + bi * bi;
    cross[shell]! += ar * br + ai * bi;
    count[radius]!++;
    reA[radius]! += ar;
    imA[radius]! += ai;
    reB[radius]! += br;
    imB[radius]! += bi;
  });
  const radial = new Float64Array(shells);
  for (let radius = 0; radius < count.length; radius++) {
    const shell = Math.round(Math.sqrt(radius)),
      m = count[radius]!;
    if (m === 0 || shell >= shells) continue;
    const shared = (reA[radius]! * reB[radius]! + imA[radius]! * imB[radius]!) / m;
    radial[shell]! += shared;
    cross[shell]! -= shared;
    powerA[shell]! -= (reA[radius]! ** 2 + imA[radius]! ** 2) / m;
    powerB[shell]! -= (reB[radius]! ** 2 + imB[radius]! ** 2) / m;
  }
  const mean = (sum: Sum): Sum => sum.map((v, k) => v / points[k]!);
  return {
    cross: mean(cross),
    a: mean(powerA).map((v) => Math.max(0, v)),
    b: mean(powerB).map((v) => Math.max(0, v)),
    radial: mean(radial),
  };
}

type Sum = Float64Array<ArrayBuffer>;
type Vector = [number, number, number];

/** Fourier shell correlation without the rotational averages, shells from 1 on; 0 where there is no power. */
export function angularCorrelation(a: Volume, b: Volume, lastShell?: number): number[] {
  const { cross, a: powerA, b: powerB } = angularPowers(a, b, lastShell);
  return Array.from(cross.subarray(1), (v, i) => {
    const power = Math.sqrt(powerA[i + 1]! * powerB[i + 1]!);
    return power > 0 ? v / power : 0;
  });
}

/** Centre of the square of the density of both maps, in voxels from the box's centre; x, y, z. */
function centreOfDensity(a: Volume, b: Volume): Vector {
  const n = a.shape[0],
    half = Math.floor(n / 2);
  let total = 0;
  const moments: Vector = [0, 0, 0];
  for (let i = 0; i < n ** 3; i++) {
    const weight = Math.max(0, a.data[i]! + b.data[i]!) ** 2;
    total += weight;
    moments[0] += weight * ((i % n) - half);
    moments[1] += weight * ((Math.floor(i / n) % n) - half);
    moments[2] += weight * (Math.floor(i / n ** 2) - half);
  }
  return total > 0 ? (moments.map((m) => m / total) as Vector) : [0, 0, 0];
}

/** The transform with phases relative to a point, in boxes from the centre. */
function centred({ re, im, boxSize: n }: Spectrum, [x, y, z]: Vector): Spectrum {
  const outRe = new Float64Array(n ** 3),
    outIm = new Float64Array(n ** 3);
  const turn = 2 * Math.PI,
    k = Float64Array.from({ length: n }, (_, i) => signedFrequency(i, n));
  for (let i = 0; i < n ** 3; i++) {
    const phase = turn * (x * k[i % n]! + y * k[Math.floor(i / n) % n]! + z * k[Math.floor(i / n ** 2)]!),
      c = Math.cos(phase),
      s = Math.sin(phase);
    outRe[i] = re[i]! * c - im[i]! * s;
    outIm[i] = re[i]! * s + im[i]! * c;
  }
  return { re: outRe, im: outIm, boxSize: n };
}
