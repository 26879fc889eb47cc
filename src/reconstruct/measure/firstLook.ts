/** A look at some images of a set, as they are in their files, before anything is made of them. */
import type { Files } from "../../base/files.ts";
import type { ParticleSet } from "../../base/types.ts";
import { openParticleImages } from "../../io/particles.ts";
import { type Contrast, measureContrast } from "./contrast.ts";
import {
  addToExtent,
  diameterFrom,
  type ExtentSums,
  extentImages,
  keepCoarse,
  openExtentSums,
  widest,
} from "./extent.ts";
import { offCentre, sigmaShown } from "./offCentre.ts";

export interface FirstLook {
  /** Absent where fewer than 16 images can tell. */
  contrast?: Contrast;
  /** How many images were looked at. */
  images: number;
  /** Whether there are several, and all have the same pixels. */
  allAlike: boolean;
  /** For `particleShown`. */
  extent: ExtentSums;
}

/** What images show of the particle, Å; absent where they do not tell. */
export interface ParticleShown {
  /** Its diameter, with a margin. */
  diameterAngstrom?: number;
  /** Standard deviation along each axis by which particles lie off the centres of their boxes. */
  shiftSigmaAngstrom?: number;
}

/**
 * @param bright whether density is bright
 * @param given  what is known of the particle, and is not looked for; widths in Å
 */
export function particleShown(
  extent: ExtentSums,
  { optics }: Pick<ParticleSet, "optics">,
  bright: boolean,
  { maskDiameter, mask, maxShift }: { maskDiameter?: number; mask?: string; maxShift?: number } = {},
): ParticleShown {
  const { boxAngstrom } = extent,
    diameterAngstrom = maskDiameter === undefined ? diameterFrom(extent, bright) : undefined;
  const shown = maskDiameter !== undefined || mask !== undefined ? {} : { diameterAngstrom };
  if (maxShift !== undefined) return shown;
  const radius = (maskDiameter ?? diameterAngstrom ?? widest * boxAngstrom) / 2,
    lies = offCentre(extent, optics, radius);
  return { ...shown, shiftSigmaAngstrom: lies && sigmaShown(lies, boxAngstrom) };
}

const mostImages = 1024,
  fewestForContrast = 16;
/** Read in all, 256 MB, and at once. */
const mostPixels = 2 ** 26,
  pixelsAtOnce = 2 ** 22;

/**
 * Looks at up to 1024 images spread evenly over the set.
 * @throws {InputError} for stacks and pixels that cannot be used, naming the row
 */
export async function firstLook(files: Files, set: ParticleSet): Promise<FirstLook> {
  const { boxSize, count } = set,
    area = boxSize ** 2;
  const looked = Math.min(count, mostImages, Math.max(fewestForContrast, Math.floor(mostPixels / area)));
  const chosen = Array.from({ length: looked }, (_, i) => Math.floor((i * count) / looked)),
    batch = Math.max(1, Math.min(looked, Math.floor(pixelsAtOnce / area)));
  const images = await openParticleImages(files, set),
    buffer = new Float32Array(batch * area),
    every = Math.ceil(looked / extentImages),
    extent = openExtentSums(boxSize, boxSize * set.pixelSizeAngstrom);
  let first: Float32Array | undefined,
    allAlike = looked > 1;
  try {
    for (let start = 0; start < looked; start += batch) {
      const some = chosen.slice(start, start + batch),
        pixels = buffer.subarray(0, some.length * area);
      await images.read(some, pixels);
      first ??= pixels.slice(0, area);
      allAlike &&= pixels.every((value, i) => value === first![i % area]);
      some.forEach((particle, i) => {
        const coarse = keepCoarse(extent, pixels.subarray(i * area, (i + 1) * area), particle);
        if (coarse && (start + i) % every === 0) addToExtent(extent, coarse, set.optics, particle);
      });
    }
  } finally {
    await images.close();
  }
  return {
    images: looked,
    allAlike,
    extent,
    ...(looked < fewestForContrast ? {} : { contrast: measureContrast(extent) }),
  };
}
