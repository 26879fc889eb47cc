/**
 * What two halves of the particles say of one density: in the last pass of a stage the images of either half go into a
 * volume of their own. Their noise is independent; what they have in common both halves show. They were put into their
 * poses by the same density, though, which noise can be made to resemble: an upper bound of what halves that are
 * reconstructed apart (`--half-maps`) would agree in.
 */

import { angularPowers } from "../../evaluate/angular.ts";
import { asMap } from "./asMap.ts";
import type { Spectra } from "./spectra.ts";

/** Of shells 1, 2, …, rotational averages left out. */
export interface HalfSamples {
  /** Fourier shell correlation of the two volumes. */
  agreement: number[];
  /**
   * Power that both have in common, relative to that of the molecule as the images show it, each damped as Wiener's
   * estimate damps it; null where the images show too little.
   */
  share: (number | null)[];
  /** Signal-to-noise power ratio of the molecule in an image, without its rotational average. */
  signalToNoise: number[];
  /**
   * Part of the map that the pass took from the images; of the rest it keeps what it has, right or wrong. It is the
   * power of the noise in the halves over that of images in known poses: what spreads an image over the poses that it
   * leaves open takes as much from its noise as from its signal. Beyond 1 where the halves differ by more than noise.
   */
  renewed: number[];
}

/**
 * With less signal than this part of the noise a shell tells nothing: four times the error of its power, which is the
 * mean of 2πk samples of each image.
 */
const leastSignal = (shell: number, count: number): number => 4 / Math.sqrt(count * 2 * Math.PI * shell);

/**
 * @param first, second the two volumes [n, n, n], in the scale of the stages and before any mask
 * @param attainable signal-to-noise power ratio of each shell of the map, were all poses known (index = shell)
 * @param count of the particles
 */
export function compareHalfSamples(
  [first, second]: readonly [Float32Array, Float32Array],
  n: number,
  { signal, noise }: Spectra,
  attainable: ArrayLike<number>,
  count: number,
): HalfSamples {
  const { cross, a, b, radial } = angularPowers(asMap({ n, data: first }), asMap({ n, data: second }));
  const shells = Array.from({ length: Math.floor(n / 2) }, (_, i) => i + 1);
  const damping = (k: number): number => (attainable[k]! / 2 / (1 + attainable[k]! / 2)) ** 2;
  const shown = (k: number): number => signal[k]! - Math.max(0, radial[k]!) / damping(k);
  return {
    agreement: shells.map((k) => (a[k]! * b[k]! > 0 ? cross[k]! / Math.sqrt(a[k]! * b[k]!) : 0)),
    share: shells.map((k) => (shown(k) > leastSignal(k, count) * noise[k]! ? cross[k]! / damping(k) / shown(k) : null)),
    signalToNoise: shells.map((k) => Math.max(0, shown(k)) / noise[k]!),
    renewed: shells.map((k) => {
      const inKnownPoses = (damping(k) * signal[k]!) / (attainable[k]! / 2);
      return Math.max(0, (a[k]! + b[k]!) / 2 - cross[k]!) / inKnownPoses;
    }),
  };
}
