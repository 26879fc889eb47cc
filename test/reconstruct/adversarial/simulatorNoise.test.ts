import { expect, test } from "vitest";
import { polarGrid } from "../../../src/physics/frequencies.ts";
import { simulatorNoise } from "../../../src/reconstruct/adversarial/simulatorNoise.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";

/** Of white noise on m points of a box, of coefficients that are d Fourier pixels apart. */
const correlation = (d: number, m: number): number =>
  Math.abs(d) < 1e-9 ? 1 : Math.sin(Math.PI * d) / (m * Math.sin((Math.PI * d) / m));

test("samples of normal noise have the power asked for, and correlate as those of images of n pixels", async () => {
  const n = 96,
    grid = polarGrid(6, 16),
    power = [1, 4, 9, 2, 30, 5, 7];
  const { count, arrays } = await simulatorNoise(undefined, n, power, grid, createStream(1, "noise"), nodeCpu(1)),
    re = arrays.noiseRe!.data,
    im = arrays.noiseIm!.data;
  expect(count).toBeGreaterThan(8000);
  let worst = 0;
  for (let a = 0; a < grid.count; a += 5)
    for (let b = a; b < grid.count; b += 7) {
      let same = 0;
      for (let i = 0; i < count * grid.count; i += grid.count)
        same += re[i + a]! * re[i + b]! + im[i + a]! * im[i + b]!;
      const scale = Math.sqrt(power[grid.radii[a % 6]!]! * power[grid.radii[b % 6]!]!),
        [dx, dy] = [grid.x[a]! - grid.x[b]!, grid.y[a]! - grid.y[b]!];
      worst = Math.max(worst, Math.abs(same / count / scale - correlation(dx, n) * correlation(dy, n)));
    }
  // A few hundred means of 16,384 numbers of variance 1/2 to 1: 0.018 in images of 96 pixels, 0.037 of 18.
  expect(worst).toBeLessThan(0.03);
});
