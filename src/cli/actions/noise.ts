import { InputError } from "../../base/errors.ts";
import { largestBox } from "../../base/values.ts";
import { disk } from "../../io/disk.ts";
import { rangeProblem } from "../../io/mapCheck.ts";
import { openStack } from "../../io/mrc.ts";
import { isPixelSize, pixelSizeRange } from "../../io/pixelSize.ts";
import { interpolateShells } from "../../physics/frequencies.ts";
import {
  bankNoise,
  colouredNoise,
  extendedNoise,
  fitBackgrounds,
  type NoiseSource,
  radialPower,
  whiteNoise,
} from "../../physics/noise.ts";
import type { Device } from "../../runtime/device.ts";
import { createStream } from "../../runtime/random.ts";
import type { NoiseSource as NoiseOptions } from "../options/simulate.ts";

/** Of a larger bank so many images are taken, evenly spread over it. */
const mostBackgrounds = 2000;
/** In memory, 1 GB. */
const mostPixels = 2 ** 28;

/**
 * The noise that was asked for, of unit variance, for images of this box and pixel size. Nothing for noise-free images.
 * @throws InputError when the bank cannot be used
 */
export async function noiseSource(
  options: NoiseOptions,
  boxSize: number,
  pixelSizeAngstrom: number,
  seed: number,
  device: Device,
): Promise<NoiseSource | undefined> {
  if (options.kind === "none") return undefined;
  const stream = createStream(seed, "noise");
  if (options.kind === "white") return whiteNoise(stream);

  const bank = await readBackgrounds(options.bank);
  const step = pixelSizeAngstrom / bank.pixelSizeAngstrom;
  if (step < 1 - 1e-3) {
    throw new InputError(
      `${options.bank} has pixels of ${bank.pixelSizeAngstrom} Å, which say nothing of ` +
        `noise at the ${pixelSizeAngstrom} Å asked for; use larger pixels or another bank`,
    );
  }
  if (options.kind === "spectrum") {
    const power = radialPower(await fitBackgrounds(bank.images, bank.n, bank.n, 1, device), bank.n);
    // Shell k of the images is at this radius in the bank's Fourier pixels.
    const radii = Float64Array.from({ length: Math.floor(boxSize / 2) + 1 }, (_, k) => (k * bank.n) / (boxSize * step));
    return colouredNoise(interpolateShells(power, radii), boxSize, stream);
  }
  if (boxSize * step > bank.n * (1 + 1e-3)) {
    const [have, need] = [bank.n * bank.pixelSizeAngstrom, boxSize * pixelSizeAngstrom].map((edge) => edge.toFixed(1));
    throw new InputError(
      `${options.bank} has images ${have} Å wide, the particles need ${need} Å; ` +
        "use a smaller --box or --pixel-size, or --noise spectrum",
    );
  }
  const backgrounds = await fitBackgrounds(bank.images, bank.n, boxSize, step, device);
  return options.kind === "bank"
    ? bankNoise(backgrounds, boxSize, stream)
    : extendedNoise(backgrounds, boxSize, stream);
}

async function readBackgrounds(path: string): Promise<{ images: Float32Array; n: number; pixelSizeAngstrom: number }> {
  const stack = await openStack(disk.at(path));
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
    const taken = Math.min(count, mostBackgrounds, Math.max(1, Math.floor(mostPixels / n ** 2)));
    const images = new Float32Array(taken * n * n);
    await stack.read(
      Int32Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken)),
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
