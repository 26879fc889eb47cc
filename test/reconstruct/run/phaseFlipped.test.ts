/**
 * Images with their phases flipped, and told to be so, are to every part of a reconstruction what the images were
 * before.
 */

import { beforeAll, expect, test } from "vitest";
import type { Optics } from "../../../src/base/types.ts";
import { likelihoodRatioCritic } from "../../../src/critic/likelihoodRatio.ts";
import { disk } from "../../../src/io/disk.ts";
import { centeredInverse, centeredTransform } from "../../../src/numeric/centredTransform.ts";
import { whiteNoise } from "../../../src/physics/noise.ts";
import { simulateImages, tabulatedDefocus } from "../../../src/physics/simulate.ts";
import { samplePoses } from "../../../src/physics/viewing.ts";
import { createParticleStore } from "../../../src/reconstruct/likelihood/particleStore.ts";
import { criticImages } from "../../../src/reconstruct/measure/criticImages.ts";
import { measureSpectra } from "../../../src/reconstruct/measure/spectra.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { alone } from "../../../src/runtime/processes.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { densityOf, randomBlobs } from "../../evaluate/blobs.ts";

const n = 32,
  pixel = 3,
  boxAngstrom = n * pixel,
  count = 128,
  maxRadius = 14,
  device = nodeCpu(1);
const all = Int32Array.from({ length: count }, (_, i) => i);
const optics = tabulatedDefocus(
  count,
  [
    { defocusUAngstrom: 9000, defocusVAngstrom: 7000, astigmatismAngle: 0.5 },
    { defocusUAngstrom: 14_000, defocusVAngstrom: 13_000, astigmatismAngle: -1.2 },
  ],
  { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 },
  1,
);
const flippedOptics: Optics = { ...optics, phaseFlipped: new Float64Array(count).fill(1) };
const exposures = {
  volume: densityOf(randomBlobs(5, 12, 0.25 * boxAngstrom, 1.5 * pixel), n, pixel),
  rotations: samplePoses({ kind: "uniform" }, count, createStream(1, "poses")),
  shifts: new Float32Array(2 * count),
};
let images: Float32Array, flipped: Float32Array;

async function simulate(optics: Optics, noisy: boolean): Promise<Float32Array> {
  const out = new Float32Array(count * n * n),
    noise = noisy ? { noise: whiteNoise(createStream(1, "noise")), signalToNoise: 0.5 } : {};
  for await (const batch of simulateImages({ ...exposures, optics, ...noise }, device))
    out.set(batch.images, batch.first * n * n);
  return out;
}

/** RELION's CTF by the textbook: Rohou & Grigorieff (2015), eqs. 3-5. */
function textbookCtf(x: number, y: number, i: number): number {
  const wavelength = 0.0196875,
    s2 = x * x + y * y,
    u = optics.defocusUAngstrom[i]!,
    v = optics.defocusVAngstrom[i]!;
  const defocus = (u + v) / 2 + ((u - v) / 2) * Math.cos(2 * (Math.atan2(y, x) - optics.astigmatismAngle[i]!));
  return Math.sin(
    Math.PI * wavelength * s2 * defocus - (Math.PI / 2) * 2.7e7 * wavelength ** 3 * s2 ** 2 + Math.asin(0.1),
  );
}

function flipPhases(images: Float32Array): Float32Array {
  const out = new Float32Array(images.length),
    k = (i: number): number => (i < n / 2 ? i : i - n) / boxAngstrom;
  for (let p = 0; p < count; p++) {
    const { re, im } = centeredTransform(images.subarray(p * n * n, (p + 1) * n * n), [n, n]);
    for (let j = 0; j < n * n; j++) {
      if (textbookCtf(k(j % n), k(Math.floor(j / n)), p) > 0) continue;
      re[j]! *= -1;
      im[j]! *= -1;
    }
    out.set(centeredInverse(re, im, [n, n]), p * n * n);
  }
  return out;
}

function correlation(a: Float32Array, b: Float32Array): number {
  let ab = 0,
    aa = 0,
    bb = 0;
  a.forEach((v, i) => {
    ab += v * b[i]!;
    aa += v * v;
    bb += b[i]! ** 2;
  });
  return ab / Math.sqrt(aa * bb);
}

beforeAll(async () => {
  images = await simulate(optics, true);
  flipped = flipPhases(images);
});

test("simulator: its images with |CTF| are its images with the CTF, flipped", async () => {
  const plain = await simulate(optics, false),
    told = await simulate(flippedOptics, false);
  expect(correlation(plain, told)).toBeLessThan(0.99);
  expect(correlation(flipPhases(plain), told)).toBeGreaterThan(0.9999);
});

test("particle store: the same matched filters", async () => {
  const spectra = { noise: new Float64Array(n / 2 + 1).fill(n * n), signal: new Float64Array(n / 2 + 1).fill(n * n) };
  const rows = async (optics: Optics, pixels: Float32Array): Promise<Float32Array> => {
    const read = async (first: number, size: number) => pixels.subarray(first * n * n, (first + size) * n * n);
    const store = await createParticleStore(
      { boxSize: n, boxAngstrom, count, optics, spectra, processes: alone, read },
      maxRadius,
      Infinity,
      disk.at("none"),
      device,
      () => {},
    );
    try {
      return (await store.take(all, maxRadius)).harmonics.slice();
    } finally {
      await store.close();
    }
  };
  const plain = await rows(optics, images);
  // Near the zeros of the CTF a flip at the pixels of the transform is not quite one between them.
  expect(correlation(await rows(flippedOptics, flipped), plain)).toBeGreaterThan(0.9);
  expect(correlation(await rows(optics, flipped), plain)).toBeLessThan(0.6);
});

test("critic: the same view", async () => {
  const noisePower = new Float64Array(n / 2 + 1).fill(n * n),
    critic = likelihoodRatioCritic(
      { maxRadius, noisePower, signalPower: noisePower },
      { angles: 2 * maxRadius, turns: 2 * maxRadius, templates: 1 },
    );
  const view = async (optics: Optics, pixels: Float32Array) =>
    (await criticImages(critic, pixels, n, optics, all, boxAngstrom, { noise: noisePower }, device)).arrays.harmonics!
      .data;
  const plain = await view(optics, images);
  expect(correlation(await view(flippedOptics, flipped), plain)).toBeGreaterThan(0.9);
  expect(correlation(await view(optics, flipped), plain)).toBeLessThan(0.6);
});

test("spectra: the same powers", async () => {
  const plain = await measureSpectra(images, n, optics, all, boxAngstrom, 0.4 * n, device),
    told = await measureSpectra(flipped, n, flippedOptics, all, boxAngstrom, 0.4 * n, device);
  for (let k = 2; k <= 6; k++)
    expect(told.signal[k]! / plain.signal[k]!, `shell ${k}`).toSatisfy((ratio: number) => Math.abs(ratio - 1) < 0.1);
});
