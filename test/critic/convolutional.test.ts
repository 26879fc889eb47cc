import { describe, expect, it } from "vitest";
import { blocksFor, convolutionalCritic, convolutionalNetwork, maxPool2x2 } from "../../src/critic/convolutional.ts";
import { scaleComplex } from "../../src/physics/complex.ts";
import { transformOfImages } from "../../src/physics/imageTransform.ts";
import { createStream } from "../../src/runtime/random.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import * as op from "../../src/tensor/ops.ts";
import { evaluateReference } from "../../src/tensor/reference.ts";
import { constant, input, sizeOf, type Tensor } from "../../src/tensor/tensor.ts";
import { noScene } from "./polar.ts";

const stream = createStream(5, "convolutional");
const normals = (count: number): Float64Array => Float64Array.from({ length: count }, () => stream.normal());
const valuesOf = (t: Tensor, ...feeds: [Tensor, Float64Array][]): Float64Array =>
  evaluateReference([t], new Map(feeds))[0]!;

/** [batch][channel][y][x] arithmetic by loops; zero outside. */
const at = (x: Float64Array, [, c, h, w]: number[], i: number, k: number, y: number, u: number): number =>
  y < 0 || u < 0 || y >= h! || u >= w! ? 0 : x[((i * c! + k) * h! + y) * w! + u]!;

function naiveConvolution(x: Float64Array, shape: number[], kernels: Float64Array, out: number): number[] {
  const [b, c, h, w] = shape as [number, number, number, number],
    result: number[] = [];
  for (let i = 0; i < b; i++)
    for (let o = 0; o < out; o++)
      for (let y = 0; y < h; y++)
        for (let u = 0; u < w; u++) {
          let total = 0;
          for (let k = 0; k < c; k++)
            for (let dy = -1; dy <= 1; dy++)
              for (let dx = -1; dx <= 1; dx++)
                total += kernels[((o * c + k) * 3 + dy + 1) * 3 + dx + 1]! * at(x, shape, i, k, y + dy, u + dx);
          result.push(total);
        }
  return result;
}
function naivePool(x: Float64Array, shape: number[]): number[] {
  const [b, c, h, w] = shape as [number, number, number, number],
    result: number[] = [];
  for (let i = 0; i < b; i++)
    for (let k = 0; k < c; k++)
      for (let y = 0; y + 1 < h; y += 2)
        for (let u = 0; u + 1 < w; u += 2) {
          const four = [at(x, shape, i, k, y, u), at(x, shape, i, k, y, u + 1)];
          result.push(Math.max(...four, at(x, shape, i, k, y + 1, u), at(x, shape, i, k, y + 1, u + 1)));
        }
  return result;
}

describe("layers against loops", () => {
  it.each([[[3, 2, 4, 6]], [[2, 3, 5, 7]], [[1, 1, 3, 2]]])("2×2 max-pooling of [%s], odd edges cut", (shape) => {
    const x = input("x", shape),
      xs = normals(sizeOf(shape));
    expect(Array.from(valuesOf(maxPool2x2(x), [x, xs]))).toEqual(naivePool(xs, shape));
  });

  it("the whole network", () => {
    const n = 7,
      batch = 2,
      images = input("images", [n, n, batch]),
      pixels = normals(n * n * batch);
    const parameters: Record<string, Tensor> = {},
      values: Record<string, Float64Array> = {};
    const shapes = {
      kernels0: [3, 1, 3, 3],
      biases0: [3],
      kernels1: [6, 3, 3, 3],
      biases1: [6],
      denseWeights: [4, 6],
      denseBias: [4],
      outputWeights: [1, 4],
      outputBias: [],
    };
    for (const [name, s] of Object.entries(shapes)) {
      parameters[name] = input(name, s);
      values[name] = normals(sizeOf(s));
    }
    const result = valuesOf(
      convolutionalNetwork(parameters, images, 2),
      [images, pixels],
      ...Object.keys(shapes).map((k): [Tensor, Float64Array] => [parameters[k]!, values[k]!]),
    );

    /** As the paper has it: the bias added, then the largest of four, then the leaky ReLU. */
    const block = (x: Float64Array, [b, c, h, w]: number[], kernels: Float64Array, biases: Float64Array) => {
      const convolved = naiveConvolution(x, [b!, c!, h!, w!], kernels, biases.length),
        biased = convolved.map((v, i) => v + biases[Math.floor(i / (h! * w!)) % biases.length]!);
      const pooled = naivePool(Float64Array.from(biased), [b!, biases.length, h!, w!]);
      return Float64Array.from(pooled, (v) => (v > 0 ? v : 0.1 * v));
    };
    const first = Float64Array.from(
      { length: n * n * batch },
      (_, i) => pixels[(i % (n * n)) * batch + Math.floor(i / (n * n))]!,
    );
    const second = block(first, [batch, 1, n, n], values.kernels0!, values.biases0!),
      third = block(second, [batch, 3, 3, 3], values.kernels1!, values.biases1!); // [batch, 6, 1, 1]
    for (let i = 0; i < batch; i++) {
      const dense = Float64Array.from({ length: 4 }, (_, o) => {
        const sums = [0, 1, 2, 3, 4, 5].map((k) => values.denseWeights![o * 6 + k]! * third[i * 6 + k]!),
          v = sums.reduce((sum, part) => sum + part, values.denseBias![o]!);
        return v > 0 ? v : 0.1 * v;
      });
      const output = dense.reduce((sum, v, o) => sum + v * values.outputWeights![o]!, values.outputBias![0]!);
      expect(result[i]).toBeCloseTo(output, 5);
    }
  });
});

it("halves images until 3 to 5 pixels remain, as the authors' six blocks do with 192 px and seven with 384", () => {
  expect([6, 7, 8, 12, 14, 16, 20, 24, 32, 64, 192, 384].map(blocksFor)).toEqual([1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 6, 7]);
});

describe("convolutional critic as a model", () => {
  const maxRadius = 4,
    n = 8;
  const white = new Float64Array(n).fill(n * n);
  const critic = convolutionalCritic(
    { maxRadius, noisePower: white, signalPower: new Float64Array(n) },
    { channels: 2, features: 3 },
  );
  const seen = (pixels: Float64Array, batch: number): Float64Array => {
    const images = input("images", [batch, n * n]);
    const whitened = scaleComplex(
      transformOfImages(images, n, critic.grid),
      constant(critic.whitening(white), [critic.grid.count, 1]),
    );
    return valuesOf(
      critic.view(whitened, constant(new Float32Array(critic.grid.count * batch), [critic.grid.count, batch])).image!,
      [images, pixels],
    );
  };
  /** cos 2π(kx x + ky y)/n about pixel n/2. */
  const wave = (kx: number, ky: number): Float64Array =>
    Float64Array.from({ length: n * n }, (_, i) =>
      Math.cos((2 * Math.PI * (kx * ((i % n) - n / 2) + ky * (Math.floor(i / n) - n / 2))) / n),
    );

  it("sees a wave inside the disc as it is, at unit spread, whatever its strength, and no mean", () => {
    const image = seen(
      wave(2, 1).map((v) => 7 * v + 100),
      1,
    );
    wave(2, 1).forEach((v, i) => expect(image[i]).toBeCloseTo(v * Math.SQRT2, 4));
  });

  it("sees nothing of waves outside the disc", () => {
    const mixed = seen(
      wave(2, 1).map((v, i) => v + 50 * wave(3, 3)[i]!),
      1,
    );
    wave(2, 1).forEach((v, i) => expect(mixed[i]).toBeCloseTo(v * Math.SQRT2, 4));
  });

  it("turns are quarter turns about pixel n/2 and mirror images, without moving the centre", () => {
    const pixels = normals(n * n),
      images = input("images", [1, n * n]);
    const f = transformOfImages(images, n, critic.grid);
    const [re, im] = evaluateReference([f.re, f.im], new Map([[images, pixels]]));
    const kept = critic.whitening(white).map(Number);
    // What a turn does to the transform at (kx, ky) it does to the wave vector: compare with pixels moved by the same
    // matrix.
    const matrices = [
      [1, 0, 0, 1],
      [0, 1, -1, 0],
      [-1, 0, 0, -1],
      [0, -1, 1, 0],
      [-1, 0, 0, 1],
      [0, 1, 1, 0],
      [1, 0, 0, -1],
      [0, -1, -1, 0],
    ];
    expect(critic.turns.length).toBe(matrices.length);
    matrices.forEach(([a, b, c, d], t) => {
      const moved = Float64Array.from({ length: n * n }, (_, i) => {
        const x = (i % n) - n / 2,
          y = Math.floor(i / n) - n / 2;
        const u = (a! * x + b! * y + n / 2 + n) % n,
          v = (c! * x + d! * y + n / 2 + n) % n;
        return pixels[v * n + u]!;
      });
      const [movedRe, movedIm] = evaluateReference([f.re, f.im], new Map([[images, moved]]));
      const { from, conjugate } = critic.turns[t]!;
      for (let i = 0; i < critic.grid.count; i++) {
        if (kept[i] === 0) continue;
        expect(movedRe![i]).toBeCloseTo(re![from[i]!]!, 4);
        expect(movedIm![i]).toBeCloseTo((conjugate[i] ? -1 : 1) * im![from[i]!]!, 4);
      }
    });
  });

  it("has finite second derivatives: the slope's square can be differentiated in the kernels", () => {
    const batch = 2,
      image = input("image", [n, n, batch]);
    const p = Object.fromEntries(
      Object.entries(critic.parameters).map(([name, { shape }]) => [name, input(name, shape)]),
    );
    const feeds = new Map<Tensor, Float64Array>([
      [image, normals(n * n * batch)],
      ...Object.entries(critic.parameters).map(([name, q]): [Tensor, Float64Array] => [
        p[name]!,
        Float64Array.from(q.initial(createStream(9, name), new Float32Array())),
      ]),
    ]);
    const [slope] = gradient(op.sum(critic.judge(p, { image }, noScene)), [image]);
    const penalty = op.sum(op.square(slope!));
    const [g] = gradient(penalty, [p.kernels0!]);
    const step = 1e-5;
    const penaltyAt = (element: number, offset: number): number => {
      const moved = feeds.get(p.kernels0!)!.slice();
      moved[element]! += offset;
      return evaluateReference([penalty], new Map([...feeds, [p.kernels0!, moved]]))[0]![0]!;
    };
    const [values] = evaluateReference([g!], feeds);
    for (const element of [0, 4, 9, 17])
      expect(values![element]).toBeCloseTo((penaltyAt(element, step) - penaltyAt(element, -step)) / (2 * step), 5);
  });
});
