import { describe, expect, it } from "vitest";
import { electronWavelengthAngstrom } from "../../src/physics/ctf.ts";
import { rectangularGrid } from "../../src/physics/frequencies.ts";
import { radialPower, whiteNoise } from "../../src/physics/noise.ts";
import {
  exposeImages,
  flatOptics,
  type SimulationInput,
  simulateImages,
  tabulatedDefocus,
  uniformDefocus,
} from "../../src/physics/simulate.ts";
import { nodeCpu } from "../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../src/runtime/random.ts";
import { densityOf, randomBlobs } from "../evaluate/blobs.ts";
import { projectionImage, projectionTransform, randomPoses } from "./analytic.ts";

const cpu = nodeCpu(1);
const pixel = 3;
const settings = { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1, bFactorAngstrom2: 60 };

/** Density within a fifth of the box edge from its centre, where projection errs by 2 % (project.test.ts). */
const moleculeOf = (n: number) => randomBlobs(21, 10, 0.12 * n * pixel, 1.4 * pixel);

function exposures(n: number, count: number) {
  const poses = randomPoses(9, count);
  const shifts = Float32Array.from({ length: 2 * count }, (_, i) => 0.05 * Math.sin(5 * i + 1));
  const optics = tabulatedDefocus(
    count,
    [
      { defocusUAngstrom: 14_000, defocusVAngstrom: 12_500, astigmatismAngle: 0.6 },
      { defocusUAngstrom: 9000, defocusVAngstrom: 8800, astigmatismAngle: -1.1 },
    ],
    settings,
    4,
  );
  return {
    poses,
    volume: densityOf(moleculeOf(n), n, pixel),
    rotations: Float32Array.from(poses.flatMap((p) => [...p])),
    shifts,
    optics,
  };
}

async function collect(
  batches: AsyncGenerator<{ first: number; images: Float32Array }>,
  n: number,
): Promise<Float32Array[]> {
  const images: Float32Array[] = [];
  for await (const batch of batches) {
    expect(batch.first).toBe(images.length);
    for (let start = 0; start < batch.images.length; start += n * n)
      images.push(batch.images.slice(start, start + n * n));
  }
  return images;
}

function variance(image: ArrayLike<number>): number {
  const values = Array.from(image);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
}
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

const rms = (values: ArrayLike<number>) => Math.sqrt(mean(Array.from(values, (v) => v * v)));

describe.each([32, 33])("images of %d pixels", (n) => {
  it("without a lens are projections of the blobs, pixel by pixel", async () => {
    const { poses, ...from } = exposures(n, 5);
    const images = await collect(exposeImages({ ...from, optics: flatOptics(5, 300) }, cpu, 4), n);
    expect(images.length).toBe(5);
    images.forEach((image, i) => {
      const truth = projectionImage(
        moleculeOf(n),
        poses[i]!,
        [from.shifts[2 * i]! * n * pixel, from.shifts[2 * i + 1]! * n * pixel],
        n,
        pixel,
      );
      expect(rms(truth.map((t, j) => t - image[j]!)) / rms(truth)).toBeLessThan(0.015);
    });
  });

  it("with it are their transform times the textbook's CTF", async () => {
    const { poses, ...from } = exposures(n, 4);
    const images = await collect(exposeImages(from, cpu, 3), n);
    const grid = rectangularGrid(n),
      edge = n * pixel,
      centre = Math.floor(n / 2);
    images.forEach((image, i) => {
      const truth = projectionTransform(
        moleculeOf(n),
        poses[i]!,
        [from.shifts[2 * i]! * edge, from.shifts[2 * i + 1]! * edge],
        grid,
        n,
        pixel,
      );
      const wavelength = electronWavelengthAngstrom(300);
      const u = from.optics.defocusUAngstrom[i],
        v = from.optics.defocusVAngstrom[i],
        theta = from.optics.astigmatismAngle[i];
      let error = 0,
        size = 0;
      for (let k = 0; k < grid.count; k++) {
        const qx = grid.x[k]! / edge,
          qy = grid.y[k]! / edge,
          s = Math.hypot(qx, qy),
          phi = Math.atan2(qy, qx);
        const defocus = u! * Math.cos(phi - theta!) ** 2 + v! * Math.sin(phi - theta!) ** 2;
        const chi = Math.PI * wavelength * s * s * (defocus - 0.5 * wavelength ** 2 * s * s * 2.7e7);
        // Phase contrast and amplitude contrast apart.
        const transfer = (Math.sqrt(1 - 0.1 ** 2) * Math.sin(chi) + 0.1 * Math.cos(chi)) * Math.exp((-60 * s * s) / 4);
        let re = 0,
          im = 0;
        for (let y = 0; y < n; y++)
          for (let x = 0; x < n; x++) {
            const angle = (2 * Math.PI * (grid.x[k]! * (x - centre) + grid.y[k]! * (y - centre))) / n;
            re += image[y * n + x]! * Math.cos(angle);
            im -= image[y * n + x]! * Math.sin(angle);
          }
        error += (re - transfer * truth.re[k]!) ** 2 + (im - transfer * truth.im[k]!) ** 2;
        size += transfer ** 2 * (truth.re[k]! ** 2 + truth.im[k]! ** 2);
      }
      expect(Math.sqrt(error / size)).toBeLessThan(0.02);
    });
  });
});

describe("scale and noise", () => {
  const n = 24,
    count = 150;
  const { poses: _, ...from } = exposures(n, count);
  const noisy = (signalToNoise: number): SimulationInput => ({
    ...from,
    signalToNoise,
    noise: whiteNoise(createStream(3, "noise")),
  });

  it("without noise the signal has unit variance", async () => {
    const images = await collect(simulateImages(from, cpu, 64), n);
    expect(mean(images.map(variance))).toBeCloseTo(1, 4);
    expect(variance(images.slice(0, 5).map(variance))).toBeGreaterThan(1e-4); // no image is scaled by itself
  });

  it.each([0.05, 0.5, 3])("with a ratio of %f: noise of unit variance, signal of that variance", async (ratio) => {
    const clean = await collect(simulateImages(from, cpu, 64), n);
    const images = await collect(simulateImages(noisy(ratio), cpu, 64), n);
    const noise = images.map((image, i) => image.map((v, j) => v - Math.sqrt(ratio) * clean[i]![j]!));
    const all = Float32Array.from(noise.flatMap((image) => [...image]));
    expect(Math.abs(mean(Array.from(all)))).toBeLessThan(3 / Math.sqrt(all.length));
    expect(Math.abs(variance(all) - 1)).toBeLessThan(3 * Math.sqrt(2 / all.length));
    // It is white: nothing of the signal is left in it.
    radialPower(all, n).forEach((power) => expect(power).toBeCloseTo(1, 0));
    const excess = (mean(images.map(variance)) - variance(all)) / ratio;
    expect(Math.abs(excess - 1)).toBeLessThan(3 * 2 * Math.sqrt(1 / ratio / all.length));
  });

  it("reports the factor of the signal", async () => {
    const exposed = await collect(exposeImages(from, cpu, 64), n);
    for await (const { first, images, scale } of simulateImages(from, cpu, 64)) {
      for (const i of [0, 77, 300]) expect(images[i]).toBeCloseTo(scale * exposed[first]![i]!, 5);
    }
  });

  it("batches change nothing but rounding, the last partial one neither", async () => {
    const [whole, parts] = [
      await collect(simulateImages(noisy(0.3), cpu, count), n),
      await collect(simulateImages(noisy(0.3), cpu, 64), n),
    ];
    expect(parts.length).toBe(count);
    parts.forEach((image, i) =>
      image.forEach((v, j) => {
        if (Math.abs(v - whole[i]![j]!) > 1e-5) expect(v).toBe(whole[i]![j]!);
      }),
    );
  });
});

describe("defocus", () => {
  it("uniform on the range, without astigmatism, the same for the same seed", () => {
    const optics = uniformDefocus(4000, [8000, 20_000], settings, 1);
    const values = Array.from(optics.defocusUAngstrom);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(8000);
    expect(Math.max(...values)).toBeLessThan(20_000);
    expect(Math.abs(mean(values) - 14_000)).toBeLessThan((3 * 12_000) / Math.sqrt(12 * 4000));
    expect(optics.defocusVAngstrom).toEqual(optics.defocusUAngstrom);
    expect(uniformDefocus(4000, [8000, 20_000], settings, 1)).toEqual(optics);
    expect(uniformDefocus(10, [8000, 20_000], settings, 2).defocusUAngstrom[0]).not.toBe(values[0]);
    expect([
      optics.voltageKv[7],
      optics.sphericalAberrationMm[7],
      optics.amplitudeContrast[7],
      optics.bFactorAngstrom2[7],
    ]).toEqual([300, 2.7, 0.1, 60]);
  });

  it("rows of a table stay together, each drawn as often as another", () => {
    const rows = [1, 2, 3].map((i) => ({
      defocusUAngstrom: 1000 * i,
      defocusVAngstrom: 900 * i,
      astigmatismAngle: 0.1 * i,
    }));
    const {
      defocusUAngstrom: u,
      defocusVAngstrom: v,
      astigmatismAngle: angle,
    } = tabulatedDefocus(3000, rows, settings, 1);
    const counts = [0, 0, 0];
    u.forEach((value, i) => {
      counts[value / 1000 - 1]!++;
      expect([v[i], angle[i]]).toEqual([0.9 * value, rows[value / 1000 - 1]!.astigmatismAngle]);
    });
    for (const c of counts) expect(Math.abs(c - 1000)).toBeLessThan(3 * Math.sqrt(3000 * (1 / 3) * (2 / 3)));
  });
});
