/** What cryoSPARC's job Import Result Group takes: particles and a volume as result groups. */
import { readdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { InputError } from "../../base/errors.ts";
import type { ParticleSet, Volume } from "../../base/types.ts";
import { groupFileText } from "../../io/csg.ts";
import { writeCs } from "../../io/csWrite.ts";
import { disk, fileError } from "../../io/disk.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { writeParticlesCs } from "../../io/particlesCs.ts";
import { uidOf, uidsOf } from "../../io/uids.ts";
import type { ExportCommandOptions } from "../options/export.ts";
import type { ExportedRun } from "./exportedRun.ts";
import { writeMapAndMask } from "./maps.ts";
import { copyName, exportedImages, isNormalised, linksName } from "./normalise.ts";
import { type Exported, factsOf, particlesLine } from "./told.ts";

const names = ["map.mrc", "mask.mrc", "particles.cs", "particles.csg", "volume.cs", "volume.csg"] as const;
/** What may be there already: an earlier export, and what the server keeps of one that it has begun. */
const ours: readonly string[] = [...names, copyName, linksName, "log.txt", "run.pid"];

/**
 * Write map, mask, particles and the group files. @throws InputError where the folder holds something else, or a .cs
 * file cannot tell what the images are
 */
export async function exportToCryosparc(
  run: ExportedRun,
  options: ExportCommandOptions,
  signal: AbortSignal,
): Promise<Exported> {
  const { asked, all, map, inverted } = run,
    out = resolve(options.out);
  if (asked.ctfPhaseFlipped)
    throw new InputError(
      `${all.source}: the phases of the images were flipped (--ctf-phase-flipped), which a .cs file cannot tell; ` +
        "extract the particles without",
    );
  await refuseOthers(out, options.out);
  const normalised = !(await isNormalised(all, run.maskRadius * all.boxSize)),
    found = { ...run.found, uid: uidsOf(run.found) };

  await disk.makeFolder(out);
  const files = Object.fromEntries(names.map((name) => [name, join(out, name)])) as Record<
    (typeof names)[number],
    string
  >;
  await writeMapAndMask(run, { map: files["map.mrc"], mask: files["mask.mrc"] });
  const how = { out, normalised, linkAll: true, json: options.json },
    images = await exportedImages({ ...run, found }, how, signal),
    { set } = images;
  await writeParticlesCs(disk.at(files["particles.cs"]), set, {
    stackNames: set.stacks.map((stack) => `>${relative(out, stack)}`),
    dark: inverted && !normalised,
    poses: options.poses,
    classes: asked.classes !== undefined || asked.junkClass,
  });
  await writeVolumeCs(files["volume.cs"], map, files["map.mrc"]);
  const created = new Date();
  await writeFileAtomic(disk.at(files["particles.csg"]), particlesGroup(set, options.poses, created));
  await writeFileAtomic(disk.at(files["volume.csg"]), volumeGroup(created));

  return {
    summary: {
      type: "finished",
      ...factsOf(run, images, options.poses),
      files,
    },
    lines: [
      ["Particles", particlesLine(set, options.poses, files["particles.cs"])],
      ["Map", files["map.mrc"]],
      ["Mask", files["mask.mrc"]],
      ...(normalised ? [["Images", "copied with a background of mean 0 and deviation 1 and bright density"]] : []),
    ],
    next: ["Import", `${files["particles.csg"]} and ${files["volume.csg"]} by Import Result Group`],
  };
}

/** A cryoSPARC job's folder given by mistake is not written into. */
async function refuseOthers(folder: string, asTyped: string): Promise<void> {
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw fileError("write", folder, error);
  });
  const other = there.find((name) => !ours.includes(name));
  if (other !== undefined)
    throw new InputError(`${asTyped} holds ${other}, which is of no export to cryoSPARC; give a new folder`);
}

const particlesGroup = ({ count }: ParticleSet, poses: boolean, created: Date): string =>
  groupFileText({
    type: "particle",
    name: "particles",
    title: "Particles",
    description: "Particles of a cryogan run",
    file: "particles.cs",
    count,
    results: {
      ...(poses ? { alignments3D: "particle.alignments3D" } : {}),
      blob: "particle.blob",
      ctf: "particle.ctf",
    },
    created,
  });

const volumeGroup = (created: Date): string =>
  groupFileText({
    type: "volume",
    name: "volume",
    title: "Volume",
    description: "Map of a cryogan run",
    file: "volume.cs",
    count: 1,
    results: { map: "volume.blob" },
    created,
  });

const writeVolumeCs = (path: string, { shape, pixelSizeAngstrom }: Volume, mapPath: string): Promise<void> =>
  writeCs(disk.at(path), 1, [
    { name: "uid", type: "u8", value: () => uidOf(mapPath) },
    { name: "map/path", type: "S", value: () => ">map.mrc" },
    { name: "map/shape", type: "u4", length: 3, value: (_, axis) => shape[axis]! },
    { name: "map/psize_A", type: "f4", value: () => pixelSizeAngstrom },
  ]);
