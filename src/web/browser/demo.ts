/** Particles to try the program with: the 70S ribosome, simulated on the spot. */

import type { DataFile, Files } from "../../base/files.ts";
import { resample } from "../../evaluate/resample.ts";
import { folderAt } from "../../io/files.ts";
import { readMap, writeMap, writeStack } from "../../io/mrc.ts";
import { particlesOfStack, writeParticlesStar } from "../../io/particles.ts";
import { whiteNoise } from "../../physics/noise.ts";
import { simulateImages, uniformDefocus } from "../../physics/simulate.ts";
import { samplePoses } from "../../physics/viewing.ts";
import type { Device } from "../../runtime/device.ts";
import { createStream } from "../../runtime/random.ts";
import type { RunForm } from "../live/source.ts";

const count = 3000,
  boxSize = 32,
  signalToNoise = 0.2,
  seed = 1;
const voxelAngstrom = 5; // of data/ribosome-70s-65.mrc, whose header does not name it
const microscope = { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 };

/** A run of about a minute on two cores, in WebAssembly. */
export const demoForm = {
  particlesFile: "/demo/particles.star",
  out: "demo",
  maxShift: "0",
  maskDiameter: "292", // Å, 90 % of the box
  overwrite: true,
  stages: "adversarial 16:200, refine 16:3, refine 22:2, local 28:1",
} satisfies RunForm;

/**
 * Writes particles.mrcs, particles.star and truth.mrc.
 *
 * @param model data/ribosome-70s-65.mrc
 */
export async function simulateDemo(files: Files, model: DataFile, path: string, device: Device): Promise<void> {
  await files.makeFolder(path);
  const folder = folderAt(files, path),
    map = await readMap(model, { pixelSizeAngstrom: voxelAngstrom }),
    pixelSizeAngstrom = (map.shape[0] * voxelAngstrom) / boxSize;
  const volume = resample(map, boxSize, pixelSizeAngstrom);
  const optics = uniformDefocus(count, [10_000, 25_000], microscope, seed);
  const rotations = samplePoses({ kind: "uniform" }, count, createStream(seed, "poses"));
  const images = folder("particles.mrcs");
  const noise = whiteNoise(createStream(seed, "noise"));
  const batches = simulateImages(
    { volume, rotations, shifts: new Float32Array(2 * count), optics, signalToNoise, noise },
    device,
  );
  async function* pixels(): AsyncGenerator<Float32Array> {
    for await (const batch of batches) yield batch.images;
  }
  await writeStack(images, { width: boxSize, height: boxSize, pixelSizeAngstrom, mode: 12 }, pixels());
  await writeMap(folder("truth.mrc"), volume);
  const set = particlesOfStack(images.path, { boxSize, pixelSizeAngstrom, optics });
  await writeParticlesStar(folder("particles.star"), set);
}
