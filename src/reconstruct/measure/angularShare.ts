/** How much of the signal in the images a density explains, leaving aside what any ball of its size would. */
import { forEachCoefficient, spectrumOf } from "../../evaluate/shells.ts";
import { volumeOf } from "../classes.ts";
import type { StageVolume } from "../stage.ts";
import { asMap } from "./asMap.ts";
import type { Spectra } from "./spectra.ts";

/** Power on shells 0 … n/2 of the transform of a density's rotational average, and of what is left without it. */
function shellPowers(volume: StageVolume): Record<"radial" | "angular", Float64Array> {
  const { n } = volume,
    { re, im } = spectrumOf(asMap(volume));
  const top = Math.floor(n / 2),
    counts = new Float64Array(top + 2),
    angular = new Float64Array(top + 2),
    average = new Float64Array(top + 2);
  // The imaginary part of an average over all directions is 0.
  forEachCoefficient(n, (i, shell) => {
    if (shell > top + 1) return;
    counts[shell]!++;
    average[shell]! += re[i]!;
  });
  average.forEach((sum, k) => (average[k] = sum / counts[k]!));
  forEachCoefficient(n, (i, shell, kx, ky, kz) => {
    if (shell > top) return;
    // Between the middles of shells the average is interpolated: it may change much within one.
    const k = Math.hypot(kx, ky, kz),
      below = Math.floor(k),
      here = average[below]! + (k - below) * (average[below + 1]! - average[below]!);
    angular[shell]! += ((re[i]! - here) ** 2 + im[i]! ** 2) / counts[shell]!;
  });
  const shells = (values: Float64Array): Float64Array => values.slice(0, top + 1);
  return { radial: shells(average.map((mean) => mean ** 2)), angular: shells(angular) };
}

/** With less signal than this part of the noise a shell tells nothing. */
const leastSignal = 0.01;

/**
 * The share of the images' angular signal that a density explains: the power of its transform less that of its
 * rotational average, against the same of the molecule as the images show it, over the finer half of its shells, each
 * counted for as much as it tells. A density that is an average over wrong poses keeps little of that power; its
 * rotational average comes out right whatever the poses.
 *
 * @param volume in the scale of the stages
 * @param shares of the particles among its classes, whose powers count by them
 * @param attainable signal-to-noise power ratio of each shell, were all poses known: no more than what this leaves is
 *   expected
 * @returns 0 to about 1; 0 where the images show no such signal
 */
export function angularShare(
  volume: StageVolume,
  { signal, noise }: Spectra,
  attainable: ArrayLike<number>,
  shares: readonly number[] = [1],
): number {
  const powers = shares.map((_, c) => shellPowers(volumeOf(volume, c))),
    mean = (name: "radial" | "angular", k: number): number =>
      shares.reduce((sum, share, c) => sum + share * powers[c]![name][k]!, 0);
  const top = Math.floor(volume.n / 2);
  let explained = 0,
    expected = 0;
  // The outermost shell is cut by the edge of the box.
  for (let k = Math.floor(top / 2) + 1; k < top; k++) {
    const shown = signal[k]! - mean("radial", k);
    if (shown <= leastSignal * noise[k]!) continue;
    const weight = (k * shown) / noise[k]!,
      share = Math.min(1, mean("angular", k) / shown);
    explained += weight * share;
    expected += (weight * attainable[k]!) / (1 + attainable[k]!);
  }
  return expected > 0 ? explained / expected : 0;
}
