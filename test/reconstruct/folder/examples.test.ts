import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { changeBox } from "../../../src/numeric/fourierCrop.ts";
import type { RunExamples } from "../../../src/reconstruct/folder/events.ts";
import { exampleImages } from "../../../src/reconstruct/folder/examples.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import type { RunDirections, RunTemplates } from "../../../src/reconstruct/stage.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { smallParticleSet } from "../data.ts";
import { boxSize, simulated } from "../simulated.ts";

/** Fourier pixel (kx, ky) of an m×m image about pixel m/2, summed as it is defined. */
function fourierPixel(image: ArrayLike<number>, m: number, kx: number, ky: number): [number, number] {
  let re = 0,
    im = 0;
  for (let y = 0; y < m; y++) {
    for (let x = 0; x < m; x++) {
      const angle = (-2 * Math.PI * (kx * (x - m / 2) + ky * (y - m / 2))) / m,
        v = image[y * m + x]!;
      re += v * Math.cos(angle);
      im += v * Math.sin(angle);
    }
  }
  return [re, im];
}

test("examples are the particles themselves, whitened and low-passed, beside simulated ones", async () => {
  const m = 12,
    count = 300;
  const { context, truth } = await simulated({ count, maxRadius: 6, signalToNoise: 1, noisy: true });
  await context.store.close();
  // The truth at the stage's box: its transform, cropped.
  const examples = await exampleImages(changeBox({ n: boxSize, data: truth }, m), context);
  expect([examples.boxSize, examples.real.length, examples.simulated.length, examples.projections.length]).toEqual([
    m,
    6,
    6,
    6,
  ]);

  const stream = createStream(context.seed, "test/examples"),
    area = boxSize ** 2;
  const particles = Array.from({ length: 6 }, () => stream.integer(count));
  // Noise of power boxSize² per Fourier pixel of the images becomes m² in the examples.
  for (const [kx, ky] of [
    [1, 0],
    [2, -3],
    [0, 5],
    [5, 5],
  ] as const) {
    particles.forEach((p, i) => {
      const expected = fourierPixel(context.sample.images.subarray(p * area, (p + 1) * area), boxSize, kx, ky).map(
        (v) => (Math.hypot(kx, ky) <= 6 ? (v * m) / boxSize : 0),
      );
      fourierPixel(examples.real[i]!, m, kx, ky).forEach((v, part) => expect(v).toBeCloseTo(expected[part]!, 1));
    });
  }
  const power = (images: number[][]): number => images.flat().reduce((sum, v) => sum + v * v, 0) / (6 * m * m);
  expect(power(examples.simulated) / power(examples.real)).toSatisfy((ratio: number) => ratio > 0.6 && ratio < 1.6);
  // Noise alone: the Fourier pixels of the disc, without zero, out of m².
  const noise = await exampleImages({ n: m, data: new Float32Array(m ** 3) }, context);
  expect(power(noise.simulated)).toSatisfy((v: number) => v > 0.65 && v < 0.85);
  expect(Math.max(...noise.projections.flat())).toBe(0);
});

test("each stage leaves its examples, templates and directions in the run folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cryogan-output-")),
    out = join(folder, "run");
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(out, name), "utf8")) as T;
  const stages: { half?: number; examples: number; templates: number; directions: number; of?: number }[] = [];
  try {
    const particles = await smallParticleSet(folder);
    await reconstruct(
      nodeHost,
      {
        particlesFile: particles,
        out,
        halfMaps: true,
        maxShift: 0,
        device: "cpu",
        stages: [
          { kind: "adversarial", maxRadius: 4, iterations: 3 },
          { kind: "refinement", maxRadius: 6, iterations: 1, particles: 500 },
          { kind: "local", maxRadius: 8, iterations: 1, particles: 500 },
        ],
      },
      (event) => {
        if (event.type !== "map") return;
        const directions = existsSync(join(out, "directions.json"))
          ? read<RunDirections>("directions.json")
          : undefined;
        stages.push({
          half: event.half,
          examples: read<RunExamples>("examples.json").boxSize,
          templates: read<RunTemplates>("templates.json").images.length,
          directions: directions?.share.length ?? 0,
          of: directions?.half,
        });
      },
    );
    expect(stages).toEqual([
      { half: 1, examples: 8, templates: 16, directions: 0, of: undefined },
      { half: 1, examples: 12, templates: 16, directions: 256, of: 1 },
      { half: 1, examples: 16, templates: 16, directions: 256, of: 1 },
      { half: 2, examples: 8, templates: 16, directions: 256, of: 1 },
      { half: 2, examples: 12, templates: 16, directions: 256, of: 2 },
      { half: 2, examples: 16, templates: 16, directions: 256, of: 2 },
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
