import type { Volume } from "../base/types.ts";
import { centeredInverse } from "../numeric/fft.ts";
import { cosineEdge } from "../physics/mask.ts";
import { forEachCoefficient, spectrumOf } from "./shells.ts";

/**
 * What a low-pass filter leaves of an amplitude at `radius`, in Fourier pixels: a raised cosine `edgeShells` wide
 * centred on the cut-off, as RELION's (`lowPassFilterMap`, two shells; RELION rounds the cut-off to a whole shell).
 */
export function lowPassGain(radius: number, cutoff: number, edgeShells = 2): number {
  return cosineEdge((radius - (cutoff - edgeShells / 2)) / edgeShells, 1);
}

/**
 * Low-pass filter of a cubic map at `resolutionAngstrom`, with a raised-cosine fall-off `edgeShells` Fourier pixels
 * wide centred on the cut-off. Throws InputError when the map is not a cube.
 */
export function lowPass(volume: Volume, resolutionAngstrom: number, edgeShells = 2): Volume {
  const { re, im, boxSize } = spectrumOf(volume);
  const cutoff = (boxSize * volume.pixelSizeAngstrom) / resolutionAngstrom;
  forEachCoefficient(boxSize, (index, _shell, kx, ky, kz) => {
    const gain = lowPassGain(Math.sqrt(kx * kx + ky * ky + kz * kz), cutoff, edgeShells);
    re[index]! *= gain;
    im[index]! *= gain;
  });
  return { ...volume, data: Float32Array.from(centeredInverse(re, im, volume.shape)) };
}
