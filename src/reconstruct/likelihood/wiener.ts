/**
 * The maximisation step: Wiener's estimate makes a density of the sums on the Fourier table, plane by plane, so that no
 * other table stands beside them.
 */
import { pairOf, pairsOf } from "../../critic/motion.ts";
import { factorise, solveFactorised } from "../../numeric/cholesky.ts";
import { shellValue } from "../../physics/frequencies.ts";
import { openTableInverse } from "../../physics/tablePlanes.ts";
import type { Device } from "../../runtime/device.ts";
import { partOf } from "../classes.ts";

/**
 * Expected power at a voxel of the padded table by its distance from the origin squared, in padded frequencies, up to
 * `maxRadius`. The padded table is eight times finer than the independent frequencies.
 */
export const tablePrior = (power: ArrayLike<number>, maxRadius: number): Float32Array =>
  Float32Array.from({ length: (2 * maxRadius) ** 2 + 1 }, (_, square) => 8 * shellValue(power, Math.sqrt(square) / 2));

/** Sums of the particles, or of parts of them that add up: `TableSums` each. */
export type SumsOfParts = readonly Float32Array[];

/**
 * The sums at f and those at -f together, in the plane kz: real part, imaginary part and weight, [2n+1, 2n+1, 3] for ky
 * and kx = -n … n.
 */
function planeOfSums(parts: SumsOfParts, n: number, kz: number, into: Float32Array): void {
  const m = 2 * n + 2,
    row = 3 * (2 * n + 1),
    first = 3 * kz * m * m;
  for (const [i, sums] of parts.entries())
    for (let y = 0; y <= 2 * n; y++) {
      const from = first + 3 * y * m,
        to = y * row;
      if (i === 0) into.set(sums.subarray(from, from + row), to);
      else for (let j = 0; j < row; j++) into[to + j]! += sums[from + j]!;
    }
  if (kz > 0) return;
  for (let at = 0, opposite = into.length - 3; at <= opposite; at += 3, opposite -= 3) {
    const re = into[at]! + into[opposite]!,
      im = into[at + 1]! - into[opposite + 1]!;
    into[at] = into[opposite] = re;
    into[at + 1] = im;
    into[opposite + 1] = -im;
    into[at + 2] = into[opposite + 2] = into[at + 2]! + into[opposite + 2]!;
  }
}

/**
 * Visits the voxels of the plane kz at padded frequencies ky, kx = -n … n within a distance of the origin.
 * @param reach its square
 * @param visit with the voxel's place in the plane, that of its real part in a plane [2n+1, 2, 2n+1], and the square of
 *   its distance
 */
function eachWithin(
  n: number,
  kz: number,
  reach: number,
  visit: (at: number, real: number, square: number) => void,
): void {
  const edge = 2 * n + 1;
  for (let y = 0; y < edge; y++) {
    const apart = (y - n) ** 2 + kz ** 2,
      half = apart > reach ? -1 : Math.min(n, Math.floor(Math.sqrt(reach - apart)));
    for (let x = n - half; x <= n + half; x++) visit(y * edge + x, 2 * y * edge + x, apart + (x - n) ** 2);
  }
}

export interface Wiener {
  /**
   * numerator/(denominator + 1/prior) at each frequency, 0 beyond the prior's, then back to real space: [n, n, n].
   * @param sums from `addSlices`
   */
  density(sums: SumsOfParts): Promise<Float32Array>;
  release(): Promise<void>;
}

/** @param prior from `tablePrior` */
export async function openWiener(n: number, prior: Float32Array, device: Device): Promise<Wiener> {
  const edge = 2 * n + 1,
    inverse = await openTableInverse(n, 1, device),
    inversePrior = prior.map((p) => 1 / p),
    sums = new Float32Array(3 * edge * edge);
  return {
    density: (parts) =>
      inverse.densities((kz, into) => {
        planeOfSums(parts, n, kz, sums);
        into.fill(0);
        eachWithin(n, kz, prior.length - 1, (at, real, square) => {
          const i = 3 * at,
            factor = 1 / (sums[i + 2]! + inversePrior[square]!);
          into[real] = sums[i]! * factor;
          into[real + edge] = sums[i + 1]! * factor;
        });
      }),
    release: () => inverse.release(),
  };
}

export interface ComponentsSolver {
  /**
   * The mean and the components of a molecule that moves, [1 + components, n, n, n]: at each frequency the normal
   * equations Σ_k (A_jk + δ_jk/prior_j)·V_k = b_j, A_jk = Σ ⟨z_j·z_k⟩·CTF² and b_j = Σ ⟨z_j⟩·CTF·F, then back to real
   * space.
   *
   * @param sums   [pairs, sumsSize(n)] of each part of the particles, from `addSlices` for each of `pairsOf` (the
   *   weights are those of the pair; numerators count in pairs of a part with itself)
   * @param priors from `tablePrior`, of the mean and of each component, all as long
   */
  densities(sums: SumsOfParts, priors: readonly Float32Array[]): Promise<Float32Array>;
  release(): Promise<void>;
}

export async function openComponentsSolver(n: number, components: number, device: Device): Promise<ComponentsSolver> {
  const edge = 2 * n + 1,
    parts = 1 + components,
    pairs = pairsOf(components),
    inverse = await openTableInverse(n, parts, device),
    ofPairs = pairs.map(() => new Float32Array(3 * edge * edge)),
    pair = Array.from({ length: parts ** 2 }, (_, i) => {
      const [j, k] = [Math.floor(i / parts), i % parts];
      return ofPairs[pairOf(pairs, Math.min(j, k), Math.max(j, k))];
    }) as Float32Array[];
  return {
    densities(sums, priors) {
      const matrix = new Float64Array(parts ** 2),
        values = new Float64Array(2 * parts);
      return inverse.densities((kz, into) => {
        for (const [p, own] of ofPairs.entries())
          planeOfSums(
            sums.map((all) => partOf(all, p, pairs.length)),
            n,
            kz,
            own,
          );
        into.fill(0);
        eachWithin(n, kz, priors[0]!.length - 1, (at, real, square) => {
          const i = 3 * at;
          for (let j = 0; j < parts; j++) {
            for (let k = 0; k < parts; k++) matrix[j * parts + k] = pair[j * parts + k]![i + 2]!;
            matrix[j * parts + j]! += 1 / priors[j]![square]!;
            values[j] = pair[j * parts + j]![i]!;
            values[parts + j] = pair[j * parts + j]![i + 1]!;
          }
          factorise(matrix, parts);
          solveFactorised(matrix, parts, values, 0);
          solveFactorised(matrix, parts, values, parts);
          for (let j = 0; j < parts; j++) {
            const to = 2 * j * edge * edge + real;
            into[to] = values[j]!;
            into[to + edge] = values[parts + j]!;
          }
        });
      });
    },
    release: () => inverse.release(),
  };
}
