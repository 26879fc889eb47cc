/**
 * Wiener's estimate of several maps together. Maps of neighbouring states of one molecule have most in common; how
 * much, on each shell, two halves of the particles tell, and with it each map is made of the particles of all.
 *
 * With b the sums of the images and A their weights, the maps V at a frequency solve (A + C⁻¹)·V = b, C = P·R: the
 * expected power P of a map times the correlations R among them.
 */
import { factorise, solveFactorised } from "../../numeric/cholesky.ts";
import { type Matrix, ofEigenvalues } from "../../numeric/symmetric.ts";
import { sumsSize } from "./backprojection.ts";
import type { SumsOfParts } from "./wiener.ts";

/**
 * Visits one of each pair of frequencies f and -f of the padded table within shell n/2.
 * @param visit with the place of its sums; that of those of -f, which in the plane kz = 0 stand apart (the same at the
 *   origin), else undefined; and the square of its distance from the origin in padded frequencies
 */
function forEachPair(n: number, visit: (at: number, opposite: number | undefined, square: number) => void): void {
  const m = 2 * n + 2,
    origin = n * m + n;
  for (let z = 0; z <= n; z++)
    for (let y = 0; y <= 2 * n; y++)
      for (let x = 0; x <= 2 * n; x++) {
        const at = (z * m + y) * m + x,
          square = (x - n) ** 2 + (y - n) ** 2 + z ** 2;
        if (shellOf(square) <= n / 2 && (z > 0 || at <= origin))
          visit(at, z === 0 ? 2 * origin - at : undefined, square);
      }
}
const shellOf = (square: number): number => Math.round(Math.sqrt(square) / 2);

/** The sums of each map at f, those of -f put to them: real part, imaginary part and weight, [maps, 3]. */
function gather(parts: SumsOfParts, n: number, at: number, opposite: number | undefined, into: Float64Array): void {
  const size = sumsSize(n);
  into.fill(0);
  for (const sums of parts)
    for (let i = 0; 3 * i < into.length; i++)
      for (let c = 0; c < 3; c++) {
        into[3 * i + c]! += sums[i * size + 3 * at + c]!;
        if (opposite !== undefined) into[3 * i + c]! += (c === 1 ? -1 : 1) * sums[i * size + 3 * opposite + c]!;
      }
}

/**
 * Correlations of maps on shells 0 to n/2, by sums of two halves of the particles, whose noise is independent: the
 * mean of b₁·b₂* is A₁·A₂·C. Where they do not tell, those of the shell before; of the first ones, none.
 *
 * @param first, second [maps, sumsSize(n)], from `addSlices`
 */
export function correlationsOf(first: Float32Array, second: Float32Array, n: number): Matrix[] {
  const maps = first.length / sumsSize(n),
    shells = n / 2 + 1,
    lists = (): Float64Array[] => Array.from({ length: shells }, () => new Float64Array(maps * maps));
  const products = lists(),
    weights = lists(),
    a = new Float64Array(3 * maps),
    b = new Float64Array(3 * maps);
  forEachPair(n, (at, opposite, square) => {
    gather([first], n, at, opposite, a);
    gather([second], n, at, opposite, b);
    const shell = shellOf(square),
      product = products[shell]!,
      weight = weights[shell]!;
    for (let i = 0; i < maps; i++)
      for (let j = 0; j < maps; j++) {
        product[i * maps + j]! += a[3 * i]! * b[3 * j]! + a[3 * i + 1]! * b[3 * j + 1]!;
        weight[i * maps + j]! += a[3 * i + 2]! * b[3 * j + 2]!;
      }
  });
  let last: Matrix = square(maps, (i, j) => (i === j ? 1 : 0));
  return products.map((product, shell) => {
    const weight = weights[shell]!,
      all = weight.reduce((sum, w) => sum + w, 0);
    /** Covariance of two maps: of i in one half with j in the other, and the other way round. */
    const covariance = (i: number, j: number): number => {
      const [ij, ji] = [i * maps + j, j * maps + i];
      return (product[ij]! + product[ji]!) / (weight[ij]! + weight[ji]!);
    };
    const power = Array.from({ length: maps }, (_, i) => covariance(i, i)).reduce((sum, p) => sum + p, 0) / maps;
    // The variance of a covariance is at least 1/weight, of the padded table's eight times finer frequencies 8/weight.
    if (!(power > leastSignal * Math.sqrt((8 * maps) / all))) return last;
    const alike = square(maps, (i, j) => (i === j ? 1 : covariance(i, j) / power)),
      positive = ofEigenvalues(alike, (value) => Math.max(leastEigenvalue, value));
    last = square(maps, (i, j) => positive[i]![j]! / Math.sqrt(positive[i]![i]! * positive[j]![j]!));
    return last;
  });
}
/** The maps' mean power tells where it stands so many standard errors above nothing. */
const leastSignal = 4;
/** So much of its power a map always has to itself. */
const leastEigenvalue = 0.02;

const square = (size: number, of: (i: number, j: number) => number): number[][] =>
  Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => of(i, j)));

/**
 * @param sums         [maps, sumsSize(n)] of each half of the particles
 * @param correlations of each shell, from `correlationsOf`
 * @param prior        from `tablePrior`, of the power that a map is expected to have
 * @returns of each map the sums of which Wiener's estimate is its part of the joint one
 */
export function jointSums(
  sums: SumsOfParts,
  n: number,
  correlations: readonly Matrix[],
  prior: Float32Array,
): (map: number) => SumsOfParts {
  const maps = sums[0]!.length / sumsSize(n),
    inverses = correlations.map((matrix) => Float64Array.from(ofEigenvalues(matrix, (value) => 1 / value).flat()));
  let pairs = 0;
  forEachPair(n, () => pairs++);
  const places = new Int32Array(pairs),
    found = Array.from({ length: maps }, () => new Float32Array(2 * pairs)),
    matrix = new Float64Array(maps * maps),
    own = new Float64Array(3 * maps);
  let pair = 0;
  forEachPair(n, (at, opposite, square) => {
    const here = pair++,
      p = prior[square] ?? 0;
    places[here] = at;
    if (p === 0) return;
    gather(sums, n, at, opposite, own);
    // A + R⁻¹/P
    inverses[shellOf(square)]!.forEach((v, i) => (matrix[i] = v / p));
    for (let i = 0; i < maps; i++) matrix[i * maps + i]! += own[3 * i + 2]!;
    factorise(matrix, maps);
    solveFactorised(matrix, maps, own, 0, 3);
    solveFactorised(matrix, maps, own, 1, 3);
    // Without weights Wiener's estimate is P times what stands at f, twice that at the origin.
    const scale = at === opposite ? 1 / (2 * p) : 1 / p;
    for (let i = 0; i < maps; i++) {
      found[i]![2 * here] = scale * own[3 * i]!;
      found[i]![2 * here + 1] = scale * own[3 * i + 1]!;
    }
  });
  return (map) => {
    const out = new Float32Array(sumsSize(n));
    places.forEach((at, k) => out.set(found[map]!.subarray(2 * k, 2 * k + 2), 3 * at));
    return [out];
  };
}
