import { expect, it } from "vitest";
import { fftn, signedFrequency } from "../../../src/numeric/fft.ts";
import { colouredNoise } from "../../../src/physics/noise.ts";
import { tabulatedDefocus } from "../../../src/physics/simulate.ts";
import { varianceOf } from "../../../src/reconstruct/measure/criticNoise.ts";
import { measureSpectra } from "../../../src/reconstruct/measure/spectra.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";

const n = 40,
  radius = 13,
  count = 1024,
  boxAngstrom = 200;
const optics = tabulatedDefocus(
  count,
  [{ defocusUAngstrom: 15_000, defocusVAngstrom: 15_000, astigmatismAngle: 0 }],
  { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 },
  1,
);
const everyone = Int32Array.from({ length: count }, (_, i) => i);
const measured = (images: Float32Array) => measureSpectra(images, n, optics, everyone, boxAngstrom, radius, nodeCpu(1));

function noiseImages(power: (k: number) => number): Float32Array {
  const spectrum = Float64Array.from({ length: n }, (_, k) => n * n * power(k)),
    deviation = Math.sqrt(varianceOf(spectrum, n)),
    images = new Float32Array(count * n * n);
  colouredNoise(spectrum, n, createStream(1, "noise"))(images);
  return images.map((v) => deviation * v);
}

/** Power of the whole background on a shell, by definition: mean |transform|² outside the circle, over its area. */
function wholeBackground(images: Float32Array): (k: number) => number {
  const inside = (i: number): boolean => Math.hypot((i % n) - n / 2, Math.floor(i / n) - n / 2) <= radius;
  const sums = new Float64Array(n),
    samples = new Float64Array(n);
  let area = 0;
  for (let i = 0; i < n * n; i++) area += inside(i) ? 0 : 1;
  for (let p = 0; p < 256; p++) {
    const re = Float64Array.from({ length: n * n }, (_, i) => (inside(i) ? 0 : images[p * n * n + i]!)),
      im = new Float64Array(n * n);
    fftn(re, im, [n, n]);
    for (let i = 0; i < n * n; i++) {
      const k = Math.round(Math.hypot(signedFrequency(Math.floor(i / n), n), signedFrequency(i % n, n)));
      sums[k]! += ((re[i]! ** 2 + im[i]! ** 2) * n * n) / area;
      samples[k]!++;
    }
  }
  return (k) => sums[k]! / samples[k]!;
}

/** A blob of two pixels' width in every other image, at random beyond the particle's own place. */
function addNeighbours(images: Float32Array, height: number): void {
  const places = createStream(2, "neighbours");
  for (let p = 0; p < count; p += 2) {
    const turn = 2 * Math.PI * places.uniform(),
      distance = radius + 5 + 8 * places.uniform();
    const y = n / 2 + distance * Math.sin(turn),
      x = n / 2 + distance * Math.cos(turn);
    for (let i = 0; i < n * n; i++)
      images[p * n * n + i]! += height * Math.exp(-((Math.floor(i / n) - y) ** 2 + ((i % n) - x) ** 2) / 8);
  }
}

const spectra = [
  ["white", () => 1],
  ["coloured", (k: number) => 1 + 4 * Math.exp(-((k / 8) ** 2))],
] as const;

it.each(spectra)("%s noise alone has the power of the whole background", async (_, power) => {
  const images = noiseImages(power),
    { noise } = await measured(images),
    expected = wholeBackground(images);
  for (let k = 2; k < n / 2; k++)
    expect(noise[k]! / expected(k), `at ${k}`).toSatisfy((ratio: number) => Math.abs(ratio - 1) < 0.06);
});

it.each(spectra)("neighbours in the box do not count as %s noise", async (_, power) => {
  const images = noiseImages(power),
    expected = wholeBackground(images);
  addNeighbours(images, 2.5 * Math.sqrt(power(2)));
  const { noise } = await measured(images),
    crowded = wholeBackground(images);
  expect(crowded(2) / expected(2)).toBeGreaterThan(1.5);
  for (let k = 2; k < n / 2; k++)
    expect(noise[k]! / expected(k), `at ${k}`).toSatisfy((ratio: number) => Math.abs(ratio - 1) < 0.12);
});
