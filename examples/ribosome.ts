/** For the examples: simulated images of the 70S ribosome, as files of a user would be, and a run on them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateAgainstReference, resample } from "../src/evaluate/index.ts";
import {
  disk,
  particlesOfStack,
  readMap,
  type Volume,
  writeMap,
  writeParticlesStar,
  writeStack,
} from "../src/io/index.ts";
import { samplePoses, simulateImages, uniformDefocus, whiteNoise } from "../src/physics/index.ts";
import { type AdversarialRecipe, nodeHost, reconstruct, type Stage } from "../src/reconstruct/index.ts";
import { createStream, nodeCpu } from "../src/runtime/index.ts";

const boxAngstrom = 325;

/** The ribosome on a grid of `boxSize` voxels. */
export async function ribosomeMap(boxSize: number): Promise<Volume> {
  const map = await readMap(disk.at(new URL("../data/ribosome-70s-65.mrc", import.meta.url).pathname), {
    pixelSizeAngstrom: 5, // its header is silent
  });
  return resample(map, boxSize, boxAngstrom / boxSize);
}

/** Writes particles.mrcs, particles.star and truth.mrc to a folder: random poses, defocus of 1 to 2.5 µm, noise. */
async function simulateParticles(
  folder: string,
  { count, boxSize, signalToNoise }: { count: number; boxSize: number; signalToNoise: number },
): Promise<{ star: string; truth: string }> {
  const volume = await ribosomeMap(boxSize);
  const microscope = { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 };
  const optics = uniformDefocus(count, [10_000, 25_000], microscope, 1);
  const images = simulateImages(
    {
      volume,
      rotations: samplePoses({ kind: "uniform" }, count, createStream(1, "poses")),
      shifts: new Float32Array(2 * count),
      optics,
      signalToNoise,
      noise: whiteNoise(createStream(1, "noise")),
    },
    nodeCpu(2),
  );
  const stack = join(folder, "particles.mrcs"),
    star = join(folder, "particles.star"),
    truth = join(folder, "truth.mrc");
  const { pixelSizeAngstrom } = volume;
  const batches = (async function* () {
    for await (const batch of images) yield batch.images;
  })();
  await writeStack(disk.at(stack), { width: boxSize, height: boxSize, pixelSizeAngstrom, mode: 2 }, batches);
  const set = particlesOfStack(stack, { boxSize, pixelSizeAngstrom, optics });
  await writeParticlesStar(disk.at(star), set);
  await writeMap(disk.at(truth), volume);
  return { star, truth };
}

/** The adversarial stage with a recipe on 2,000 such particles: the FSC of shells 1 to 5 of its map with the truth. */
export async function fscWith(recipe: AdversarialRecipe): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), "cryogan-example-"));
  try {
    const { star, truth } = await simulateParticles(folder, { count: 2000, boxSize: 24, signalToNoise: 1 });
    const out = join(folder, "run");
    const stages: Stage[] = [{ kind: "adversarial", maxRadius: 5, iterations: 300 }];
    const request = { particlesFile: star, out, stages, maxShift: 0, device: "cpu" as const };
    await reconstruct(nodeHost, request, undefined, undefined, recipe);
    const { report } = await evaluateAgainstReference(disk.at(join(out, "map.mrc")), disk.at(truth));
    return report.fsc.fsc.slice(0, 5);
  } finally {
    await rm(folder, { recursive: true });
  }
}
