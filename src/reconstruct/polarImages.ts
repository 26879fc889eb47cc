/** Real particles as the critic takes them: whitened, matched-filtered circular harmonics, computed once for a stage. */
import { harmonics } from "../critic/harmonics.ts";
import type { Optics } from "../io/types.ts";
import { scaleComplex } from "../physics/complex.ts";
import { ctf, ctfCoefficients, ctfTerms } from "../physics/ctf.ts";
import type { PolarGrid } from "../physics/frequencies.ts";
import { transformOfImages } from "../physics/imageTransform.ts";
import type { Device } from "../runtime/device.ts";
import { compile } from "../runtime/session.ts";
import * as op from "../tensor/ops.ts";
import { constant, input } from "../tensor/tensor.ts";
import { meanSquare } from "./adversarial.ts";

export interface PolarImages {
  count: number;
  /** [count, orders·2·radii] */
  harmonics: Float32Array;
  /** Mean square CTF, [count, radii]. */
  ctfSquared: Float32Array;
  orders: number;
  radii: number;
}

/** Factor per radius that whitens and gives each polar sample the weight of its area: sqrt(π r/angles / N(r)). */
export function polarWeights(grid: PolarGrid, noisePower: ArrayLike<number>): Float32Array {
  return Float32Array.from(grid.radii, (r) => Math.sqrt((Math.PI * r) / grid.angles / noisePower[r]!));
}

/**
 * @param images [count, n, n] flattened
 * @param weight from `polarWeights`
 */
export async function polarImages(images: Float32Array, n: number, optics: Optics, particles: ArrayLike<number>, boxAngstrom: number, grid: PolarGrid, weight: Float32Array, device: Pick<Device, "name" | "threads">): Promise<PolarImages> {
  const batch = 256, count = images.length / (n * n);
  const orders = grid.angles, radii = grid.radii.length, width = orders * 2 * radii;
  const x = input("images", [batch, n * n]), coefficients = input("optics", [ctfTerms, batch]);
  const transfer = ctf(coefficients, grid, boxAngstrom);
  const weights = constant(Float32Array.from({ length: grid.count }, (_, i) => weight[i % radii]!), [grid.count, 1]);
  const filtered = scaleComplex(transformOfImages(x, n, grid), op.mul(transfer, weights));
  const executable = await compile({
    name: "polar-images", state: {}, feeds: { images: x, optics: coefficients },
    outputs: {
      harmonics: op.transpose(op.reshape(harmonics(filtered, grid), [width, batch]), [1, 0]),
      ctfSquared: op.transpose(meanSquare(transfer, grid), [1, 0]),
    },
  }, device);
  const out: PolarImages = { count, harmonics: new Float32Array(count * width), ctfSquared: new Float32Array(count * radii), orders, radii };
  const pixels = new Float32Array(batch * n * n);
  for (let first = 0; first < count; first += batch) {
    const size = Math.min(batch, count - first);
    pixels.fill(0);
    pixels.set(images.subarray(first * n * n, (first + size) * n * n));
    const chosen = Int32Array.from({ length: batch }, (_, i) => particles[Math.min(first + i, count - 1)]!);
    const result = await executable.run({ images: pixels, optics: ctfCoefficients(optics, chosen) });
    out.harmonics.set(result["harmonics"]!.subarray(0, size * width), first * width);
    out.ctfSquared.set(result["ctfSquared"]!.subarray(0, size * radii), first * radii);
  }
  await executable.release();
  return out;
}

/** Noise of unit power on the polar grid, as white noise images show it (neighbouring samples are not independent). */
export interface NoiseBank {
  count: number;
  /** [count, angles·radii] */
  re: Float32Array;
  im: Float32Array;
  angles: number;
  radii: number;
}

/** Transforms white noise images into a bank. @param fill fills an array of n×n images with noise of unit variance */
export async function noiseBank(count: number, n: number, grid: PolarGrid, fill: (out: Float32Array) => void, device: Pick<Device, "name" | "threads">): Promise<NoiseBank> {
  const batch = 256;
  const x = input("images", [batch, n * n]);
  const unit = polarWeights(grid, new Float64Array(grid.radii.length + 1).fill(n * n));
  const weights = constant(Float32Array.from({ length: grid.count }, (_, i) => unit[i % grid.radii.length]!), [grid.count, 1]);
  const f = scaleComplex(transformOfImages(x, n, grid), weights);
  const executable = await compile({ name: "noise-bank", state: {}, feeds: { images: x }, outputs: { re: op.transpose(f.re, [1, 0]), im: op.transpose(f.im, [1, 0]) } }, device);
  const total = batch * Math.ceil(count / batch);
  const bank: NoiseBank = { count: total, re: new Float32Array(total * grid.count), im: new Float32Array(total * grid.count), angles: grid.angles, radii: grid.radii.length };
  const pixels = new Float32Array(batch * n * n);
  for (let first = 0; first < total; first += batch) {
    fill(pixels);
    const { re, im } = await executable.run({ images: pixels });
    bank.re.set(re!, first * grid.count);
    bank.im.set(im!, first * grid.count);
  }
  await executable.release();
  return bank;
}
