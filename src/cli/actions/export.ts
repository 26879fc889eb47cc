import { chmod } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { InputError } from "../../base/errors.ts";
import { formatCount, formatNumber, formatTable } from "../../base/format.ts";
import { interruptible } from "../../base/interrupt.ts";
import { oneLine } from "../../base/printable.ts";
import type { ParticleSet, Volume } from "../../base/types.ts";
import { lowPass } from "../../evaluate/filter.ts";
import { automaticMask } from "../../evaluate/mask.ts";
import { disk } from "../../io/disk.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { readMap, writeMap } from "../../io/mrc.ts";
import { positionsOfClasses, readParticles, subset, validateImages, writeParticlesStar } from "../../io/particles.ts";
import { linkStacks } from "../../io/stackLinks.ts";
import type { ImageBatch } from "../../physics/simulate.ts";
import { classesIn, classMap } from "../../reconstruct/classes.ts";
import { type Checkpoint, readCheckpoint } from "../../reconstruct/folder/checkpoint.ts";
import { parseConfig } from "../../reconstruct/folder/config.ts";
import type { ClassResult, RunEvent } from "../../reconstruct/folder/events.ts";
import { readRunFolder } from "../../reconstruct/folder/runFolder.ts";
import { openImages } from "../../reconstruct/measure/load.ts";
import { backgroundMask } from "../../reconstruct/measure/spectra.ts";
import { methodOf } from "../../reconstruct/method.ts";
import type { ReconstructOptions } from "../../reconstruct/options.ts";
import { chooseParticles } from "../../reconstruct/run/choose.ts";
import { foundParticles } from "../../reconstruct/run/foundParticles.ts";
import { nodeCpu } from "../../runtime/onnxRuntimeNode.ts";
import type { ExportCommandOptions } from "../options/export.ts";
import { print, printJson } from "../print.ts";
import { refinementScript } from "../relionScript.ts";
import { writeImageStack } from "./imageStack.ts";
import { sampleImages } from "./sampleImages.ts";

/** Start models are filtered at least this far: RELION is to find finer detail by itself, not in its start model. */
const finestStartAngstrom = 20;
/** Masks are made from the map filtered at least this far. */
const finestMaskAngstrom = 15;

/**
 * Write map, start model, mask, particles and script for RELION. @throws InputError where the run lacks something, or
 * cannot be written
 */
export async function exportToRelion(options: ExportCommandOptions): Promise<void> {
  await interruptible((signal) => run(options, signal), "stopped; the export is not complete", "stopping");
}

async function run(options: ExportCommandOptions, signal: AbortSignal): Promise<void> {
  const { runFolder, json } = options,
    out = resolve(options.out);
  const root = options.projectRoot === undefined ? out : resolve(options.projectRoot);
  const inRoot = (path: string): string => relative(root, path);
  if (inRoot(out).startsWith(".."))
    throw new InputError(`${options.out} is not in the project folder ${options.projectRoot}; give a folder inside it`);
  const { asked, maskRadius, inverted, map: mapOfRun, classes, resolutionAngstrom } = await readRun(runFolder);
  const lowPassAngstrom = options.lowPassAngstrom ?? startResolution(runFolder, resolutionAngstrom);

  const { passthrough, opticsGroups, exclude, ctfPhaseFlipped } = asked;
  const all = await readParticles(disk, asked.particlesFile, {
    projectRoot: options.stacksRoot ?? asked.projectRoot,
    passthrough,
    opticsGroups,
    classes: asked.class,
    exclude,
    pixelSizeAngstrom: asked.pixelSize,
  });
  await validateImages(disk, all);
  const boxAngstrom = all.boxSize * all.pixelSizeAngstrom,
    diameter = 2 * maskRadius * boxAngstrom;
  if (all.boxSize % 2 !== 0)
    throw new InputError(
      `${all.source}: the box is ${all.boxSize} px; RELION needs an even one, extract the particles anew`,
    );
  const placed =
    options.poses || options.classes
      ? await asFound(runFolder, chooseParticles(all, asked), asked, options.poses)
      : all;
  const found = options.classes ? ofClasses(placed, options.classes, runFolder) : placed,
    map = options.classes ? await mapOfClasses(runFolder, options.classes, classes, mapOfRun) : mapOfRun,
    symmetry = symmetryOf(asked, options.classes, classes);
  const radiusPixels = maskRadius * all.boxSize,
    normalise = inverted || all.sign !== undefined || !(await isNormalised(all, radiusPixels));

  await disk.makeFolder(out);
  const files = Object.fromEntries(
    ["map.mrc", "start.mrc", "mask.mrc", "particles.star", "relion_refine.sh"].map((name) => [name, join(out, name)]),
  );
  const start = lowPass(map, lowPassAngstrom);
  await writeMap(disk.at(files["map.mrc"]!), map, "cryogan map");
  await writeMap(
    disk.at(files["start.mrc"]!),
    start,
    `cryogan map, low-pass filtered to ${lowPassAngstrom.toFixed(1)} A`,
  );
  await writeMap(
    disk.at(files["mask.mrc"]!),
    automaticMask(map, Math.max(finestMaskAngstrom, resolutionAngstrom ?? lowPassAngstrom)),
    "cryogan soft mask",
  );
  const { set, links } = normalise
    ? {
        set: await writeNormalised(found, { path: join(out, "normalised.mrcs"), radiusPixels, inverted, json }, signal),
        links: 0,
      }
    : await linkStacks(found, join(out, "stacks"));
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
      particleDiameterAngstrom: Math.floor(diameter),
      symmetry,
      phaseFlipped: ctfPhaseFlipped || arePhaseFlipped(all),
    }),
  );
  await chmod(files["relion_refine.sh"]!, 0o755);

  const warnings = all.warnings ?? [];
  const summary = {
    type: "finished",
    particles: set.count,
    boxSize: set.boxSize,
    pixelSizeAngstrom: set.pixelSizeAngstrom,
    symmetry,
    poses: options.poses,
    resolutionAngstrom: resolutionAngstrom ?? null,
    lowPassAngstrom: round(lowPassAngstrom),
    particleDiameterAngstrom: Math.floor(diameter),
    normalised: normalise,
    links,
    warnings,
    files,
  };
  if (json) printJson(summary);
  else print(exportText(summary));
}

async function readRun(
  folder: string,
): Promise<
  ReturnType<typeof parseConfig> & { map: Volume; classes: readonly ClassResult[]; resolutionAngstrom?: number }
> {
  const { config, map, events, result, problems } = await readRunFolder(disk, folder);
  if (map === undefined)
    throw new InputError(
      problems.find((line) => line.startsWith("map.mrc")) ??
        `${folder} has no map.mrc yet; wait for the end of a stage`,
    );
  if (config === undefined)
    throw new InputError(
      problems.find((line) => line.startsWith("config.json")) ??
        `${folder} has no config.json, so that its particles are not known`,
    );
  return {
    ...parseConfig(folder, config),
    map,
    classes: result?.classes ?? [],
    resolutionAngstrom: resolutionOf(events),
  };
}

/** Of the half-maps where there are two, else what the last stage in the map was worked at. */
function resolutionOf(events: readonly RunEvent[]): number | undefined {
  let worked: number | undefined, resolution: number | undefined;
  for (const event of events) {
    if (event.type === "stage") worked = event.resolutionAngstrom;
    if (event.type === "map") resolution = worked;
    if (event.type === "finished" && event.resolutionAngstrom !== undefined) resolution = event.resolutionAngstrom;
  }
  return resolution;
}

function startResolution(folder: string, resolutionAngstrom: number | undefined): number {
  if (resolutionAngstrom === undefined)
    throw new InputError(`${folder} does not tell its resolution; give the filter of the start model with --ini-high`);
  return Math.max(1.5 * resolutionAngstrom, finestStartAngstrom);
}

/**
 * The particles of a run with the classes, poses and shifts of its checkpoint; of half-maps with classes with those
 * that particles.star has against the joint maps.
 */
async function asFound(
  folder: string,
  set: ParticleSet,
  { halfMaps }: ReconstructOptions,
  needsPoses: boolean,
): Promise<ParticleSet> {
  if (halfMaps) return jointlyFound(folder, set, needsPoses);
  const checkpoint = await readCheckpoint(disk.at(join(folder, "checkpoint.bin")));
  const { poses, memberships, shares, volume, schedule }: Partial<Checkpoint> = checkpoint ?? {};
  if (poses === undefined && needsPoses)
    throw new InputError(
      `${folder} has no poses: ` +
        (schedule && schedule.stages.length > 0 && methodOf(schedule.stages) === "cryogan"
          ? "adversarial stages alone (--method cryogan) give no image one"
          : "they are found by stages of local refinement") +
        "; export without --poses",
    );
  if (poses) checkSameCount(set, poses.length / 9 / (volume ? classesIn(volume) : 1));
  else if (memberships) checkSameCount(set, memberships.length / shares!.length);
  else return set;
  return foundParticles(set, checkpoint!);
}

async function jointlyFound(folder: string, set: ParticleSet, needsPoses: boolean): Promise<ParticleSet> {
  const path = join(folder, "particles.star"),
    found = (await disk.at(path).exists())
      ? await readParticles(disk, path, { needs: ["classes", "halfSets"] })
      : undefined;
  if (needsPoses && !found?.poses)
    throw new InputError(`${folder} holds two half-maps, whose poses belong to one each; export without --poses`);
  if (!found) return set;
  const { count, poses, classNumber, randomSubset } = found;
  checkSameCount(set, count);
  return { ...set, poses, classNumber, randomSubset };
}

function checkSameCount({ source, count }: ParticleSet, ofRun: number): void {
  if (count !== ofRun)
    throw new InputError(
      `${source} has changed since the run: ${count} particles, the run had ${ofRun}; export without --poses`,
    );
}

/** Those of the classes that the run found. */
function ofClasses(set: ParticleSet, classes: readonly number[], folder: string): ParticleSet {
  if (!set.classNumber) throw new InputError(`${folder} has no classes: it was run without --classes and --junk-class`);
  return subset(set, positionsOfClasses({ ...set, source: folder }, classes));
}

/** The map of the first of these classes that has one. */
async function mapOfClasses(
  folder: string,
  classes: readonly number[],
  results: readonly ClassResult[],
  ofRun: Volume,
): Promise<Volume> {
  for (const number of classes) {
    const file = disk.at(join(folder, resultOf(results, number)?.map ?? classMap(number - 1)));
    if (await file.exists()) return readMap(file);
  }
  return ofRun;
}

/** Of the first of these classes; of all, that of the first class of the run. */
function symmetryOf(
  { symmetry }: ReconstructOptions,
  [number = 1]: readonly number[] = [],
  results: readonly ClassResult[] = [],
): string {
  const symbols = symmetry.split(",");
  return resultOf(results, number)?.symmetry ?? symbols[number - 1] ?? symbols[0]!;
}

const resultOf = (results: readonly ClassResult[], wanted: number): ClassResult | undefined =>
  results.find(({ number }) => number === wanted);

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

/** Images looked at. */
const imagesTried = 64;
/** How far the background's mean may be from 0, and its deviation from 1. */
const tolerance = 0.1;

/** Whether the background outside the particle has mean 0 and deviation 1, as relion_preprocess leaves it. */
async function isNormalised(set: ParticleSet, radiusPixels: number): Promise<boolean> {
  const mask = backgroundMask(set.boxSize, radiusPixels),
    images = await sampleImages(set, imagesTried);
  const tried = images.length / mask.length,
    area = mask.reduce((sum, m) => sum + m, 0);
  let means = 0,
    deviations = 0;
  for (let start = 0; start < images.length; start += mask.length) {
    let sum = 0,
      squares = 0;
    mask.forEach((m, p) => {
      sum += m * images[start + p]!;
      squares += m * images[start + p]! ** 2;
    });
    means += Math.abs(sum / area) / tried;
    deviations += Math.sqrt(Math.max(0, squares / area - (sum / area) ** 2)) / tried;
  }
  return means < tolerance && Math.abs(deviations - 1) < tolerance;
}

/** Images at once. */
const batch = 256;

/**
 * A copy of the images as RELION needs them: background of mean 0 and deviation 1, density bright. @returns the set
 * with the copy as its stack
 */
async function writeNormalised(
  set: ParticleSet,
  { path, radiusPixels, inverted, json }: { path: string; radiusPixels: number; inverted: boolean; json: boolean },
  signal: AbortSignal,
): Promise<ParticleSet> {
  const { count, boxSize, pixelSizeAngstrom } = set;
  const images = await openImages(disk, set, boxSize, radiusPixels, nodeCpu(1), inverted);
  const batches = async function* (): AsyncGenerator<ImageBatch> {
    for (let first = 0; first < count; first += batch)
      yield {
        first,
        images: await images.read(Array.from({ length: Math.min(batch, count - first) }, (_, i) => first + i)),
      };
  };
  try {
    await writeImageStack({ path, count, boxSize, pixelSizeAngstrom, float16: false, json }, batches(), signal);
  } finally {
    await images.close();
  }
  const { sign: _, ...copied } = set;
  return {
    ...copied,
    stacks: [path],
    stackIndex: new Int32Array(count),
    imageIndex: Int32Array.from({ length: count }, (_, i) => i),
  };
}

const round = (x: number): number => Math.round(10 * x) / 10;

function exportText({
  particles,
  boxSize,
  pixelSizeAngstrom,
  lowPassAngstrom,
  poses,
  normalised,
  warnings,
  files,
}: {
  particles: number;
  boxSize: number;
  pixelSizeAngstrom: number;
  lowPassAngstrom: number;
  poses: boolean;
  normalised: boolean;
  warnings: readonly string[];
  files: Record<string, string>;
}): string {
  return formatTable([
    [
      "Particles",
      `${formatCount(particles)} of ${boxSize} px, ${formatNumber(pixelSizeAngstrom, 4)} ` +
        `Å per pixel${poses ? ", with angles and shifts" : ""}: ${files["particles.star"]}`,
    ],
    ["Map", files["map.mrc"]!],
    ["Start model", `filtered to ${lowPassAngstrom} Å: ${files["start.mrc"]}`],
    ["Mask", files["mask.mrc"]!],
    ...(normalised
      ? [["Images", "copied with a background of mean 0 and deviation 1 and bright density, as RELION needs them"]]
      : []),
    ...warnings.map((warning) => ["Warning", oneLine(warning)]),
    ["Run", files["relion_refine.sh"]!],
  ]);
}
