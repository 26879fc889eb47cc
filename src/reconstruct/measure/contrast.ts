import { formatNumber } from "../../base/format.ts";
import type { ExtentSums } from "./extent.ts";

/** Whether density is bright or dark in particle images, as far as they tell by themselves. */
export interface Contrast {
  /** "unclear" where the amplitude is less than five of its standard errors from 0. */
  density: "bright" | "dark" | "unclear";
  /**
   * Of the mean transform of the images, corrected for the CTF, at the coarsest frequency of the box, 1/`angstrom`; in
   * standard deviations of the background times coarse pixels.
   */
  amplitude: number;
  standardError: number;
  angstrom: number;
}

const leastErrors = 5;

/**
 * The mean transform of the images, corrected for the CTF, is that of the molecule's rotational average. At a wave as
 * long as the box it is positive where density is bright, of a ball as of a hollow one, whatever lies about it in the
 * box: the first zero of a ball's transform is at 1.43/diameter. A comparison of the images' centre with their
 * background errs where the molecule is hollow, or neighbours fill the corners of a tight box.
 */
export function measureContrast({ shells, boxSize, boxAngstrom, bin, edge }: ExtentSums): Contrast {
  const shell = 1,
    ctfSquared = shells.ctfSquared[shell]!,
    amplitude = shells.weighted[shell]! / ctfSquared,
    standardError = Math.sqrt(shells.power[shell]! / (2 * shells.count[shell]! * ctfSquared));
  const clear = Math.abs(amplitude) >= leastErrors * standardError && amplitude !== 0;
  return {
    density: clear ? (amplitude > 0 ? "bright" : "dark") : "unclear",
    amplitude,
    standardError,
    angstrom: (edge * bin * boxAngstrom) / boxSize,
  };
}

/** What was measured, in words. */
export const contrastText = ({ amplitude, standardError, angstrom }: Contrast): string =>
  `mean image at ${formatNumber(angstrom)} Å, corrected for its CTF: ` +
  `${formatNumber(amplitude)} ± ${formatNumber(standardError)}`;
