import type { Volume } from "../base/types.ts";
import { halfSpectrum, inverseOfHalf, scale } from "../numeric/halfSpectrum.ts";
import { cosineEdge } from "../physics/mask.ts";
import { cubeEdge } from "./shells.ts";

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
  const n = cubeEdge(volume),
    cutoff = (n * volume.pixelSizeAngstrom) / resolutionAngstrom,
    reach = Math.min(Math.floor(n / 2), Math.ceil(cutoff + edgeShells / 2));
  const spectrum = halfSpectrum(volume.data, volume.shape, [reach, reach, reach]);
  scale(spectrum, (radius) => lowPassGain(radius, cutoff, edgeShells));
  return { ...volume, data: inverseOfHalf(spectrum, volume.shape, new Float32Array(n ** 3)) };
}
