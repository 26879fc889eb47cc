import { describe, expect, it } from "vitest";
import { polarGrid } from "../../src/physics/frequencies.ts";
import { centralSlices, fourierTable, fourierTables } from "../../src/physics/project.ts";
import { createStream } from "../../src/runtime/random.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import * as op from "../../src/tensor/ops.ts";
import { input, ShapeError } from "../../src/tensor/tensor.ts";
import { densityOf, randomBlobs } from "../evaluate/blobs.ts";
import { column, evaluate, projectionTransform, randomPoses, relativeErrors } from "./analytic.ts";

const pixel = 2.5;

/** Largest error over 8 random poses, per shell, relative to the shell's own size. */
async function shellErrors(n: number, radius: number): Promise<number[]> {
  // Blobs wide enough that sampling them does not alias below 0.8 Nyquist.
  const blobs = randomBlobs(7, 12, radius * n * pixel, 1.3 * pixel);
  const poses = randomPoses(3, 8);
  const grid = polarGrid(Math.floor(0.8 * (n / 2)), 24);
  const shells = grid.radii.length;
  const volume = input("volume", [n, n, n]),
    rotations = input("rotations", [8, 3, 3]);
  const slices = await evaluate(
    { ...centralSlices(fourierTable(volume), rotations, grid) },
    {
      volume: { tensor: volume, values: densityOf(blobs, n, pixel).data },
      rotations: { tensor: rotations, values: Float32Array.from(poses.flatMap((p) => [...p])) },
    },
  );
  const perPose = poses.map((pose, b) =>
    relativeErrors(
      column(slices, 8, b),
      projectionTransform(blobs, pose, [0, 0], grid, n, pixel),
      (i) => i % shells,
      shells,
    ),
  );
  return Array.from({ length: shells }, (_, s) => Math.max(...perPose.map((errors) => errors[s]!)));
}

describe("central slices against the analytic transform of a molecule of Gaussians", () => {
  // Interpolation errs the more, the further the density reaches from the centre of the box.
  it.each([
    [16, 0.15, 0.03],
    [15, 0.15, 0.03],
    [32, 0.2, 0.02],
    [33, 0.2, 0.02],
    [64, 0.2, 0.02],
    [32, 0.3, 0.04],
    [33, 0.3, 0.04],
    [64, 0.3, 0.04],
    [64, 0.4, 0.065],
  ])("box %d, density within %f of its edge: every shell to 0.8 Nyquist within %f", async (n, radius, limit) => {
    const errors = await shellErrors(n, radius);
    for (const error of errors) expect(error).toBeLessThan(limit);
  });

  it("slices of several volumes in one table are those of each by itself", async () => {
    const n = 8,
      grid = polarGrid(4, 6),
      of = [1, 0, 2, 1],
      stream = createStream(4, "volumes");
    const values = Float32Array.from({ length: 3 * n ** 3 }, () => stream.normal()),
      rotations = Float32Array.from(randomPoses(5, 4).flatMap((pose) => [...pose]));
    const volumes = input("volumes", [3 * n, n, n]),
      poses = input("rotations", [4, 3, 3]);
    const feeds = {
      volumes: { tensor: volumes, values },
      rotations: { tensor: poses, values: rotations },
    };
    const together = await evaluate({ ...centralSlices(fourierTables(volumes), poses, grid, of) }, feeds);
    for (const [b, c] of of.entries()) {
      const volume = input("volume", [n, n, n]);
      const alone = await evaluate(
        { ...centralSlices(fourierTable(volume), poses, grid) },
        {
          volume: { tensor: volume, values: values.slice(c * n ** 3, (c + 1) * n ** 3) },
          rotations: { tensor: poses, values: rotations },
        },
      );
      for (const part of ["re", "im"] as const)
        for (let i = b; i < grid.count * 4; i += 4) expect(together[part][i]).toBeCloseTo(alone[part][i]!, 4);
    }
  });

  it("is exact to rounding for a point at the centre of the box, even or odd", async () => {
    for (const n of [8, 9]) {
      const volume = input("volume", [n, n, n]),
        rotations = input("rotations", [2, 3, 3]);
      const values = new Float32Array(n ** 3);
      const c = Math.floor(n / 2);
      values[(c * n + c) * n + c] = 3;
      const { re, im } = await evaluate(
        { ...centralSlices(fourierTable(volume), rotations, polarGrid(c, 7)) },
        {
          volume: { tensor: volume, values },
          rotations: { tensor: rotations, values: Float32Array.from(randomPoses(1, 2).flatMap((p) => [...p])) },
        },
      );
      for (const value of re) expect(value).toBeCloseTo(3, 5);
      for (const value of im) expect(value).toBeCloseTo(0, 5);
    }
  });

  it("refuses a volume that is no cube", () => {
    expect(() => fourierTable(input("volume", [4, 4, 5]))).toThrow(ShapeError);
  });
});

describe("the gradient with respect to the volume is the adjoint", () => {
  const n = 12,
    batch = 3;
  const grid = polarGrid(6, 9);
  const stream = createStream(1, "adjoint");
  const normal = (length: number) => {
    const out = new Float32Array(length);
    stream.fillNormal(out);
    return out;
  };
  const poses = Float32Array.from(randomPoses(4, batch).flatMap((p) => [...p]));
  const volume = input("volume", [n, n, n]),
    rotations = input("rotations", [batch, 3, 3]);
  const weightRe = input("weightRe", [grid.count, batch]),
    weightIm = input("weightIm", [grid.count, batch]);
  const slices = centralSlices(fourierTable(volume), rotations, grid);
  const product = op.sum(op.add(op.mul(weightRe, slices.re), op.mul(weightIm, slices.im)));
  const [adjoint] = gradient(product, [volume]);
  const feeds = (values: Float32Array, re: Float32Array, im: Float32Array) => ({
    volume: { tensor: volume, values },
    rotations: { tensor: rotations, values: poses },
    weightRe: { tensor: weightRe, values: re },
    weightIm: { tensor: weightIm, values: im },
  });

  it("<w, slices(v)> = <adjoint(w), v> for random w and v", async () => {
    const re = normal(grid.count * batch),
      im = normal(grid.count * batch),
      v = normal(n ** 3);
    const { forward } = await evaluate({ forward: product }, feeds(v, re, im));
    // At another volume, as the gradient of a linear map depends on none.
    const { backward } = await evaluate({ backward: adjoint! }, feeds(normal(n ** 3), re, im));
    const pulledBack = backward.reduce((sum, g, i) => sum + g * v[i]!, 0);
    const size = Math.sqrt(backward.reduce((sum, g) => sum + g * g, 0) * n ** 3); // the spread of such a product
    expect(Math.abs(forward[0]! - pulledBack) / size).toBeLessThan(1e-5);
    expect(Math.abs(forward[0]!) / size).toBeGreaterThan(1e-2);
  });

  it("one frequency gives the plane wave of that frequency", async () => {
    const chosen = 2 * grid.radii.length + 2,
      b = 1; // direction 2, radius 3
    const re = new Float32Array(grid.count * batch);
    re[chosen * batch + b] = 1;
    const { backward } = await evaluate(
      { backward: adjoint! },
      feeds(new Float32Array(n ** 3), re, new Float32Array(grid.count * batch)),
    );
    const k = [0, 1, 2].map(
      (axis) => grid.x[chosen]! * poses[9 * b + axis]! + grid.y[chosen]! * poses[9 * b + 3 + axis]!,
    );
    const c = Math.floor(n / 2);
    // Within a quarter of the box of its centre, where interpolation errs by a few parts in a hundred.
    for (let z = c - 3; z <= c + 3; z++)
      for (let y = c - 3; y <= c + 3; y++)
        for (let x = c - 3; x <= c + 3; x++) {
          const wave = Math.cos((2 * Math.PI * (k[0]! * (x - c) + k[1]! * (y - c) + k[2]! * (z - c))) / n);
          expect(Math.abs(backward[(z * n + y) * n + x]! - wave)).toBeLessThan(0.08);
        }
  });
});
