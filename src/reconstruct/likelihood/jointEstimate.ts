/**
 * Wiener's estimate of several maps together. Maps of neighbouring states of one molecule have most in common; how
 * much, on each shell, two halves of the particles tell, and with it each map is made of the particles of all.
 *
 * With b the sums of the images and A their weights, the maps V at a frequency solve (A + C⁻¹)·V = b, C = P·R: the
 * expected power P of a map times the correlations R among them.
 */
import { type Matrix, ofEigenvalues } from "../../numeric/symmetric.ts";
import { sumsSize, tablePrior } from "./backprojection.ts";

/**
 * Visits one of each pair of frequencies f and -f of the padded table within shell n/2.
 * @param visit with their places (`at` = `opposite` at the origin) and their shell
 */
function forEachPair(n: number, visit: (at: number, opposite: number, shell: number) => void): void {
  const m = 2 * n + 2,
    origin = n * (m * m + m + 1);
  for (let z = 0; z <= n; z++)
    for (let y = 0; y <= 2 * n; y++)
      for (let x = 0; x <= 2 * n; x++) {
        const at = (z * m + y) * m + x,
          shell = Math.round(Math.hypot(x - n, y - n, z - n) / 2);
        if (at <= origin && shell <= n / 2) visit(at, 2 * origin - at, shell);
      }
}

/** The sums of each map at f, those of -f put to them: real part, imaginary part and weight, [maps, 3]. */
function gather(sums: Float32Array, n: number, at: number, opposite: number, into: Float64Array): void {
  const size = sumsSize(n);
  for (let i = 0; 3 * i < into.length; i++) {
    const a = i * size + 3 * at,
      b = i * size + 3 * opposite;
    into[3 * i] = sums[a]! + sums[b]!;
    into[3 * i + 1] = sums[a + 1]! - sums[b + 1]!;
    into[3 * i + 2] = sums[a + 2]! + sums[b + 2]!;
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
  forEachPair(n, (at, opposite, shell) => {
    gather(first, n, at, opposite, a);
    gather(second, n, at, opposite, b);
    const product = products[shell]!,
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
 * @param sums         [maps, sumsSize(n)]
 * @param correlations of each shell, from `correlationsOf`
 * @param power        that a map is expected to have on each shell
 * @param maxRadius    beyond which there is nothing
 * @returns of each map the sums of which `wienerProgram` makes its part of the joint estimate
 */
export function jointSums(
  sums: Float32Array,
  n: number,
  correlations: readonly Matrix[],
  power: ArrayLike<number>,
  maxRadius: number,
): (map: number) => Float32Array {
  const maps = sums.length / sumsSize(n),
    prior = tablePrior(n, power, maxRadius),
    inverses = correlations.map((matrix) => Float64Array.from(ofEigenvalues(matrix, (value) => 1 / value).flat()));
  let pairs = 0;
  forEachPair(n, () => pairs++);
  const places = new Int32Array(pairs),
    found = Array.from({ length: maps }, () => new Float32Array(2 * pairs)),
    factor = new Float64Array(maps * maps),
    own = new Float64Array(3 * maps);
  let pair = 0;
  forEachPair(n, (at, opposite, shell) => {
    const here = pair++,
      p = prior[at]!;
    places[here] = at;
    if (p === 0) return;
    gather(sums, n, at, opposite, own);
    factorOf(inverses[shell]!, p, own, factor);
    solve(factor, own, 0);
    solve(factor, own, 1);
    // Without weights the program multiplies by P what it finds at f, twice at the origin.
    const scale = at === opposite ? 1 / (2 * p) : 1 / p;
    for (let i = 0; i < maps; i++) {
      found[i]![2 * here] = scale * own[3 * i]!;
      found[i]![2 * here + 1] = scale * own[3 * i + 1]!;
    }
  });
  return (map) => {
    const out = new Float32Array(sumsSize(n));
    places.forEach((at, k) => out.set(found[map]!.subarray(2 * k, 2 * k + 2), 3 * at));
    return out;
  };
}

/** Cholesky's factor of A + R⁻¹/P, row by row. */
function factorOf(inverse: Float64Array, power: number, sums: Float64Array, factor: Float64Array): void {
  const size = sums.length / 3;
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let rest = inverse[i * size + j]! / power + (i === j ? sums[3 * i + 2]! : 0);
      for (let k = 0; k < j; k++) rest -= factor[i * size + k]! * factor[j * size + k]!;
      factor[i * size + j] = i === j ? Math.sqrt(rest) : rest / factor[j * size + j]!;
    }
}

/** Puts the solution in the place of the right-hand side, entry `part` of each three. */
function solve(factor: Float64Array, values: Float64Array, part: 0 | 1): void {
  const size = values.length / 3;
  for (let i = 0; i < size; i++) {
    let rest = values[3 * i + part]!;
    for (let k = 0; k < i; k++) rest -= factor[i * size + k]! * values[3 * k + part]!;
    values[3 * i + part] = rest / factor[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    let rest = values[3 * i + part]!;
    for (let k = i + 1; k < size; k++) rest -= factor[k * size + i]! * values[3 * k + part]!;
    values[3 * i + part] = rest / factor[i * size + i]!;
  }
}
