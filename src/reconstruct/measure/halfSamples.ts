/**
 * What two halves of the particles say of one density: in the last pass of a stage the images of either half go into a
 * volume of their own. Their noise is independent; what they have in common both halves show. They were put into their
 * poses by the same density, though, which noise can be made to resemble: an upper bound of what halves that are
 * reconstructed apart (`--half-maps`) would agree in.
 */

import type { Volume } from "../../base/types.ts";
import { angularPowers } from "../../evaluate/angular.ts";
import { volumeOf } from "../classes.ts";
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
  /** Of several classes: the agreement of each by itself. */
  classes?: number[][];
}

/**
 * With less signal than this part of the noise a shell tells nothing: four times the error of its power, which is the
 * mean of 2πk samples of each image.
 */
const leastSignal = (shell: number, count: number): number => 4 / Math.sqrt(count * 2 * Math.PI * shell);

/**
 * @param first, second the volumes of the two, [classes, n, n, n], in the scale of the stages and before any mask
 * @param attainable signal-to-noise power ratio of each shell of the map, were all poses known (index = shell); of
 *   several classes, were they of one size
 * @param count of the particles
 * @param shares of the particles among the classes: powers are means over them, as the images show the mean of theirs
 */
export function compareHalfSamples(
  [first, second]: readonly [Float32Array, Float32Array],
  n: number,
  { signal, noise }: Spectra,
  attainable: ArrayLike<number>,
  count: number,
  shares: readonly number[] = [1],
): HalfSamples {
  const classes = shares.map((share, c) => ({
    share,
    powers: angularPowers(...([first, second].map((data) => asMap(volumeOf({ n, data }, c))) as [Volume, Volume])),
    attainable: (k: number): number => share * shares.length * attainable[k]!,
  }));
  type Class = (typeof classes)[number];
  const mean = (of: (each: Class) => number): number => classes.reduce((sum, each) => sum + each.share * of(each), 0);
  const shells = Array.from({ length: Math.floor(n / 2) }, (_, i) => i + 1);
  const damping = (of: Class, k: number): number => (of.attainable(k) / 2 / (1 + of.attainable(k) / 2)) ** 2;
  const shown = (k: number): number => signal[k]! - mean((of) => Math.max(0, of.powers.radial[k]!) / damping(of, k));
  const agreementOf = (mean: (of: (each: Class) => number) => number): number[] =>
    shells.map((k) => {
      const [cross, a, b] = (["cross", "a", "b"] as const).map((name) => mean(({ powers }) => powers[name][k]!)) as [
        number,
        number,
        number,
      ];
      return a * b > 0 ? cross / Math.sqrt(a * b) : 0;
    });
  return {
    agreement: agreementOf(mean),
    ...(classes.length > 1 ? { classes: classes.map((own) => agreementOf((of) => of(own))) } : {}),
    share: shells.map((k) =>
      shown(k) > leastSignal(k, count) * noise[k]!
        ? mean((of) => of.powers.cross[k]! / damping(of, k)) / shown(k)
        : null,
    ),
    signalToNoise: shells.map((k) => Math.max(0, shown(k)) / noise[k]!),
    renewed: shells.map((k) => {
      const inKnownPoses = mean((of) => (damping(of, k) * signal[k]!) / (of.attainable(k) / 2));
      return (
        Math.max(
          0,
          mean(({ powers: { a, b, cross } }) => (a[k]! + b[k]!) / 2 - cross[k]!),
        ) / inKnownPoses
      );
    }),
  };
}
