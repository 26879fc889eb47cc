/** Images as programs need them that take the background to have mean 0 and deviation 1. */

import { join } from "node:path";
import type { ParticleSet } from "../../base/types.ts";
import { disk } from "../../io/disk.ts";
import { linkStacks } from "../../io/stackLinks.ts";
import type { ImageBatch } from "../../physics/simulate.ts";
import { openImages } from "../../reconstruct/measure/load.ts";
import { backgroundMask } from "../../reconstruct/measure/spectra.ts";
import { nodeCpu } from "../../runtime/onnxRuntimeNode.ts";
import { writeImageStack } from "../actions/imageStack.ts";
import { sampleImages } from "../actions/sampleImages.ts";
import type { ExportedRun } from "./exportedRun.ts";

/** Images looked at. */
const imagesTried = 64;
/** How far the background's mean may be from 0, and its deviation from 1. */
const tolerance = 0.1;

/** Whether the background outside the particle has mean 0 and deviation 1, as relion_preprocess leaves it. */
export async function isNormalised(set: ParticleSet, radiusPixels: number): Promise<boolean> {
  const mask = backgroundMask(set.boxSize, radiusPixels),
    images = await sampleImages(set, imagesTried);
  const tried = images.length / mask.length,
    area = mask.reduce((sum, m) => sum + m, 0);
  let means = 0,
    deviations = 0;
  for (let start = 0; start < images.length; start += mask.length) {
    let sum = 0,
      squares = 0;
    mask.forEach((m, p) => {
      sum += m * images[start + p]!;
      squares += m * images[start + p]! ** 2;
    });
    means += Math.abs(sum / area) / tried;
    deviations += Math.sqrt(Math.max(0, squares / area - (sum / area) ** 2)) / tried;
  }
  return means < tolerance && Math.abs(deviations - 1) < tolerance;
}

/** Names in the folder of an export: the copy of the images, and the folder of links to those that are not copied. */
export const copyName = "normalised.mrcs",
  linksName = "stacks";

/** Particles as they are exported. */
export interface ExportedImages {
  set: ParticleSet;
  /** Whether the images are a copy. */
  normalised: boolean;
  /** Links to their stacks. */
  links: number;
}

/**
 * The images of a run's particles in the folder of an export: a copy, or links to their stacks.
 * @param found   the particles
 * @param linkAll whether each stack gets a link, as where a file names its stacks from its own folder
 */
export async function exportedImages(
  { found, maskRadius, inverted }: Pick<ExportedRun, "found" | "maskRadius" | "inverted">,
  { out, normalised, linkAll = false, json }: { out: string; normalised: boolean; linkAll?: boolean; json: boolean },
  signal: AbortSignal,
): Promise<ExportedImages> {
  if (!normalised) return { ...(await linkStacks(found, join(out, linksName), { all: linkAll })), normalised };
  const radiusPixels = maskRadius * found.boxSize,
    set = await writeNormalised(found, { path: join(out, copyName), radiusPixels, inverted, json }, signal);
  return { set, normalised, links: 0 };
}

/** Images at once. */
const batch = 256;

/**
 * A copy of the images with a background of mean 0 and deviation 1, and bright density. @returns the set with the copy
 * as its stack
 */
async function writeNormalised(
  set: ParticleSet,
  { path, radiusPixels, inverted, json }: { path: string; radiusPixels: number; inverted: boolean; json: boolean },
  signal: AbortSignal,
): Promise<ParticleSet> {
  const { count, boxSize, pixelSizeAngstrom } = set;
  const images = await openImages(disk, set, boxSize, radiusPixels, nodeCpu(1), inverted);
  const batches = async function* (): AsyncGenerator<ImageBatch> {
    for (let first = 0; first < count; first += batch)
      yield {
        first,
        images: await images.read(Array.from({ length: Math.min(batch, count - first) }, (_, i) => first + i)),
      };
  };
  try {
    await writeImageStack({ path, count, boxSize, pixelSizeAngstrom, float16: false, json }, batches(), signal);
  } finally {
    await images.close();
  }
  const { sign: _, ...copied } = set;
  return {
    ...copied,
    stacks: [path],
    stackIndex: new Int32Array(count),
    imageIndex: Int32Array.from({ length: count }, (_, i) => i),
  };
}
