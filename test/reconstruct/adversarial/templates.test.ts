import { expect, test } from "vitest";
import { harmonics } from "../../../src/critic/harmonics.ts";
import { polarGrid } from "../../../src/physics/frequencies.ts";
import { pointGroup } from "../../../src/physics/symmetry.ts";
import { templateImages, volumeImages } from "../../../src/reconstruct/adversarial/templates.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { evaluateReference } from "../../../src/tensor/reference.ts";
import { input } from "../../../src/tensor/tensor.ts";

test("templates of Gaussian blobs are drawn as those blobs", async () => {
  const maxRadius = 8,
    n = 2 * maxRadius,
    sigma = 1.3,
    grid = polarGrid(maxRadius, 2 * maxRadius);
  const places = [
    [0, 0],
    [2, -1],
    [-1.5, 3],
  ] as const;
  const signalPower = Array.from({ length: maxRadius + 1 }, (_, k) => 50 / (1 + k * k));
  // Transforms of Gaussians of unit sum at (x, y) pixels from pixel n/2, in the units of the critic's parameters.
  const re: number[] = [],
    im: number[] = [];
  for (let i = 0; i < grid.count; i++) {
    const r = Math.hypot(grid.x[i]!, grid.y[i]!),
      size = Math.exp(-2 * ((Math.PI * sigma * r) / n) ** 2) / Math.sqrt(signalPower[Math.round(r)]!);
    for (const [x, y] of places) {
      const angle = (-2 * Math.PI * (grid.x[i]! * x + grid.y[i]! * y)) / n;
      re.push(size * Math.cos(angle));
      im.push(size * Math.sin(angle));
    }
  }
  const f = { re: input("re", [grid.count, places.length]), im: input("im", [grid.count, places.length]) };
  const [coefficients] = evaluateReference(
    [harmonics(f, grid)],
    new Map([
      [f.re, Float64Array.from(re)],
      [f.im, Float64Array.from(im)],
    ]),
  );
  // [orders, 2·radii, blobs] → [orders, 2·blobs, 2·radii]; templates of simulated images come after those of real ones.
  const width = 2 * maxRadius,
    all = 2 * places.length;
  const parameters = new Float32Array(grid.angles * all * width).fill(9);
  for (let m = 0; m < grid.angles; m++)
    for (let k = 0; k < width; k++)
      for (let j = 0; j < places.length; j++)
        parameters[(m * all + j) * width + k] = coefficients![(m * width + k) * places.length + j]!;

  const drawn = await templateImages(parameters, grid, signalPower, nodeCpu(1));
  expect([drawn.boxSize, drawn.images.length]).toEqual([n, places.length]);
  places.forEach(([x, y], j) => {
    const blob = Array.from(
      { length: n * n },
      (_, p) =>
        Math.exp(-(((p % n) - n / 2 - x) ** 2 + (Math.floor(p / n) - n / 2 - y) ** 2) / (2 * sigma ** 2)) /
        (2 * Math.PI * sigma ** 2),
    );
    // The critic does not see the mean, and circles tell nothing of the corners.
    const inside = blob.map((_, p) => Math.hypot((p % n) - n / 2, Math.floor(p / n) - n / 2) <= n / 2);
    const errors = blob.flatMap((v, p) => (inside[p] ? [v - drawn.images[j]![p]!] : [])),
      mean = errors.reduce((sum, v) => sum + v, 0) / errors.length;
    expect(Math.max(...errors.map((e) => Math.abs(e - mean)))).toBeLessThan(0.03 * Math.max(...blob));
    expect(drawn.images[j]!.every((v, p) => inside[p] || v === 0)).toBe(true);
  });
});

test("of a critic's volume its views are drawn: those of a Gaussian are Gaussians √(2π)·σ times as high", async () => {
  const n = 16,
    sigma = 1.5,
    centre = n / 2,
    all = new Float32Array(n ** 3).fill(1);
  // The transform of a Gaussian of height 1, which is real and even, as its cas coefficients are.
  const coefficients = all.map((_, i) => {
    const k2 =
      ((i % n) - centre) ** 2 + ((Math.floor(i / n) % n) - centre) ** 2 + (Math.floor(i / n ** 2) - centre) ** 2;
    return (2 * Math.PI) ** 1.5 * sigma ** 3 * Math.exp((-2 * Math.PI ** 2 * sigma ** 2 * k2) / n ** 2);
  });
  const model = { n, amplitude: all, mask: all, positive: false, groups: [pointGroup("C1")] };
  const { images, boxSize } = await volumeImages(coefficients, model, createStream(1, "views"), nodeCpu(1));
  expect([boxSize, images.length]).toEqual([n, 16]);
  for (const image of images)
    for (let p = 0; p < n * n; p++) {
      const r2 = ((p % n) - centre) ** 2 + (Math.floor(p / n) - centre) ** 2;
      if (r2 < 25) expect(image[p]!).toBeCloseTo(Math.sqrt(2 * Math.PI) * sigma * Math.exp(-r2 / (2 * sigma ** 2)), 1);
    }
});
