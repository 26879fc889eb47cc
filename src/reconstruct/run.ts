/** A reconstruction from a particle file to a run folder. */
import { join } from "node:path";
import { appendLine, ensureWritableFolder, writeFileAtomic } from "../io/files.ts";
import { readMask } from "../io/maskFile.ts";
import { readParticles, subset, validateImages } from "../io/particles.ts";
import { InputError, type ParticleSet, type Volume } from "../io/types.ts";
import { pointGroup } from "../physics/symmetry.ts";
import type { ViewingDistribution } from "../physics/viewing.ts";
import { chooseDevice, type Device, type DeviceRequest } from "../runtime/device.ts";
import { createStream } from "../runtime/random.ts";
import type { RunEvent } from "./events.ts";
import { reconstructPart } from "./part.ts";
import type { CriticName, LossName } from "./recipes.ts";
import { checkFolder, clearFolder } from "./resume.ts";
import { claimFolder, endedBy, releaseFolder } from "./runProcess.ts";
import type { Stage } from "./schedule.ts";
import type { Spectra } from "./spectra.ts";
import type { StageContext } from "./stageContext.ts";
import { readViews } from "./views.ts";

export interface ReconstructOptions {
  particles: string;
  out: string;
  symmetry: string;
  maximumBoxSize?: number;
  resolutionAngstrom?: number;
  timeLimitSeconds?: number;
  stages?: Stage[];
  particleLimit?: number;
  projectRoot?: string;
  passthrough?: string;
  /** Only particles of these optics groups, by number or name. */
  opticsGroups?: string[];
  /** STAR or .cs file of particles to leave out. */
  exclude?: string;
  /** Density is dark in the images. */
  invertContrast?: boolean;
  /** The phases of the images were flipped. */
  ctfPhaseFlipped?: boolean;
  maskDiameterAngstrom?: number;
  /** A map of where there may be density, 0 to 1; its box and pixel size are its own. */
  mask?: string;
  positivity?: boolean;
  maximumShiftAngstrom?: number;
  viewsFile?: string;
  critic: CriticName;
  loss?: LossName;
  halfMaps: boolean;
  resume: boolean;
  /** Replaces a run that the folder holds; without it, and without `resume`, such a folder is refused. */
  overwrite: boolean;
  /** Memory for particles, default 2 GB; what does not fit goes to a scratch file in the run folder. */
  cacheBytes?: number;
  /** Time between checkpoints, default 60. */
  checkpointSeconds?: number;
  device: DeviceRequest;
  threads?: number;
  seed: number;
}

/** Fixed when a set of particles is first seen, so that a resumed run does the same as an uninterrupted one. */
export interface Schedule {
  stages: Stage[];
  spectra: Spectra;
  workingBox: number;
}

export interface RunResult {
  /** The map, or both half maps as they were reconstructed. */
  maps: Volume[];
  elapsedSeconds: number;
}

/** Fewer make no map: a batch of the critic holds 128. */
export const fewestParticles = 128;

type Emit = (event: RunEvent) => void;
/** What is left to do with the maps, which hold something up to a Fourier shell, before a run is finished. */
type Conclude = (maps: Volume[], finestShell: number) => Promise<{ map: string; resolutionAngstrom?: number }>;
/** An event without its time. */
type Untimed = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, "time"> : never) : never;

/**
 * Reconstructs a map. Writes the run folder described in events.ts.
 *
 * @param onEvent called with every event, which is also appended to events.jsonl
 * @param signal  aborting it writes a checkpoint and throws the signal's reason
 * @param conclude the last step, such as to put half maps onto each other (evaluate/joinHalves.ts)
 * @throws {InputError} for anything wrong with the input, before any work is done
 */
export async function reconstruct(options: ReconstructOptions, onEvent: Emit = () => {}, signal?: AbortSignal, conclude?: Conclude): Promise<RunResult> {
  await ensureWritableFolder(options.out);
  await checkFolder(options);
  const group = pointGroup(options.symmetry);
  const { projectRoot, passthrough, opticsGroups, exclude, ctfPhaseFlipped } = options;
  const everything = await readParticles(options.particles, { projectRoot, passthrough, opticsGroups, exclude, ctfPhaseFlipped });
  await validateImages(everything);
  const mask = options.mask === undefined ? undefined : await readMask(options.mask);
  const views: ViewingDistribution = options.viewsFile ? await readViews(options.viewsFile) : { kind: "uniform" };
  const set = chooseParticles(everything, options);
  const parts: Part[] = options.halfMaps
    ? halves(set, options.seed).map((half, i) => ({ set: half, label: `half${i + 1}`, map: `half${i + 1}.mrc`, checkpoint: `checkpoint-half${i + 1}.bin`, half: (i + 1) as 1 | 2 }))
    : [{ set, label: "all", map: "map.mrc", checkpoint: "checkpoint.bin" }];
  const device = await chooseDevice(options.device, options.threads ?? 0);

  await claimFolder(options.out);
  const log = join(options.out, "events.jsonl");
  if (!options.resume) {
    await clearFolder(options.out);
    await writeFileAtomic(log, "");
  }
  let written: Promise<void> = Promise.resolve();
  let writeError: unknown;
  const emit = (event: Untimed): void => {
    if (writeError) throw writeError;
    const timed = { ...event, time: new Date().toISOString() } as RunEvent;
    written = written.then(() => appendLine(log, JSON.stringify(timed))).catch((error: unknown) => void (writeError ??= error));
    onEvent(timed);
  };

  try {
    const maps: Volume[] = [];
    let elapsedSeconds = 0, finestShell = Infinity;
    for (const part of parts) {
      const done = await reconstructPart(part, parts.length, { options, group, views, mask, device, emit, signal });
      maps.push(done.map);
      elapsedSeconds += done.elapsedSeconds;
      finestShell = Math.min(finestShell, done.finestShell);
    }
    const concluded = conclude ? await conclude(maps, finestShell) : { map: parts[0]!.map };
    emit({ type: "finished", elapsedSeconds, ...concluded });
    await written;
    if (writeError) throw writeError;
    return { maps, elapsedSeconds };
  } catch (error) {
    emit(endedBy(error, signal));
    throw error;
  } finally {
    await written;
    await releaseFolder(options.out);
  }
}

/** A set of particles that is reconstructed by itself. */
export interface Part {
  set: ParticleSet;
  label: string;
  map: string;
  checkpoint: string;
  half?: 1 | 2;
}

export interface PartEnvironment {
  options: ReconstructOptions;
  group: StageContext["group"];
  views: ViewingDistribution;
  mask?: Volume;
  device: Device;
  emit: (event: Untimed) => void;
  signal?: AbortSignal;
}

/** The particles asked for, drawn at random but kept in their order. */
export function chooseParticles(set: ParticleSet, options: Pick<ReconstructOptions, "particleLimit" | "halfMaps" | "seed">): ParticleSet {
  const limit = options.particleLimit ?? set.count;
  const chosen = limit < set.count ? subset(set, createStream(options.seed, "choice").permutation(set.count).slice(0, limit).sort()) : set;
  const least = options.halfMaps ? 2 * fewestParticles : fewestParticles;
  if (chosen.count < least) throw new InputError(`${set.source}: ${chosen.count} particles are too few; at least ${least} are needed`);
  return chosen;
}

/** Two halves: as the file's random subsets say (rlnRandomSubset), else at random. */
function halves(set: ParticleSet, seed: number): [ParticleSet, ParticleSet] {
  const all = Array.from({ length: set.count }, (_, i) => i);
  const given = set.randomSubset;
  if (given) {
    return [1, 2].map((h) => {
      const half = subset(set, Int32Array.from(all.filter((i) => given[i] === h)));
      if (half.count < fewestParticles) throw new InputError(`${set.source}: half ${h} (rlnRandomSubset) has ${half.count} particles; at least ${fewestParticles} are needed`);
      return half;
    }) as [ParticleSet, ParticleSet];
  }
  const order = createStream(seed, "halves").permutation(set.count), middle = set.count >> 1;
  return [subset(set, order.slice(0, middle).sort()), subset(set, order.slice(middle).sort())];
}
