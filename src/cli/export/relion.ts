/** What RELION needs to refine the map of a run further. */
import { chmod } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { InputError } from "../../base/errors.ts";
import type { ParticleSet } from "../../base/types.ts";
import { lowPass } from "../../evaluate/filter.ts";
import { disk } from "../../io/disk.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { writeMap } from "../../io/mrc.ts";
import { writeParticlesStar } from "../../io/particles.ts";
import type { ExportCommandOptions } from "../options/export.ts";
import { refinementScript } from "../relionScript.ts";
import type { ExportedRun } from "./exportedRun.ts";
import { writeMapAndMask } from "./maps.ts";
import { exportedImages, isNormalised } from "./normalise.ts";
import { type Exported, factsOf, particlesLine } from "./told.ts";

/** Start models are filtered at least this far: RELION is to find finer detail by itself, not in its start model. */
const finestStartAngstrom = 20;

/** Write map, start model, mask, particles and script. @throws InputError where RELION cannot take the particles */
export async function exportToRelion(
  run: ExportedRun,
  options: ExportCommandOptions,
  signal: AbortSignal,
): Promise<Exported> {
  const { all, map, maskRadius, inverted, symmetry } = run;
  const out = resolve(options.out),
    root = options.projectRoot === undefined ? out : resolve(options.projectRoot);
  const inRoot = (path: string): string => relative(root, path);
  if (inRoot(out).startsWith(".."))
    throw new InputError(`${options.out} is not in the project folder ${options.projectRoot}; give a folder inside it`);
  const lowPassAngstrom = options.lowPassAngstrom ?? startResolution(run);
  if (all.boxSize % 2 !== 0)
    throw new InputError(
      `${all.source}: the box is ${all.boxSize} px; RELION needs an even one, extract the particles anew`,
    );
  const particleDiameterAngstrom = Math.floor(2 * maskRadius * all.boxSize * all.pixelSizeAngstrom),
    normalised = inverted || all.sign !== undefined || !(await isNormalised(all, maskRadius * all.boxSize)),
    phaseFlipped = run.asked.ctfPhaseFlipped || arePhaseFlipped(all);

  await disk.makeFolder(out);
  const files = Object.fromEntries(
    ["map.mrc", "start.mrc", "mask.mrc", "particles.star", "relion_refine.sh"].map((name) => [name, join(out, name)]),
  );
  await writeMap(
    disk.at(files["start.mrc"]!),
    lowPass(map, lowPassAngstrom),
    `cryogan map, low-pass filtered to ${lowPassAngstrom.toFixed(1)} A`,
  );
  await writeMapAndMask(run, { map: files["map.mrc"]!, mask: files["mask.mrc"]! }, lowPassAngstrom);
  const images = await exportedImages(run, { out, normalised, json: options.json }, signal),
    { set } = images;
  await writeParticlesStar(disk.at(files["particles.star"]!), set, {
    poses: options.poses,
    stackNamesFrom: options.projectRoot === undefined ? null : root,
  });
  await writeFileAtomic(
    disk.at(files["relion_refine.sh"]!),
    refinementScript({
      startFolder: relative(out, root) || ".",
      particles: inRoot(files["particles.star"]!),
      reference: inRoot(files["start.mrc"]!),
      out: inRoot(join(out, "refine/run")),
      lowPassAngstrom: round(lowPassAngstrom),
      particleDiameterAngstrom,
      symmetry,
      phaseFlipped,
    }),
  );
  await chmod(files["relion_refine.sh"]!, 0o755);

  return {
    summary: {
      type: "finished",
      ...factsOf(run, images, options.poses),
      lowPassAngstrom: round(lowPassAngstrom),
      particleDiameterAngstrom,
      files,
    },
    lines: [
      ["Particles", particlesLine(set, options.poses, files["particles.star"]!)],
      ["Map", files["map.mrc"]!],
      ["Start model", `filtered to ${round(lowPassAngstrom)} Å: ${files["start.mrc"]}`],
      ["Mask", files["mask.mrc"]!],
      ...(normalised
        ? [["Images", "copied with a background of mean 0 and deviation 1 and bright density, as RELION needs them"]]
        : []),
    ],
    next: ["Run", files["relion_refine.sh"]!],
  };
}

function startResolution({ folder, resolutionAngstrom }: ExportedRun): number {
  if (resolutionAngstrom === undefined)
    throw new InputError(`${folder} does not tell its resolution; give the filter of the start model with --ini-high`);
  return Math.max(1.5 * resolutionAngstrom, finestStartAngstrom);
}

/**
 * Whether the phases of the images were flipped.
 * @throws InputError where they were in some only: RELION takes all alike.
 */
function arePhaseFlipped({ optics: { phaseFlipped }, where }: ParticleSet): boolean {
  const first = phaseFlipped?.[0];
  const other = phaseFlipped?.findIndex((flipped) => flipped !== first) ?? -1;
  if (other >= 0)
    throw new InputError(
      `${where(other)}: phases were flipped in some images and not in others, which RELION cannot take; ` +
        "export one kind alone (--optics-groups of the run)",
    );
  return first === 1;
}

const round = (x: number): number => Math.round(10 * x) / 10;
