/**
 * The critic of the CryoGAN paper: a plain convolutional network on pixel images. Blocks of 3×3 convolution, 2×2
 * max-pooling and leaky ReLU halve the image and double the channels; a small dense layer and one output follow.
 *
 * Activations are [batch, channels, y, x]. Everything is composed of differentiable operators, so gradient penalties
 * need no rule of their own.
 *
 * @see Gupta, McCann, Donati & Unser (2021) IEEE Trans. Comput. Imaging 7, 759, and the authors' code,
 *      https://github.com/harshit-gupta-cor/CryoGAN (discriminator `DownsamplingCNN`, leak 0.1)
 */

import { interpolateShells, type RectangularGrid, radiusOf, rectangularGrid } from "../physics/frequencies.ts";
import { imagesFromTransform } from "../physics/imageTransform.ts";
import * as op from "../tensor/ops.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { CriticModel, ImageStatistics, SampleMap } from "./critic.ts";

export interface ConvolutionalSettings {
  /** Channels after the first block; every further block doubles them. */
  channels: number;
  /** Width of the dense layer before the output. */
  features: number;
}

const leak = 0.1;

/** Blocks for an n×n image, n at least 6: it is halved, the last pixel of an odd edge left out, until 3 to 5 remain. */
export const blocksFor = (n: number): number => Math.floor(Math.log2(n / 3));

/**
 * Largest of each 2×2 pixels: [batch, channels, y, x] → [batch, channels, y/2, x/2]; the last row or column of an odd
 * edge is left out.
 */
export function maxPool2x2(x: Tensor): Tensor {
  const [batch, channels, y, u] = x.shape as [number, number, number, number],
    [height, width] = [Math.floor(y / 2), Math.floor(u / 2)];
  const even = op.slice(op.slice(x, 2, 0, 2 * height), 3, 0, 2 * width);
  const greaterHalf = (t: Tensor): Tensor => {
    const half = t.shape[1]! / 2;
    return op.maximum(op.slice(t, 1, 0, half), op.slice(t, 1, half, 2 * half));
  };
  const rows = greaterHalf(op.reshape(even, [batch * channels * height, 4 * width]));
  // Every other column, then those between, as one order of columns, which the gradient reverses in one go.
  const apart = op.constant(
    Array.from({ length: 2 * width }, (_, i) => (i < width ? 2 * i : 2 * (i - width) + 1)),
    [2 * width],
    "int32",
  );
  const pixels = greaterHalf(op.gatherColumns(rows, apart));
  return op.reshape(pixels, [batch, channels, height, width]);
}

/**
 * Each image divided by its own standard deviation (its mean is zero, the zero frequency being left out): [n, n,
 * batch].
 */
function normalised(images: Tensor): Tensor {
  return op.div(images, op.sqrt(op.add(op.mean(op.square(images), [0, 1], true), 1e-6)));
}

/** The critic's output from its parameters and images [n, n, batch]: [batch]. */
export function convolutionalNetwork(p: Readonly<Record<string, Tensor>>, images: Tensor, blocks: number): Tensor {
  const [height, width, batch] = images.shape as [number, number, number];
  let x = op.reshape(op.matrixTranspose(op.reshape(images, [height * width, batch])), [batch, 1, height, width]);
  for (let i = 0; i < blocks; i++) {
    // A number added to all leaves the largest where it is: the bias comes after pooling, at a quarter of the pixels.
    const pooled = maxPool2x2(op.convolve(x, p[`kernels${i}`]!));
    x = op.leakyRelu(op.add(pooled, op.reshape(p[`biases${i}`]!, [pooled.shape[1]!, 1, 1])), leak);
  }
  const flat = op.matrixTranspose(op.reshape(x, [batch, sizeOf(x.shape) / batch]));
  const features = p.denseBias!.shape[0]!;
  const dense = op.leakyRelu(op.add(op.matmul(p.denseWeights!, flat), op.reshape(p.denseBias!, [features, 1])), leak);
  return op.add(op.reshape(op.matmul(p.outputWeights!, dense), [batch]), p.outputBias!);
}

/** Normal weights that keep the variance of activations (He et al. 2015, ICCV, eq. 15 for a leaky ReLU). */
function weights(shape: Shape): CriticModel["parameters"][string] {
  const deviation = Math.sqrt((2 * shape[0]!) / ((1 + leak ** 2) * sizeOf(shape)));
  return {
    shape,
    initial(stream) {
      const out = new Float32Array(sizeOf(shape));
      stream.fillNormal(out);
      return out.map((v) => deviation * v);
    },
  };
}
const biases = (count: number): CriticModel["parameters"][string] => ({
  shape: [count],
  initial: () => new Float32Array(count),
});

/**
 * The half plane of an n×n image, cut to the disc 0 < |k| ≤ maxRadius; samples outside are moved to zero and get weight
 * zero.
 */
function discGrid(n: number, maxRadius: number): { grid: RectangularGrid; inside: Uint8Array } {
  const grid = rectangularGrid(n);
  const inside = Uint8Array.from(radiusOf(grid), (r) => (r > 0 && r <= maxRadius ? 1 : 0));
  const kept = (k: Float64Array): Float64Array => k.map((v, i) => (inside[i] ? v : 0));
  return { grid: { ...grid, x: kept(grid.x), y: kept(grid.y) }, inside };
}

/** The four quarter turns, each with its mirror image. */
function quarterTurns(n: number): SampleMap[] {
  const { count, x, y, columns } = rectangularGrid(n);
  const maps: SampleMap[] = [];
  for (const [a, b, c, d] of [
    [1, 0, 0, 1],
    [0, 1, -1, 0],
    [-1, 0, 0, -1],
    [0, -1, 1, 0],
    [-1, 0, 0, 1],
    [0, 1, 1, 0],
    [1, 0, 0, -1],
    [0, -1, -1, 0],
  ] as const) {
    const from = new Int32Array(count),
      conjugate = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const kx = a * x[i]! + b * y[i]!,
        ky = c * x[i]! + d * y[i]!;
      const sign = kx < 0 ? -1 : 1; // the half plane left out holds the complex conjugates
      from[i] = (sign * ky + columns - 1) * columns + sign * kx;
      conjugate[i] = kx < 0 ? 1 : 0;
    }
    maps.push({ from, conjugate });
  }
  return maps;
}

/**
 * The critic for a stage. It sees images of 2·maxRadius pixels, whitened, low-passed to the disc |k| ≤ maxRadius
 * without the zero frequency, and each brought to unit spread as in the paper. The radius must be at least 3.
 *
 * Parameters: `kernels0`, `biases0`, … of the blocks, `denseWeights`, `denseBias`, `outputWeights`, `outputBias`.
 */
export function convolutionalCritic(statistics: ImageStatistics, settings: ConvolutionalSettings): CriticModel {
  const n = 2 * statistics.maxRadius,
    blocks = blocksFor(n),
    { channels, features } = settings;
  const { grid, inside } = discGrid(n, statistics.maxRadius);
  const widths = Array.from({ length: blocks }, (_, i) => channels * 2 ** i);
  const flat = widths[blocks - 1]! * Math.floor(n / 2 ** blocks) ** 2;
  return {
    name: "convolutional",
    grid,
    turns: quarterTurns(n),
    whitening(noisePower) {
      const power = interpolateShells(noisePower, radiusOf(grid));
      // white pixels of unit variance
      return Float32Array.from({ length: grid.count }, (_, i) => (inside[i] ? n / Math.sqrt(power[i]!) : 0));
    },
    parameters: {
      ...Object.assign(
        {},
        ...widths.map((out, i) => ({
          [`kernels${i}`]: weights([out, i === 0 ? 1 : widths[i - 1]!, 3, 3]),
          [`biases${i}`]: biases(out),
        })),
      ),
      denseWeights: weights([features, flat]),
      denseBias: biases(features),
      outputWeights: weights([1, features]),
      outputBias: { shape: [], initial: () => new Float32Array(1) },
    },
    inputs: { image: [n, n] },
    image: "image",
    view: (whitened) => ({ image: normalised(imagesFromTransform(whitened, grid)) }),
    judge: (p, x) => convolutionalNetwork(p, x.image!, blocks),
  };
}
