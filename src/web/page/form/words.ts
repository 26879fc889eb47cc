/** What is known of particles before a run, in words, and where the mask lies on their images. */
import { formatCount, formatDuration, formatNumber } from "../../../base/format.ts";
import { oneLine } from "../../../base/printable.ts";
import type { Contrast } from "../../../reconstruct/measure/contrast.ts";
import type { ParticleSummary } from "../../../reconstruct/measure/particleSummary.ts";
import type { Thumbnails } from "../../../reconstruct/measure/thumbnails.ts";
import type { Plan } from "../../../reconstruct/run/plan.ts";
import { defaultMaskRadius } from "../../../reconstruct/run/sizes.ts";

export function contrastWords(contrast: Contrast | undefined): string | undefined {
  if (!contrast) return undefined;
  return {
    bright: "density is bright",
    dark: "density is dark, so that the images are inverted",
    unclear: "not clear from the images, so that they are taken as they are",
  }[contrast.density];
}

/** @param limited whether the time was asked for */
export function planWords(
  { resolutionAngstrom, orFiner, seconds, secondsWithFiner = seconds }: Plan,
  limited: boolean,
): string {
  const finest = `${formatNumber(resolutionAngstrom, 2)} Å${orFiner ? " or finer" : ""}`,
    more = secondsWithFiner > seconds ? `, or ${formatDuration(secondsWithFiner)} with starts at a finer shell` : "";
  const where = limited ? "" : " on two idle CPU cores";
  return `works up to ${finest} in ${formatDuration(seconds)}${more}${where}; an estimate`;
}

const inMicrometres = (angstrom: number): string => formatNumber(angstrom / 1e4);
/** Of long lists. */
const mostListed = 8;

/** Rows of a name and what is so; the longest lists are cut. */
export function factsOf(summary: ParticleSummary): [name: string, told: string][] {
  const { particles, boxSize, pixelSizeAngstrom, defocusAngstrom, opticsGroups, classes } = summary;
  const listed = (items: readonly { number: number; particles: number }[]): string =>
    items
      .slice(0, mostListed)
      .map((item) => `${item.number} (${formatCount(item.particles)})`)
      .join(", ") + (items.length > mostListed ? `, and ${formatCount(items.length - mostListed)} more` : "");
  const contrast = contrastWords(summary.contrast);
  return [
    ["Particles", formatCount(particles)],
    ["Box", `${boxSize} px, ${formatNumber(boxSize * pixelSizeAngstrom, 4)} Å`],
    ["Pixel size", `${formatNumber(pixelSizeAngstrom, 4)} Å`],
    ["Nyquist", `${formatNumber(2 * pixelSizeAngstrom, 4)} Å`],
    ["Defocus", `${inMicrometres(defocusAngstrom.minimum)} to ${inMicrometres(defocusAngstrom.maximum)} µm`],
    ...(contrast === undefined ? [] : [["Contrast", contrast] as [string, string]]),
    ...(opticsGroups.length > 1 ? [["Optics groups", listed(opticsGroups)] as [string, string]] : []),
    ...(classes && classes.length > 1 ? [["Classes", listed(classes)] as [string, string]] : []),
  ];
}

/** What is wrong, or to be known, in one line each. */
export function warningsOf({ stackProblems, warnings }: ParticleSummary): string[] {
  const more = stackProblems.length - mostListed;
  return [
    ...stackProblems
      .slice(0, mostListed)
      .map(({ problem, particles }) => oneLine(`${problem} (${formatCount(particles)} particles)`)),
    ...(more > 0 ? [`and ${formatCount(more)} more stacks with problems`] : []),
    ...warnings.map(oneLine),
  ];
}

export interface MaskCircle {
  /** In pixels of the thumbnails; an image centres on its pixel floor(n/2). */
  centre: number;
  radius: number;
  /** What the circle is. */
  told: string;
}

/** @param asked diameter in Å, if it is given; one that does not fit is drawn as it is */
export function maskCircle(
  { boxSize, pixelSizeAngstrom, diameterAngstrom }: ParticleSummary,
  { bin }: Pick<Thumbnails, "bin">,
  asked: number | undefined,
): MaskCircle {
  const diameter = asked ?? diameterAngstrom ?? 2 * defaultMaskRadius * boxSize * pixelSizeAngstrom,
    why =
      asked !== undefined
        ? "as asked for"
        : diameterAngstrom !== undefined
          ? "as the images show it"
          : `${Math.round(200 * defaultMaskRadius)} % of the box`;
  return {
    centre: (Math.floor(boxSize / 2) + 0.5) / bin,
    radius: diameter / 2 / pixelSizeAngstrom / bin,
    told: `mask of ${formatNumber(diameter)} Å, ${why}`,
  };
}
