import { describe, expect, it } from "vitest";
import { fourierCrop } from "../../src/numeric/fourierCrop.ts";
import { type FrequencyGrid, polarGrid, rectangularGrid } from "../../src/physics/frequencies.ts";
import {
  imagesFromTransform,
  resampleImages,
  resamplingMatrix,
  transformOfImages,
} from "../../src/physics/imageTransform.ts";
import { nodeCpu } from "../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../src/runtime/random.ts";
import { compile } from "../../src/runtime/session.ts";
import { input } from "../../src/tensor/tensor.ts";
import { randomBlobs } from "../evaluate/blobs.ts";
import {
  cartesianGrid,
  column,
  evaluate,
  projectionImage,
  projectionTransform,
  randomPoses,
  relativeErrors,
} from "./analytic.ts";

/**
 * Projections of smooth molecules well inside the box: neither aliasing nor truncation above a few parts in 100,000.
 */
function molecules(n: number, pixel: number) {
  const poses = randomPoses(6, 3);
  return poses.map((pose, i) => {
    const blobs = randomBlobs(10 + i, 6, 0.1 * n * pixel, 1.8 * pixel);
    const shift: [number, number] = [0.7 * pixel, -1.1 * pixel];
    return {
      image: (size = n, pixelSize = pixel) => projectionImage(blobs, pose, shift, size, pixelSize),
      transform: (grid: FrequencyGrid) => projectionTransform(blobs, pose, shift, grid, n, pixel),
    };
  });
}

const largest = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0);

describe.each([32, 33])("images of %d pixels", (n) => {
  const pixel = 1.7;
  const known = molecules(n, pixel);

  it("from the transform of Gaussians come the Gaussians", async () => {
    const grid = rectangularGrid(n);
    const transforms = known.map((m) => m.transform(grid));
    const interleave = (part: "re" | "im") =>
      Float32Array.from({ length: 3 * grid.count }, (_, i) => transforms[i % 3]![part][Math.floor(i / 3)]!);
    const re = input("real", [grid.count, 3]),
      im = input("imaginary", [grid.count, 3]);
    const { images } = await evaluate(
      { images: imagesFromTransform({ re, im }, grid) },
      {
        real: { tensor: re, values: interleave("re") },
        imaginary: { tensor: im, values: interleave("im") },
      },
    );
    known.forEach((molecule, b) => {
      const truth = molecule.image();
      const error = truth.map((value, i) => value - images[3 * i + b]!);
      expect(largest(error) / largest(truth)).toBeLessThan(3e-5);
    });
  });

  it("of images that are 0 but for a part, that part tells all", async () => {
    const grid = polarGrid(5, 7),
      centre = Math.floor(n / 2);
    // Two patches and a lone pixel, none of which has its mirror images.
    const support = Float32Array.from({ length: n * n }, (_, i) => {
        const x = i % n,
          y = Math.floor(i / n);
        return (x < 4 && y > 6 && y < 15) || (x > 20 && y < 3) || (x === 18 && y === 17) ? 1 : 0;
      }),
      values = support.map((held, i) => held * Math.sin(i));
    const images = input("images", [1, n * n]),
      found = await evaluate(
        { ...transformOfImages(images, n, grid, support) },
        { images: { tensor: images, values } },
      );
    for (let k = 0; k < grid.count; k++) {
      let re = 0,
        im = 0;
      values.forEach((value, i) => {
        const angle =
          (-2 * Math.PI * (grid.x[k]! * ((i % n) - centre) + grid.y[k]! * (Math.floor(i / n) - centre))) / n;
        re += value * Math.cos(angle);
        im += value * Math.sin(angle);
      });
      expect(found.re[k]).toBeCloseTo(re, 3);
      expect(found.im[k]).toBeCloseTo(im, 3);
    }
  });

  it.each<[string, FrequencyGrid]>([
    ["Cartesian", cartesianGrid(n / 2)],
    ["polar, off the pixels", polarGrid(Math.floor(n / 2), 11)],
  ])("their transform on a %s grid is that of Gaussians", async (_, grid) => {
    const images = input("images", [3, n * n]);
    const found = await evaluate(
      { ...transformOfImages(images, n, grid) },
      {
        images: { tensor: images, values: Float32Array.from(known.flatMap((m) => [...m.image()])) },
      },
    );
    known.forEach((molecule, b) => {
      const [error] = relativeErrors(column(found, 3, b), molecule.transform(grid), () => 0, 1);
      expect(error).toBeLessThan(3e-5);
    });
  });
});

it("to a grid of 56 circles it is the direct sum, by matrices that no ONNX model, of 2 GB at most, holds", async () => {
  const n = 112,
    grid = polarGrid(56, n),
    images = input("images", [2, n * n]),
    stream = createStream(6, "pixels"),
    values = Float32Array.from({ length: 2 * n * n }, () => stream.normal());
  const outputs = { ...transformOfImages(images, n, grid) },
    program = await compile({ name: "transform", state: {}, feeds: { images }, outputs }, nodeCpu(1));
  const matrices = 4 * (n / 2) ** 2 * (grid.count / 8);
  expect(program.model.byteLength).toBeLessThan(matrices / 20);
  const found = await program.run({ images: values });
  // Of noise each sample has the variance n².
  for (let i = 37; i < grid.count; i += 199)
    for (const b of [0, 1]) {
      let re = 0,
        im = 0;
      for (let y = 0, j = b * n * n; y < n; y++)
        for (let x = 0; x < n; x++, j++) {
          const angle = (2 * Math.PI * (grid.x[i]! * (x - n / 2) + grid.y[i]! * (y - n / 2))) / n;
          re += values[j]! * Math.cos(angle);
          im -= values[j]! * Math.sin(angle);
        }
      expect(Math.abs(found.re![2 * i + b]! - re) / n).toBeLessThan(1e-4);
      expect(Math.abs(found.im![2 * i + b]! - im) / n).toBeLessThan(1e-4);
    }
  await program.release();
});

describe("resampling", () => {
  /** Images of one molecule on two grids, the second with pixels `step` times as large. */
  async function resampled(n: number, m: number, step: number) {
    const blobs = randomBlobs(1, 6, 6, 2.6 * Math.max(1, step));
    const pose = randomPoses(8, 1)[0]!;
    const before = projectionImage(blobs, pose, [1.3, -2.4], n, 1);
    // projectionImage counts voxels along the ray, which are longer there.
    const after = projectionImage(blobs, pose, [1.3, -2.4], m, step).map((v) => v * step);
    const images = input("images", [1, n, n]);
    const { found } = await evaluate(
      { found: resampleImages(images, m, step) },
      { images: { tensor: images, values: Float32Array.from(before) } },
    );
    return largest(after.map((v, i) => v - found[i]!)) / largest(after);
  }

  it.each([
    [64, 32],
    [64, 33],
    [65, 32],
    [65, 33],
    [64, 48],
  ])("Fourier cropping of %d to %d pixels keeps the values of Gaussians", async (n, m) => {
    expect(await resampled(n, m, n / m)).toBeLessThan(3e-5);
  });

  it.each([
    [40, 60],
    [41, 60],
    [40, 61],
  ])("Fourier padding of %d to %d pixels does", async (n, m) => {
    expect(await resampled(n, m, n / m)).toBeLessThan(3e-5);
  });

  it.each([
    [64, 36, 1.37],
    [65, 40, 1.13],
    [48, 48, 0.8],
  ])("so does cutting out: %d to %d pixels of %f", async (n, m, step) => {
    expect(await resampled(n, m, step)).toBeLessThan(3e-5);
  });

  it("takes away frequencies that the new pixels cannot hold, and keeps the others", () => {
    const n = 32,
      m = 16;
    const w = resamplingMatrix(n, m);
    const amplitudeOf = (k: number) =>
      largest(
        Array.from({ length: m }, (_, a) =>
          Array.from({ length: n }, (_, x) => w[a * n + x]! * Math.cos((2 * Math.PI * k * (x - 16)) / n)).reduce(
            (p, q) => p + q,
            0,
          ),
        ),
      );
    expect([0, 3, 7, 8, 9, 15].map((k) => Math.round(1e5 * amplitudeOf(k)) / 1e5)).toEqual([1, 1, 1, 0, 0, 0]);
  });

  it.each([
    [16, 11],
    [13, 8],
    [9, 14],
  ])("of %d to %d pixels is the Fourier crop on plain arrays, of any image", async (n, m) => {
    const pixels = Float32Array.from({ length: n * n }, (_, i) => Math.sin(i * i));
    const images = input("images", [1, n, n]);
    const { found } = await evaluate(
      { found: resampleImages(images, m) },
      { images: { tensor: images, values: pixels } },
    );
    const expected = fourierCrop(pixels, [n, n], m);
    expect(largest(expected.map((v, i) => v * (m / n) ** 2 - found[i]!))).toBeLessThan(1e-5);
  });

  it("to the same pixels changes nothing, the Nyquist frequency neither", () => {
    const w = resamplingMatrix(6, 6);
    expect(Array.from(w)).toEqual(Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? 1 : 0)));
  });
});
