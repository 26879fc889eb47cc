import type { Volume } from "../io/types.ts";
import { centeredInverse } from "../numeric/fft.ts";
import { forEachCoefficient, spectrumOf } from "./shells.ts";

/**
 * Low-pass filter of a cubic map at `resolutionAngstrom`, with a raised-cosine fall-off `edgeShells` Fourier pixels wide
 * centred on the cut-off. Throws InputError when the map is not a cube.
 */
export function lowPass(volume: Volume, resolutionAngstrom: number, edgeShells = 2): Volume {
  const { re, im, boxSize } = spectrumOf(volume);
  const cutoff = (boxSize * volume.pixelSizeAngstrom) / resolutionAngstrom;
  forEachCoefficient(boxSize, (index, _shell, kx, ky, kz) => {
    const fraction = (Math.sqrt(kx * kx + ky * ky + kz * kz) - (cutoff - edgeShells / 2)) / edgeShells;
    const gain = fraction <= 0 ? 1 : fraction >= 1 ? 0 : 0.5 + 0.5 * Math.cos(Math.PI * fraction);
    re[index] *= gain;
    im[index] *= gain;
  });
  return { ...volume, data: Float32Array.from(centeredInverse(re, im, volume.shape)) };
}
