/** A bank of background images, as noise is taken from. */
import { InputError } from "../base/errors.ts";
import type { DataFile } from "../base/files.ts";
import { formatNumber } from "../base/format.ts";
import { type ImageChoice, imageChoice, largestBox } from "../base/values.ts";
import { rangeProblem } from "./mapCheck.ts";
import { openStack } from "./mrc.ts";
import { isPixelSize, pixelSizeRange } from "./pixelSize.ts";

/** Of a larger bank so many images are taken, evenly spread over it. */
const mostBackgrounds = 2000;
/** Of sizes that are the same but for rounding. */
const tolerance = 1e-3;
/** In memory, 1 GB. */
const mostPixels = 2 ** 28;

/** Images without particles, [many, n, n] flattened. */
export interface Backgrounds {
  images: Float32Array;
  n: number;
  pixelSizeAngstrom: number;
}

/**
 * @param chosen which of the images; absent: all
 * @throws {InputError} where they are not square, have no pixel size or one out of range, are no finite numbers, or
 *   where those chosen are not there
 */
export async function readBackgrounds(
  file: DataFile,
  chosen: ImageChoice = { first: 1, step: 1 },
): Promise<Backgrounds> {
  const { path } = file,
    stack = await openStack(file);
  try {
    const { count, width: n, height, pixelSizeAngstrom } = stack;
    if (n !== height) throw new InputError(`${path} has images of ${n} x ${height} pixels; they must be square`);
    if (n > largestBox) throw new InputError(`${path} has images of ${n} px; at most ${largestBox} can be used`);
    if (!(pixelSizeAngstrom > 0))
      throw new InputError(
        `${path}: the header names no pixel size; set it, for instance with relion_image_handler --angpix`,
      );
    if (!isPixelSize(pixelSizeAngstrom))
      throw new InputError(`${path} has a pixel size of ${pixelSizeAngstrom} Å; ${pixelSizeRange}`);
    const { first, last = count, step } = chosen;
    if (Math.max(first, last) > count)
      throw new InputError(`${path} has ${count} images, not the ${imageChoice().write(chosen)} asked for`);
    const available = Math.floor((last - first) / step) + 1,
      taken = Math.min(available, mostBackgrounds, Math.max(1, Math.floor(mostPixels / n ** 2)));
    const images = new Float32Array(taken * n * n);
    await stack.read(
      Int32Array.from({ length: taken }, (_, i) => first - 1 + step * Math.floor((i * available) / taken)),
      images,
    );
    for (let i = 0; i < images.length; i++) {
      if (!Number.isFinite(images[i]))
        throw new InputError(`${path} has a pixel that is NaN or infinite; remove that image`);
    }
    const problem = rangeProblem(images, "pixels");
    if (problem !== undefined) throw new InputError(`${path} ${problem}`);
    return { images, n, pixelSizeAngstrom };
  } finally {
    await stack.close();
  }
}

/**
 * Checks that backgrounds show the noise of particles: at their pixel size, or finer, and in all of their box.
 * @throws {InputError} naming both sizes
 */
export function checkBackgrounds(
  { n, pixelSizeAngstrom }: Backgrounds,
  particles: { boxSize: number; pixelSizeAngstrom: number },
  path: string,
): void {
  const sized = (edge: number, pixel: number): string =>
    `${edge} px of ${formatNumber(pixel)} Å (${formatNumber(edge * pixel)} Å)`;
  const coarse = pixelSizeAngstrom > particles.pixelSizeAngstrom * (1 + tolerance),
    small = n * pixelSizeAngstrom < particles.boxSize * particles.pixelSizeAngstrom * (1 - tolerance);
  if (coarse || small)
    throw new InputError(
      `${path} has images of ${sized(n, pixelSizeAngstrom)}, the particles have ` +
        `${sized(particles.boxSize, particles.pixelSizeAngstrom)}: the noise bank needs ` +
        `${coarse ? "pixels as small" : "images as wide"}; cut it from the same micrographs`,
    );
}
