import { dirname } from "node:path";
import { formatCount, formatNumber, formatTable } from "../../base/format.ts";
import { oneLine } from "../../base/printable.ts";
import type { ParticleSet } from "../../base/types.ts";
import { findJobParticles } from "../../io/cryosparcJob.ts";
import { disk } from "../../io/disk.ts";
import { readParticles, validateImages, writeParticlesStar } from "../../io/particles.ts";
import { refuseMixedContrast } from "../../io/particlesStar.ts";
import { linkStacks } from "../../io/stackLinks.ts";
import type { Contrast } from "../../reconstruct/measure/contrast.ts";
import { firstLook } from "../../reconstruct/measure/firstLook.ts";
import type { ImportCommandOptions } from "../options/import.ts";
import { print, printJson } from "../print.ts";

/**
 * Write the particles of a cryoSPARC job as a STAR file and print what they are. @throws InputError where they cannot
 * be found, read or written
 */
export async function importJob({
  jobFolder,
  out,
  particlesFile,
  passthrough,
  pixelSize,
  opticsGroups,
  projectRoot,
  json,
}: ImportCommandOptions): Promise<void> {
  const job = await findJobParticles(jobFolder, { particlesFile, passthrough });
  const found = await readParticles(disk, job.particles, {
    projectRoot: projectRoot ?? job.projectFolder,
    passthrough: job.passthrough,
    opticsGroups,
    pixelSizeAngstrom: pixelSize,
  });
  await validateImages(disk, found);
  refuseMixedContrast(found);
  await disk.makeFolder(dirname(out));
  const linksFolder = `${out.slice(0, -".star".length)}_stacks`;
  const { set, links } = await linkStacks(found, linksFolder);
  const poses = set.poses !== undefined;
  await writeParticlesStar(disk.at(out), set, { poses, stackNamesFrom: null });

  const contrast = (await firstLook(disk, found)).contrast ?? null;
  const summary = {
    particles: set.count,
    boxSize: set.boxSize,
    pixelSizeAngstrom: set.pixelSizeAngstrom,
    stacks: set.stacks.length,
    micrographs: set.micrographs?.names.length ?? null,
    opticsGroups: countGroups(set),
    poses,
    halfSets: set.randomSubset !== undefined,
    contrast,
    warnings: found.warnings ?? [],
    files: {
      particles: job.particles,
      passthrough: job.passthrough ?? null,
      star: out,
      links: links > 0 ? linksFolder : null,
    },
  };
  if (json) printJson(summary);
  else print(importText(summary));
}

function countGroups({ opticsGroup, opticsGroupNames }: ParticleSet): { name: string; particles: number }[] {
  const counts = new Array<number>(opticsGroupNames.length).fill(0);
  for (const group of opticsGroup) counts[group]!++;
  return opticsGroupNames.map((name, group) => ({ name, particles: counts[group]! }));
}

function importText({
  particles,
  boxSize,
  pixelSizeAngstrom,
  stacks,
  opticsGroups,
  poses,
  halfSets,
  contrast,
  warnings,
  files,
}: {
  particles: number;
  boxSize: number;
  pixelSizeAngstrom: number;
  stacks: number;
  opticsGroups: { name: string; particles: number }[];
  poses: boolean;
  halfSets: boolean;
  contrast: Contrast | null;
  warnings: readonly string[];
  files: { particles: string; passthrough: string | null; star: string; links: string | null };
}): string {
  return formatTable([
    [
      "Particles",
      `${formatCount(particles)} of ${boxSize} px, ` +
        `${formatNumber(pixelSizeAngstrom, 4)} Å per pixel, in ${formatCount(stacks)} stacks`,
    ],
    ["Optics groups", opticsGroups.map((group) => `${group.name} (${formatCount(group.particles)})`).join(", ")],
    ["Angles", poses ? "written" : "none"],
    ["Half-sets", halfSets ? "written" : "none"],
    ...(contrast?.density === "dark"
      ? [["Contrast", "density seems dark, so that reconstruct inverts the images"]]
      : []),
    ...warnings.map((warning) => ["Warning", oneLine(warning)]),
    ["Read", [files.particles, ...(files.passthrough === null ? [] : [files.passthrough])].join(", ")],
    ["Written", [files.star, ...(files.links === null ? [] : [`links to stacks in ${files.links}`])].join(", ")],
  ]);
}
