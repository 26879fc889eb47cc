import type { ParticleSet } from "../../base/types.ts";
import { disk } from "../../io/disk.ts";
import { openParticleImages } from "../../io/particles.ts";
import { imagesThatFit, spreadIndices } from "../../reconstruct/measure/pixels.ts";

/**
 * Images of particles spread evenly over the set, `most` or as many as there are: [images, boxSize, boxSize] flattened.
 */
export async function sampleImages(set: ParticleSet, most: number): Promise<Float32Array> {
  const chosen = spreadIndices(set.count, imagesThatFit(most, set.boxSize, set.boxSize)),
    images = await openParticleImages(disk, set);
  try {
    const pixels = new Float32Array(chosen.length * set.boxSize ** 2);
    await images.read(chosen, pixels);
    return pixels;
  } finally {
    await images.close();
  }
}
