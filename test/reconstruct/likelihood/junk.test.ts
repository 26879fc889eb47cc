import { expect, test } from "vitest";
import { junkOdds, varianceOf } from "../../../src/reconstruct/likelihood/junk.ts";

/** One harmonic on each of two circles (cosine and sine), two images. */
const ctfSquared = Float32Array.of(0.5, 0.9, 0.3, 0.2),
  harmonics = Float32Array.of(1.2, -0.4, 0.1, 0.8, -2.1, 0.3, 0.6, 0.9),
  variance = Float32Array.of(0.7, 2, 0.1, 0);

/** ∫ N(t; 0, v) exp(x·t - c·t²/2) dt by the trapezium rule. */
function integral(x: number, c: number, v: number): number {
  const step = 1e-3;
  let sum = 0;
  for (let t = -12; t <= 12; t += step)
    sum += (step * Math.exp(x * t - (c * t * t) / 2 - (t * t) / (2 * v))) / Math.sqrt(2 * Math.PI * v);
  return sum;
}

test("odds of junk are those of noise and of normal images of the variance of the templates", () => {
  const share = 0.2,
    found = junkOdds({ share, variance }, { harmonics, ctfSquared });
  for (const b of [0, 1]) {
    let somethingElse = 1;
    variance.forEach((v, i) => {
      if (v > 0) somethingElse *= integral(harmonics[2 * i + b]!, ctfSquared[2 * (i % 2) + b]!, v);
    });
    expect(found[b]).toBeCloseTo(Math.log((share / (1 - share)) * (0.5 + 0.5 * somethingElse)), 3);
  }
});

test("without a class of junk the odds are fixed at one in twenty", () => {
  expect(junkOdds(undefined, { harmonics, ctfSquared })).toEqual(Float32Array.of(Math.log(1 / 19)));
});

test("variances are means over the views, by the shares of the classes", () => {
  // [orders 2, places 3, width 2]; the last place holds no view.
  const templates = Float32Array.of(1, 2, 3, 4, 9, 9, 5, 6, 7, 8, 9, 9);
  const classes = [
    { first: 0, views: 1, share: 0.25 },
    { first: 1, views: 1, share: 0.75 },
  ];
  expect([...varianceOf(templates, 2, 3, classes)]).toEqual([
    0.25 + 0.75 * 9,
    0.25 * 4 + 0.75 * 16,
    0.25 * 25 + 0.75 * 49,
    0.25 * 36 + 0.75 * 64,
  ]);
});
