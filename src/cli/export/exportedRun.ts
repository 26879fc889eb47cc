/** What is exported of a run: its map, and its particles with what it found of them. */
import { join } from "node:path";
import { InputError } from "../../base/errors.ts";
import type { ParticleSet, Volume } from "../../base/types.ts";
import { disk } from "../../io/disk.ts";
import { readMap } from "../../io/mrc.ts";
import { positionsOfClasses, readParticles, subset, validateImages } from "../../io/particles.ts";
import { classesIn, classMap } from "../../reconstruct/classes.ts";
import { type Checkpoint, readCheckpoint } from "../../reconstruct/folder/checkpoint.ts";
import { parseConfig } from "../../reconstruct/folder/config.ts";
import type { ClassResult, RunEvent } from "../../reconstruct/folder/events.ts";
import { readRunFolder } from "../../reconstruct/folder/runFolder.ts";
import { methodOf } from "../../reconstruct/method.ts";
import type { ReconstructOptions } from "../../reconstruct/options.ts";
import { chooseParticles } from "../../reconstruct/run/choose.ts";
import { foundParticles } from "../../reconstruct/run/foundParticles.ts";
import type { ExportCommandOptions } from "../options/export.ts";

export interface ExportedRun {
  folder: string;
  asked: ReconstructOptions;
  /** As a fraction of the edge of the box. */
  maskRadius: number;
  /** Whether the images were taken as their negatives. */
  inverted: boolean;
  /** Those that the run's file lists. */
  all: ParticleSet;
  /** Those of them that are exported, with classes and poses as far as these are asked for. */
  found: ParticleSet;
  map: Volume;
  symmetry: string;
  /** Of the half-maps where there are two, else what the map was worked at; absent where nothing tells. */
  resolutionAngstrom?: number;
}

/** @throws InputError where the run lacks something that is asked for, or its particles cannot be read */
export async function takeRun({ runFolder, ...options }: ExportCommandOptions): Promise<ExportedRun> {
  const { map: mapOfRun, classes, ...run } = await readRun(runFolder),
    { asked } = run;
  const { passthrough, opticsGroups, exclude } = asked;
  const all = await readParticles(disk, asked.particlesFile, {
    projectRoot: options.stacksRoot ?? asked.projectRoot,
    passthrough,
    opticsGroups,
    classes: asked.class,
    exclude,
    pixelSizeAngstrom: asked.pixelSize,
  });
  await validateImages(disk, all);
  const placed =
    options.poses || options.classes
      ? await asFound(runFolder, chooseParticles(all, asked), asked, options.poses)
      : all;
  return {
    ...run,
    folder: runFolder,
    all,
    found: options.classes ? ofClasses(placed, options.classes, runFolder) : placed,
    map: options.classes ? await mapOfClasses(runFolder, options.classes, classes, mapOfRun) : mapOfRun,
    symmetry: symmetryOf(asked, options.classes, classes),
  };
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
