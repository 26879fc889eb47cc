/** What a run did, in a paragraph that can stand in the methods part of a paper. */
import { formatCount, formatNumber, formatResolution } from "../base/format.ts";
import type { RunEvent } from "../reconstruct/folder/events.ts";
import type { RunFolder } from "../reconstruct/folder/runFolder.ts";
import { finishedOf, particlesOf } from "./outcome.ts";

type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;
type StageKind = EventOf<"stage">["kind"];

/** The map that a run began from, and the resolution (Å) that it was low-passed to. */
export interface GivenStart {
  map: string;
  resolutionAngstrom: number;
}

/** @returns undefined where the run is not finished: nothing is said of what was not done */
export function methodsParagraph({ events }: RunFolder, given: GivenStart | undefined): string | undefined {
  const start = events.findLast((event) => event.type === "start"),
    finished = finishedOf(events),
    particles = particlesOf(events);
  if (!start || !finished || particles === undefined) return undefined;
  const finest = (...kinds: StageKind[]): string | undefined => {
    const stages = events.filter((event) => event.type === "stage" && kinds.includes(event.kind)),
      resolutions = stages.map((event) => (event as EventOf<"stage">).resolutionAngstrom);
    return resolutions.length === 0 ? undefined : `${formatNumber(Math.min(...resolutions))} Å`;
  };
  const adversarial = finest("adversarial"),
    global = finest("refinement"),
    local = finest("local");

  const program = start.version === undefined ? "cryogan" : `cryogan ${start.version}`;
  const sentences = [
    `${formatCount(particles)} particle images (box ${start.boxSize} px, ` +
      `${formatNumber(start.pixelSizeAngstrom, 4)} Å per pixel) were reconstructed with ${program}`,
    given
      ? `The refinement began from a given map, low-passed to ${formatNumber(given.resolutionAngstrom)} Å`
      : adversarial &&
        `The first map was found ab initio, without an initial model or poses, by matching the distribution of ` +
          `simulated to that of real images (CryoGAN; Gupta et al., 2021) to ${adversarial}`,
    global &&
      "It was refined by maximum likelihood, each image weighted over all orientations by its posterior probability, " +
        `to ${global}` +
        (local ? `, and over orientations near the most likely ones to ${local}` : ""),
    !global && local && `It was refined by maximum likelihood near the most likely orientations to ${local}`,
    start.symmetry === "C1" ? "No symmetry was imposed" : `${start.symmetry} symmetry was imposed`,
    start.classes !== undefined &&
      `The images were sorted into ${start.classes} classes${start.junkClass ? " and one of junk" : ""}`,
    finished.motion &&
      `Motion was described by the mean and ${finished.motion.components.length} linear ` +
        `component${finished.motion.components.length > 1 ? "s" : ""}`,
    start.half !== undefined &&
      "Two halves of the particles were reconstructed independently" +
        (finished.resolutionAngstrom === undefined
          ? ""
          : `; in the automatic mask and corrected for it, their Fourier shell correlation falls to 0.143 at ` +
            formatResolution(finished.resolutionAngstrom, finished.resolutionOrBetter)),
    `Random numbers began from seed ${start.seed}`,
  ];
  return sentences
    .filter((sentence) => typeof sentence === "string")
    .map((sentence) => `${sentence}.`)
    .join(" ");
}
