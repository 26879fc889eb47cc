/** Density maps from atomic models. */
import { InputError } from "../base/errors.ts";
import type { Volume } from "../base/types.ts";
import type { Atoms } from "../io/atoms.ts";
import { fftn, signedFrequency } from "../numeric/fft.ts";
import { type Matrix3, multiply, transpose } from "./rotations.ts";
import { scatteringFactor } from "./scattering.ts";

export interface DensityOptions {
  /** Voxels along each edge. */
  boxSize: number;
  pixelSizeAngstrom: number;
  /** Width of the low-pass Gaussian, see `densityFromAtoms`; at least twice the pixel size. */
  resolutionAngstrom: number;
  /**
   * Move the centre of mass of the density to voxel floor(n/2) (default). Otherwise the coordinates' origin lies there.
   */
  center?: boolean;
  /** Broaden each atom by its B-factor (default). */
  includeBFactors?: boolean;
}

/**
 * The electrostatic potential of the atoms, each the sum of five Gaussians (scattering.ts) broadened by its B-factor
 * and by the resolution. The transform of one atom at frequency g (1/Å) is
 *   occupancy · sum of a exp(-(b + B) g² / 4) · exp(-resolution² g²),
 * so that the map falls to 1/e at g = 1/resolution: a Gaussian of sigma = resolution / (pi sqrt 2) in real space, which
 * is what ChimeraX `molmap` means by resolution. Units are Å⁻²: the map sums, times the voxel's volume, to the sum of
 * occupancy f(0); times h²/(2 pi m e) = 47.878 V Å² it is the potential in volts.
 *
 * The map holds the frequencies below Nyquist and those only: where samples one voxel apart would alias, the Gaussians
 * are sampled on a finer grid and cropped in Fourier space. Its origin is set such that the map overlays the atoms.
 * Throws InputError when the molecule does not fit the box, the resolution is beyond Nyquist, or an element is unknown.
 */
export function densityFromAtoms(atoms: Atoms, options: DensityOptions): Volume {
  const { boxSize, pixelSizeAngstrom, resolutionAngstrom, center = true, includeBFactors = true } = options;
  if (!(Number.isInteger(boxSize) && boxSize >= 2))
    throw new InputError(`box size ${boxSize}: must be a whole number of at least 2`);
  if (!(pixelSizeAngstrom > 0)) throw new InputError(`pixel size ${pixelSizeAngstrom} Å: must be above 0`);
  if (!(resolutionAngstrom >= 2 * pixelSizeAngstrom)) {
    throw new InputError(
      `resolution ${resolutionAngstrom} Å: must be at least ${2 * pixelSizeAngstrom} Å, ` +
        `twice the pixel size of ${pixelSizeAngstrom} Å`,
    );
  }
  const middle = center ? centerOfMass(atoms) : ([0, 0, 0] as [number, number, number]);
  checkFits(atoms, middle, boxSize, pixelSizeAngstrom);

  const bFactors = includeBFactors ? atoms.bFactorAngstrom2 : new Float64Array(atoms.count);
  const gaussians = atomGaussians(atoms, bFactors, middle, options);
  const oversampling = neededOversampling(atoms, bFactors, pixelSizeAngstrom, resolutionAngstrom);
  const half = Math.floor(boxSize / 2);
  return {
    data: Float32Array.from(
      oversampling === 1
        ? sampleGaussians(gaussians, boxSize, [0, 0, 0])
        : bandLimited(gaussians, boxSize, oversampling),
    ),
    shape: [boxSize, boxSize, boxSize],
    pixelSizeAngstrom,
    originAngstrom: [0, 1, 2].map((axis) => middle[axis]! - half * pixelSizeAngstrom) as [number, number, number],
  };
}

/**
 * The atoms moved and turned such that the centre of mass lies at 0 and the principal axes of inertia on x, y, z, the
 * molecule longest along x and shortest along z. The 2-folds of a D2 assembly are its principal axes, so they come to
 * lie where symmetry.ts has those of D2. (A rotation axis of three or more folds makes two of the principal axes
 * arbitrary: of such an assembly only that one axis is placed.)
 */
export function orientByInertia(atoms: Atoms): Atoms {
  const [mx, my, mz] = centerOfMass(atoms);
  const weights = densityWeights(atoms);
  const spread = new Float64Array(9);
  for (let i = 0; i < atoms.count; i++) {
    const d = [atoms.x[i]! - mx, atoms.y[i]! - my, atoms.z[i]! - mz];
    for (let r = 0; r < 3; r++) for (let c = 0; c < 3; c++) spread[3 * r + c]! += weights[i]! * d[r]! * d[c]!;
  }
  const [u, v] = principalAxes(spread);
  // right-handed
  const w = [u[1]! * v[2]! - u[2]! * v[1]!, u[2]! * v[0]! - u[0]! * v[2]!, u[0]! * v[1]! - u[1]! * v[0]!];
  const along = (axis: ArrayLike<number>) =>
    Float64Array.from(
      { length: atoms.count },
      (_, i) => axis[0]! * (atoms.x[i]! - mx) + axis[1]! * (atoms.y[i]! - my) + axis[2]! * (atoms.z[i]! - mz),
    );
  return { ...atoms, x: along(u), y: along(v), z: along(w) };
}

/** Integral of each atom's density: occupancy times f(0), in Å. Throws InputError naming an atom of unknown element. */
function densityWeights(atoms: Atoms): Float64Array {
  return Float64Array.from(
    { length: atoms.count },
    (_, i) => atoms.occupancy[i]! * factorOf(atoms, i).a.reduce((sum, a) => sum + a, 0),
  );
}

function factorOf(atoms: Atoms, i: number) {
  try {
    return scatteringFactor(atoms.element[i]!);
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${atoms.source}: atom ${i + 1}: ${error.message}`) : error;
  }
}

/** Centre of mass of the density, Å. */
function centerOfMass(atoms: Atoms): [number, number, number] {
  const weights = densityWeights(atoms);
  const total = weights.reduce((sum, w) => sum + w, 0);
  if (!(total > 0)) throw new InputError(`${atoms.source}: the occupancies of all atoms are 0`);
  const mean = (coordinate: Float64Array) => coordinate.reduce((sum, c, i) => sum + weights[i]! * c, 0) / total;
  return [mean(atoms.x), mean(atoms.y), mean(atoms.z)];
}

/** The sphere about the centre that holds all atoms must lie in the box, so that every view of the molecule does. */
function checkFits(
  atoms: Atoms,
  [mx, my, mz]: [number, number, number],
  boxSize: number,
  pixelSizeAngstrom: number,
): void {
  let radius = 0;
  for (let i = 0; i < atoms.count; i++)
    radius = Math.max(radius, Math.hypot(atoms.x[i]! - mx, atoms.y[i]! - my, atoms.z[i]! - mz));
  const diameter = 2 * radius;
  const edge = boxSize * pixelSizeAngstrom;
  if (diameter > edge) {
    throw new InputError(
      `${atoms.source}: the molecule is ${diameter.toFixed(1)} Å ` +
        `in diameter and does not fit the box of ${edge.toFixed(1)} Å ` +
        `(${boxSize} voxels of ${pixelSizeAngstrom} Å); ` +
        `use at least ${Math.ceil(diameter / pixelSizeAngstrom)} voxels or larger ones`,
    );
  }
}

/** Gaussians in units of voxels, five to an atom. */
interface Gaussians {
  /** Centre of each atom as a voxel index. */
  x: Float64Array;
  y: Float64Array;
  z: Float64Array;
  /** Peak height (Å⁻²) and standard deviation (voxels) of each Gaussian. */
  peak: Float64Array;
  sigma: Float64Array;
}

function atomGaussians(
  atoms: Atoms,
  bFactors: Float64Array,
  [mx, my, mz]: [number, number, number],
  options: DensityOptions,
): Gaussians {
  const { boxSize, pixelSizeAngstrom, resolutionAngstrom } = options;
  const toVoxel = (coordinates: Float64Array, middle: number) =>
    coordinates.map((c) => (c - middle) / pixelSizeAngstrom + Math.floor(boxSize / 2));
  const peak = new Float64Array(5 * atoms.count);
  const sigma = new Float64Array(5 * atoms.count);
  for (let i = 0; i < atoms.count; i++) {
    const { a, b } = factorOf(atoms, i);
    for (let k = 0; k < 5; k++) {
      // exp(-w g²) is the transform of a Gaussian of variance w / (2 pi²).
      const variance = ((b[k]! + bFactors[i]!) / 4 + resolutionAngstrom ** 2) / (2 * Math.PI ** 2);
      peak[5 * i + k] = (atoms.occupancy[i]! * a[k]!) / (2 * Math.PI * variance) ** 1.5;
      sigma[5 * i + k] = Math.sqrt(variance) / pixelSizeAngstrom;
    }
  }
  return { x: toVoxel(atoms.x, mx), y: toVoxel(atoms.y, my), z: toVoxel(atoms.z, mz), peak, sigma };
}

/**
 * How many samples per voxel edge keep aliasing below 2e-4 of f(0) at every frequency of the map. With s of them the
 * frequency 1/(2 pixel) is met first by the alias of (s - 1/2) / pixel.
 */
function neededOversampling(
  atoms: Atoms,
  bFactors: Float64Array,
  pixelSizeAngstrom: number,
  resolutionAngstrom: number,
): number {
  const sharpest = bFactors.reduce((least, b) => Math.min(least, b), Infinity);
  if (!(sharpest / 4 + resolutionAngstrom ** 2 > 0))
    throw new InputError(`${atoms.source}: a B-factor of ${sharpest} Å² is sharper than any atom; set it to 0`);
  const kinds = [...new Set(atoms.element)].map((element) => scatteringFactor(element));
  for (let s = 1; ; s++) {
    const g2 = ((s - 0.5) / pixelSizeAngstrom) ** 2;
    const aliased = kinds.map(({ a, b }) => {
      const atZero = a.reduce((sum, ak) => sum + ak, 0);
      return a.reduce(
        (sum, ak, k) => sum + (ak / atZero) * Math.exp(-((b[k]! + sharpest) / 4 + resolutionAngstrom ** 2) * g2),
        0,
      );
    });
    if (Math.max(...aliased) < 2e-4) return s;
  }
}

/** Beyond this many standard deviations a Gaussian is left out (5e-5 of its peak, 2e-5 of its integral). */
const cutoff = 4.5;

/**
 * The sum of the Gaussians at the points (index + offset) of an n³ grid, z, y, x with x fastest. Nothing wraps round.
 */
function sampleGaussians(
  gaussians: Gaussians,
  n: number,
  [offsetZ, offsetY, offsetX]: [number, number, number],
): Float64Array {
  const { x, y, z, peak, sigma } = gaussians;
  const grid = new Float64Array(n ** 3);
  const profile = { x: new Float64Array(n), y: new Float64Array(n), z: new Float64Array(n) };
  /**
   * exp(-(i - middle)²/2σ²) for the indices i within the cut-off; returns the first of them and the one after the last.
   */
  const evaluate = (into: Float64Array, middle: number, width: number): [number, number] => {
    const first = Math.max(0, Math.ceil(middle - cutoff * width));
    const end = Math.min(n, Math.floor(middle + cutoff * width) + 1);
    for (let i = first; i < end; i++) into[i] = Math.exp(-0.5 * ((i - middle) / width) ** 2);
    return [first, end];
  };
  for (let g = 0; g < peak.length; g++) {
    const atom = Math.floor(g / 5);
    const [x0, x1] = evaluate(profile.x, x[atom]! - offsetX, sigma[g]!);
    const [y0, y1] = evaluate(profile.y, y[atom]! - offsetY, sigma[g]!);
    const [z0, z1] = evaluate(profile.z, z[atom]! - offsetZ, sigma[g]!);
    for (let iz = z0; iz < z1; iz++) {
      for (let iy = y0; iy < y1; iy++) {
        const height = peak[g]! * profile.z[iz]! * profile.y[iy]!;
        const row = (iz * n + iy) * n;
        for (let ix = x0; ix < x1; ix++) grid[row + ix]! += height * profile.x[ix]!;
      }
    }
  }
  return grid;
}

/**
 * The Gaussians sampled s times finer and cropped in Fourier space to the n³ frequencies below Nyquist. The fine grid
 * is taken as s³ interlaced coarse ones, whose transforms add up with a phase each to that of the fine grid (Hockney &
 * Eastwood 1981, "Computer simulation using particles", section 7-8), so memory stays that of the coarse grid.
 */
function bandLimited(gaussians: Gaussians, n: number, s: number): Float64Array {
  const shape = [n, n, n];
  const sumRe = new Float64Array(n ** 3);
  const sumIm = new Float64Array(n ** 3);
  for (let lattice = 0; lattice < s ** 3; lattice++) {
    const offset: [number, number, number] = [
      Math.floor(lattice / s ** 2) / s,
      (Math.floor(lattice / s) % s) / s,
      (lattice % s) / s,
    ];
    const re = sampleGaussians(gaussians, n, offset);
    const im = new Float64Array(n ** 3);
    fftn(re, im, shape);
    addShifted(sumRe, sumIm, re, im, n, offset, 1 / s ** 3);
  }
  fftn(sumRe, sumIm, shape, true);
  return sumRe;
}

/**
 * sum += weight · transform · exp(-2 pi i k·offset / n), leaving out the Nyquist frequency of an even n, which has no
 * sign.
 */
function addShifted(
  sumRe: Float64Array,
  sumIm: Float64Array,
  re: Float64Array,
  im: Float64Array,
  n: number,
  offset: [number, number, number],
  weight: number,
): void {
  const phase = (shift: number) =>
    Float64Array.from({ length: n }, (_, i) => (-2 * Math.PI * signedFrequency(i, n) * shift) / n);
  const [phaseZ, phaseY, phaseX] = [phase(offset[0]), phase(offset[1]), phase(offset[2])];
  const cosX = phaseX.map(Math.cos);
  const sinX = phaseX.map(Math.sin);
  for (let iz = 0; iz < n; iz++) {
    for (let iy = 0; iy < n; iy++) {
      if (2 * iz === n || 2 * iy === n) continue;
      const cosRow = weight * Math.cos(phaseZ[iz]! + phaseY[iy]!);
      const sinRow = weight * Math.sin(phaseZ[iz]! + phaseY[iy]!);
      for (let ix = 0; ix < n; ix++) {
        if (2 * ix === n) continue;
        const i = (iz * n + iy) * n + ix;
        const c = cosRow * cosX[ix]! - sinRow * sinX[ix]!;
        const d = cosRow * sinX[ix]! + sinRow * cosX[ix]!;
        sumRe[i]! += c * re[i]! - d * im[i]!;
        sumIm[i]! += c * im[i]! + d * re[i]!;
      }
    }
  }
}

/**
 * Eigenvectors of a symmetric 3x3 matrix, that of the largest eigenvalue first (cyclic Jacobi; Golub & Van Loan,
 * section 8.5).
 */
function principalAxes(symmetric: Matrix3): [number[], number[], number[]] {
  let rest = symmetric;
  let axes: Matrix3 = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  for (let sweep = 0; sweep < 20; sweep++) {
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ]) {
      // The rotation in the p-q plane after which element (p, q) is 0.
      const angle = 0.5 * Math.atan2(2 * rest[3 * p! + q!]!, rest[4 * q!]! - rest[4 * p!]!);
      const turn: Matrix3 = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
      turn[4 * p!] = turn[4 * q!] = Math.cos(angle);
      turn[3 * p! + q!] = Math.sin(angle);
      turn[3 * q! + p!] = -Math.sin(angle);
      rest = multiply(multiply(transpose(turn), rest), turn);
      axes = multiply(axes, turn);
    }
  }
  const order = [0, 1, 2].sort((a, b) => rest[4 * b]! - rest[4 * a]!);
  return order.map((column) => [axes[column], axes[3 + column], axes[6 + column]]) as [number[], number[], number[]];
}
