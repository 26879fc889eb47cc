import { InputError } from "../../base/errors.ts";
import { readBackgrounds } from "../../io/backgrounds.ts";
import { disk } from "../../io/disk.ts";
import { interpolateShells } from "../../physics/frequencies.ts";
import {
  bankNoise,
  colouredNoise,
  extendedNoise,
  fitBackgrounds,
  type NoiseSource,
  radialPower,
  variedNoise,
  whiteNoise,
} from "../../physics/noise.ts";
import type { Device } from "../../runtime/device.ts";
import { createStream } from "../../runtime/random.ts";
import type { NoiseSource as NoiseOptions } from "../options/simulate.ts";

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

  const bank = await readBackgrounds(disk.at(options.bank), options.images);
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
  if (options.kind === "varied") return variedNoise(backgrounds, boxSize, stream);
  return options.kind === "bank"
    ? bankNoise(backgrounds, boxSize, stream)
    : extendedNoise(backgrounds, boxSize, stream);
}
