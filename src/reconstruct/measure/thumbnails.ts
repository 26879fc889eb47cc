/** Particle images made small, to look at. */
import type { Files } from "../../base/files.ts";
import type { ParticleSet } from "../../base/types.ts";
import { type GrayImage, grayBytes } from "../../io/grayImage.ts";
import { openParticleImages } from "../../io/particles.ts";
import { splitImages, spreadIndices } from "./pixels.ts";

export interface Thumbnails {
  /** Edge, in pixels of their own. */
  size: number;
  /** Pixels of the file to one of them along each axis. */
  bin: number;
  /** Rows from the top, 0 to 255, each image with its own contrast; density as it is in the file. */
  images: number[][];
}

const largestEdge = 64;

/** Means over squares of `bin` pixels. What is left over at the right and at the bottom is cut off. */
function binned({ width, pixels }: GrayImage, bin: number): GrayImage {
  const size = Math.floor(width / bin),
    small = new Float32Array(size * size);
  for (let y = 0; y < size * bin; y++)
    for (let x = 0; x < size * bin; x++)
      small[Math.floor(y / bin) * size + Math.floor(x / bin)]! += pixels[y * width + x]! / bin ** 2;
  return { width: size, height: size, pixels: small };
}

/**
 * Of particles spread evenly over the set; noise is averaged away with the pixels.
 * @throws {InputError} when a stack is missing or broken
 */
export async function thumbnailsOf(files: Files, set: ParticleSet, count: number): Promise<Thumbnails> {
  const chosen = spreadIndices(set.count, count),
    bin = Math.ceil(set.boxSize / largestEdge),
    pixels = new Float32Array(chosen.length * set.boxSize ** 2);
  const images = await openParticleImages(files, set);
  try {
    await images.read(chosen, pixels);
  } finally {
    await images.close();
  }
  return {
    size: Math.floor(set.boxSize / bin),
    bin,
    images: splitImages(pixels, set.boxSize, set.boxSize).map((image) => [...grayBytes(binned(image, bin))]),
  };
}
