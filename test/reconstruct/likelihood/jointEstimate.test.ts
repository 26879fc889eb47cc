/** Maps estimated together: the correlations among them, and the equations that they solve. */
import { inverse, Matrix } from "ml-matrix";
import { expect, test } from "vitest";
import { sumsSize } from "../../../src/reconstruct/likelihood/backprojection.ts";
import { correlationsOf, jointSums } from "../../../src/reconstruct/likelihood/jointEstimate.ts";
import { openWiener, tablePrior } from "../../../src/reconstruct/likelihood/wiener.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";

const n = 16,
  m = 2 * n + 2,
  maps = 3,
  origin = n * (m + 1);

/** Half of the frequencies of the padded table, the origin left out, with their shells; -f stands apart in kz = 0. */
const frequencies = Array.from({ length: (n + 1) * m * m }, (_, at) => {
  const [x, y, z] = [at % m, Math.floor(at / m) % m, Math.floor(at / m / m)];
  return {
    at,
    opposite: z === 0 ? 2 * origin - at : undefined,
    square: (x - n) ** 2 + (y - n) ** 2 + z ** 2,
    shell: Math.round(Math.hypot(x - n, y - n, z) / 2),
    apart: x <= 2 * n && y <= 2 * n && (z > 0 || at < origin),
  };
}).filter(({ shell, apart }) => shell <= n / 2 && apart);

/** Sums of images of maps that are given at each frequency, with noise, and as much of each in -f as in f. */
function sumsOf(signal: (map: number, k: number) => [number, number], seed: string, weightOf = 1): Float32Array {
  const stream = createStream(1, seed),
    size = sumsSize(n),
    sums = new Float32Array(maps * size);
  frequencies.forEach(({ at, opposite }, k) => {
    for (let i = 0; i < maps; i++) {
      const weight = weightOf * (0.5 + stream.uniform()),
        noise = Math.sqrt(weight / 2), // of the real and the imaginary part, 1 of both for a weight of 1
        [re, im] = signal(i, k);
      const own = [weight * re + noise * stream.normal(), weight * im + noise * stream.normal()] as const;
      const put = (place: number, sign: number, share: number): void =>
        sums.set([share * own[0], sign * share * own[1], share * weight], i * size + 3 * place);
      if (opposite === undefined) put(at, 1, 1);
      else {
        put(at, 1, 0.5);
        put(opposite, -1, 0.5);
      }
    }
  });
  return sums;
}

const stream = createStream(1, "maps"),
  normal = (): [number, number] => [stream.normal(), stream.normal()];
/** Of each frequency what all maps share, and what each has to itself. */
const parts = frequencies.map(() => ({ shared: normal(), own: Array.from({ length: maps }, normal) }));
/** Maps of which neighbours correlate by `alike`², up to shell 5 alone. */
const alike = 0.9,
  mapsAt = (i: number, k: number): [number, number] => {
    const { shared, own } = parts[k]!,
      a = frequencies[k]!.shell <= 5 ? alike : 0;
    return [0, 1].map((c) => a * shared[c]! + Math.sqrt(1 - a * a) * own[i]![c]!) as [number, number];
  };

test("correlations are those of the maps, shell by shell, whatever the noise of the halves", () => {
  const found = correlationsOf(sumsOf(mapsAt, "first", 3), sumsOf(mapsAt, "second", 3), n);
  expect(found).toHaveLength(n / 2 + 1);
  for (const [shell, matrix] of found.entries()) {
    if (shell < 3) continue; // a hundred frequencies or fewer
    for (let i = 0; i < maps; i++)
      for (let j = 0; j < maps; j++)
        expect(Math.abs(matrix[i]![j]! - (i === j ? 1 : shell <= 5 ? alike ** 2 : 0))).toBeLessThan(0.08);
  }
});

test("where the images show nothing, correlations are those of the shell before", () => {
  const fading = (i: number, k: number): [number, number] => (frequencies[k]!.shell <= 5 ? mapsAt(i, k) : [0, 0]);
  const found = correlationsOf(sumsOf(fading, "first", 3), sumsOf(fading, "second", 3), n);
  expect(found[6]).toEqual(found[5]);
  expect(found[8]).toEqual(found[5]);
  expect(
    correlationsOf(
      sumsOf(() => [0, 0], "first"),
      sumsOf(() => [0, 0], "second"),
      n,
    )[4],
  ).toEqual([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
});

test("the joint estimate solves (A + C⁻¹)·V = b", () => {
  const sums = sumsOf(mapsAt, "all", 2),
    power = Array.from({ length: n / 2 + 1 }, (_, k) => 2 / (1 + k)),
    correlations = power.map((_, k) => [
      [1, 0.8, 0.05 * k],
      [0.8, 1, 0.5],
      [0.05 * k, 0.5, 1],
    ]);
  const prior = tablePrior(power, n / 2),
    joint = jointSums([sums.map((v) => 0.4 * v), sums.map((v) => 0.6 * v)], n, correlations, prior),
    solved = Array.from({ length: maps }, (_, i) => joint(i)[0]!);
  let compared = 0;
  for (const { at, opposite, shell, square } of frequencies.filter((_, k) => k % 50 === 0)) {
    const p = prior[square];
    if (p === undefined) continue;
    compared++;
    const own = (c: number, sign: number): number[] =>
      Array.from(
        { length: maps },
        (_, i) =>
          sums[i * sumsSize(n) + 3 * at + c]! +
          (opposite === undefined ? 0 : sign * sums[i * sumsSize(n) + 3 * opposite + c]!),
      );
    const normalEquations = Matrix.add(Matrix.diag(own(2, 1)), inverse(new Matrix(correlations[shell]!)).div(p));
    for (const c of [0, 1]) {
      const found = solved.map((of) => of[3 * at + c]! * p),
        left = normalEquations.mmul(Matrix.columnVector(found)).getColumn(0);
      own(c, c === 0 ? 1 : -1).forEach((b, i) => expect(left[i]).toBeCloseTo(b, 4));
    }
  }
  expect(compared).toBeGreaterThan(50);
});

test("maps that are not alike are Wiener's own, and those that are one are made of the images of all", async () => {
  const sums = sumsOf(mapsAt, "all"),
    power = new Array<number>(n / 2 + 1).fill(1),
    prior = tablePrior(power, n / 2),
    wiener = await openWiener(n, prior, nodeCpu(1));
  const joint = (r: number, i: number) => wiener.density(jointSums([sums], n, among(r), prior)(i));
  const among = (r: number) =>
    power.map(() => Array.from({ length: maps }, (_, i) => Array.from({ length: maps }, (_, j) => (i === j ? 1 : r))));
  const size = sumsSize(n),
    pooled = new Float32Array(size);
  sums.forEach((v, i) => (pooled[i % size]! += v));
  const together = await wiener.density([pooled]),
    scale = Math.hypot(...together);
  for (let i = 0; i < maps; i++) {
    const own = await wiener.density([sums.subarray(i * size, (i + 1) * size)]),
      apart = await joint(0, i),
      one = await joint(1 - 1e-7, i);
    expect(Math.hypot(...own.map((v, k) => v - apart[k]!))).toBeLessThan(1e-5 * scale);
    expect(Math.hypot(...one.map((v, k) => v - together[k]!))).toBeLessThan(1e-4 * scale);
    expect(Math.hypot(...own.map((v, k) => v - together[k]!))).toBeGreaterThan(0.1 * scale);
  }
  await wiener.release();
});
