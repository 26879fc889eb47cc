/** Images of several structures in one data set, with noise of one level, in random order. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Optics, Poses, Volume } from "../../src/base/types.ts";
import { disk } from "../../src/io/disk.ts";
import { writeMap, writeStack } from "../../src/io/mrc.ts";
import { particlesOfStack, writeParticlesStar } from "../../src/io/particles.ts";
import { whiteNoise } from "../../src/physics/noise.ts";
import { relionPoses } from "../../src/physics/relionPoses.ts";
import { sampleShifts } from "../../src/physics/shift.ts";
import { type Exposures, exposeImages, uniformDefocus } from "../../src/physics/simulate.ts";
import { samplePoses } from "../../src/physics/viewing.ts";
import { nodeCpu } from "../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../src/runtime/random.ts";
import { relionImages } from "./relionImages.ts";

/** One of the structures. */
export interface Component {
  /** At the box and pixel size of the images; absent: images of noise alone. */
  volume?: Volume;
  count: number;
  /** Variance of its signal over that of the noise; absent: it has the scale of the first. */
  snr?: number;
}

export interface Mixture {
  components: readonly Component[];
  /** Standard deviation of the particles from the centres of their boxes, along each axis. */
  shiftSigmaAngstrom: number;
  /** Images are made by `relion_project`. */
  byRelion?: boolean;
  seed: number;
}

const microscope = { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 };

/**
 * Writes particles.star and particles.mrcs, which tell nothing of the classes, truth1.mrc … and truth.json, the number
 * of each image's component, from 1.
 */
export async function writeMixture(out: string, mixture: Mixture): Promise<void> {
  const { components, shiftSigmaAngstrom, byRelion, seed } = mixture,
    count = components.reduce((sum, each) => sum + each.count, 0),
    first = components[0]!.volume!,
    n = first.shape[2],
    boxAngstrom = n * first.pixelSizeAngstrom,
    area = n * n;
  await disk.makeFolder(out);
  const rotations = samplePoses({ kind: "uniform" }, count, createStream(seed, "poses")),
    sampled = sampleShifts(
      shiftSigmaAngstrom > 0 ? { kind: "gaussian", sigma: shiftSigmaAngstrom / boxAngstrom } : { kind: "none" },
      count,
      createStream(seed, "shifts"),
    ),
    shifts = Float32Array.from({ length: 2 * count }, (_, i) => sampled[(i % 2) * count + (i >> 1)]!);
  const optics = uniformDefocus(count, [10_000, 25_000], microscope, seed);
  // Particle i of the components one after another becomes image order[i].
  const order = createStream(seed, "order").permutation(count),
    images = new Float32Array(count * area),
    classes = new Int32Array(count);
  whiteNoise(createStream(seed, "noise"))(images);
  let begin = 0,
    scale = 0;
  for (const [c, { volume, count: own, snr }] of components.entries()) {
    const chosen = order.subarray(begin, begin + own);
    begin += own;
    for (const image of chosen) classes[image] = c + 1;
    if (!volume) continue;
    const exposures = {
      volume,
      rotations: Float32Array.from([...chosen].flatMap((p) => [...rotations.subarray(9 * p, 9 * p + 9)])),
      shifts: Float32Array.from([...chosen].flatMap((p) => [shifts[2 * p]!, shifts[2 * p + 1]!])),
      optics: opticsOf(optics, chosen),
    };
    const clean = byRelion
      ? await relionImages(volume, relionPoses(exposures.rotations, exposures.shifts, boxAngstrom), exposures.optics)
      : await ownImages(exposures);
    if (snr !== undefined || c === 0) scale = Math.sqrt(snr! / meanVariance(clean, area));
    chosen.forEach((image, i) => {
      for (let p = 0; p < area; p++) images[image * area + p]! += scale * clean[i * area + p]!;
    });
    await writeMap(disk.at(join(out, `truth${c + 1}.mrc`)), volume);
  }
  const stack = join(out, "particles.mrcs");
  await writeStack(
    disk.at(stack),
    { width: n, height: n, pixelSizeAngstrom: first.pixelSizeAngstrom, mode: 2 },
    (async function* () {
      for (let i = 0; i < count; i += 512) yield images.subarray(i * area, Math.min(count, i + 512) * area);
    })(),
  );
  const poses: Poses = relionPoses(rotations, shifts, boxAngstrom),
    set = particlesOfStack(stack, { boxSize: n, pixelSizeAngstrom: first.pixelSizeAngstrom, optics, poses });
  await writeParticlesStar(disk.at(join(out, "truth.star")), set, { poses: true });
  await writeFile(join(out, "truth.json"), JSON.stringify([...classes]));
  await writeParticlesStar(disk.at(join(out, "particles.star")), set);
}

/** Images of a map by this program, without noise, one after another. */
async function ownImages(exposures: Exposures): Promise<Float32Array> {
  const area = exposures.volume.shape[2] ** 2,
    images = new Float32Array((exposures.rotations.length / 9) * area);
  for await (const batch of exposeImages(exposures, nodeCpu(1))) images.set(batch.images, batch.first * area);
  return images;
}

const opticsOf = (optics: Optics, chosen: Int32Array): Optics =>
  Object.fromEntries(
    Object.entries(optics).map(([key, values]: [string, Float64Array]) => [
      key,
      Float64Array.from(chosen, (i) => values[i]!),
    ]),
  ) as unknown as Optics;

/** Mean over the images of the variance of their pixels. */
function meanVariance(images: Float32Array, area: number): number {
  const count = images.length / area;
  let total = 0;
  for (let start = 0; start < images.length; start += area) {
    let sum = 0,
      squares = 0;
    for (let p = start; p < start + area; p++) {
      sum += images[p]!;
      squares += images[p]! ** 2;
    }
    total += squares / area - (sum / area) ** 2;
  }
  return total / count;
}
