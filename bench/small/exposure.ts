/** How noisy images of a molecule are, from the exposure that they were taken with. */
import type { Volume } from "../../src/base/types.ts";
import { radialPower } from "../../src/evaluate/statistics.ts";
import { contrastTransfer } from "../../src/physics/ctf.ts";
import { type MicroscopeSettings, uniformDefocus } from "../../src/physics/simulate.ts";

export interface Exposure {
  /** Electrons/Å² that make the signal before any fall-off: what detector, ice and radiation leave of the fluence. */
  electronsPerSquareAngstrom: number;
  defocusAngstrom: readonly [number, number];
  /** With the B-factor of the images' fall-off, exp(-B s²/4) in amplitude. */
  microscope: MicroscopeSettings;
}

/** Interaction constant at 300 kV, rad/(V Å), and the potential of a density of 1 Å⁻², V Å² (density.ts). */
const interaction = 6.526e-4,
  volts = 47.878;

/**
 * Power of the molecule over that of the noise on shells 1, 2, … n/2 of its box, before CTF and fall-off. An image of
 * contrast 1 + 2 σ φ sin χ, φ the projected potential, has noise of 1/dose per Å²: P/N = 4 σ² dose ⟨|φ̂|²⟩ / area.
 */
export function powerOverNoise(map: Volume, dose: number): number[] {
  const area = (map.shape[0] * map.pixelSizeAngstrom) ** 2,
    scale = (4 * interaction ** 2 * dose * (volts * map.pixelSizeAngstrom ** 3) ** 2) / area;
  return radialPower(map).value.map((power) => scale * power);
}

/** Variance of the signal over that of white noise, per pixel of images of n pixels of the map's field of view. */
export function signalToNoise(map: Volume, n: number, exposure: Exposure): number {
  const ratio = powerOverNoise(map, exposure.electronsPerSquareAngstrom),
    boxAngstrom = map.shape[0] * map.pixelSizeAngstrom,
    particles = 256,
    optics = uniformDefocus(particles, exposure.defocusAngstrom, exposure.microscope, 1);
  let sum = 0;
  for (let p = 0; p < particles; p++) {
    const transfer = contrastTransfer(optics, p);
    // Rings of 2πk samples, to the images' Nyquist frequency.
    for (let k = 1; k < n / 2; k++)
      sum += (2 * Math.PI * k * ratio[k - 1]! * transfer(k / boxAngstrom, 0) ** 2) / particles;
  }
  return sum / n ** 2;
}
