import { expect, test } from "vitest";
import { fftn, signedFrequency } from "../../../src/numeric/fft.ts";
import { compareHalfSamples } from "../../../src/reconstruct/measure/halfSamples.ts";
import { createStream } from "../../../src/runtime/random.ts";

const n = 32;
/** White in its angles, of mean power `power` in each coefficient. */
function density(name: string, power: number): Float32Array {
  const stream = createStream(3, name),
    deviation = Math.sqrt(power / n ** 3);
  return Float32Array.from({ length: n ** 3 }, () => deviation * stream.normal());
}
const shells = n / 2 + 1;
const spectra = { noise: new Float64Array(shells).fill(100), signal: new Float64Array(shells).fill(40) };
const add = (...all: Float32Array[]): Float32Array =>
  all[0]!.map((_, i) => all.reduce((sum, each) => sum + each[i]!, 0));
const mean = (values: readonly (number | null)[]): number =>
  values.slice(5).reduce<number>((sum, v) => sum + v!, 0) / (values.length - 5);

test("a right map shows the images' signal, damped as Wiener's estimate does, whatever the noise", () => {
  const attainable = 6,
    damping = attainable / 2 / (1 + attainable / 2);
  const truth = density("truth", 40 * damping ** 2),
    noisy = (name: string): Float32Array => add(truth, density(name, 20));
  const { share, agreement, signalToNoise, renewed } = compareHalfSamples(
    [noisy("first"), noisy("second")],
    n,
    spectra,
    new Float64Array(shells).fill(attainable),
    1000,
  );
  expect(mean(share)).toBeCloseTo(1, 1);
  expect(mean(agreement)).toBeCloseTo((40 * damping ** 2) / (40 * damping ** 2 + 20), 1);
  expect(mean(signalToNoise)).toBeCloseTo(0.4, 2);
  // In known poses the noise of a half is the signal over half of what is attainable.
  expect(mean(renewed)).toBeCloseTo(20 / (damping ** 2 * 40 * (2 / attainable)), 1);
});

test("noise that was put into one map and not into both is not taken for detail", () => {
  const { share } = compareHalfSamples(
    [density("first", 40), density("second", 40)],
    n,
    spectra,
    new Float64Array(shells).fill(100),
    1000,
  );
  expect(Math.abs(mean(share))).toBeLessThan(0.05);
});

test("an average over all directions shows none of it, though all that it can", () => {
  const re = new Float64Array(n ** 3),
    im = new Float64Array(n ** 3);
  for (let i = 0; i < n ** 3; i++) {
    const k = Math.hypot(...[i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)].map((v) => signedFrequency(v, n)));
    re[i] = Math.exp(-((k / 4) ** 2)) * (-1) ** ((i % n) + (Math.floor(i / n) % n) + Math.floor(i / n ** 2));
  }
  fftn(re, im, [n, n, n]); // a ball about the box's centre
  const ball = Float32Array.from(re, (v) => v / n ** 3),
    { share } = compareHalfSamples([ball, ball], n, spectra, new Float64Array(shells).fill(100), 1000);
  for (const value of share.slice(0, 8)) expect(Math.abs(value!)).toBeLessThan(0.01);
});

test("shells in which the images show nothing tell nothing", () => {
  const silent = { ...spectra, signal: new Float64Array(shells).fill(0.1) };
  const { share } = compareHalfSamples(
    [density("first", 1), density("second", 1)],
    n,
    silent,
    new Float64Array(shells).fill(1),
    1000,
  );
  expect(share.every((v) => v === null)).toBe(true);
});
