/** A reconstruction from a particle file to a run folder. */
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { appendLine, ensureWritableFolder, writeFileAtomic } from "../io/files.ts";
import { writeMap } from "../io/mrc.ts";
import { readParticles, subset, validateImages } from "../io/particles.ts";
import { InputError, type ParticleSet, type Volume } from "../io/types.ts";
import { pointGroup } from "../physics/symmetry.ts";
import type { ShiftLaw } from "../physics/shift.ts";
import type { ViewingDistribution } from "../physics/viewing.ts";
import { chooseDevice, type Device, type DeviceRequest } from "../runtime/device.ts";
import { createStream } from "../runtime/random.ts";
import { adversarialStage } from "./adversarialStage.ts";
import { readCheckpoint, writeCheckpoint, type Checkpoint, type StageProgress } from "./checkpoint.ts";
import type { RunEvent } from "./events.ts";
import { loadParticles } from "./load.ts";
import { mapOfVolume, writeExamples, writeSpectra } from "./output.ts";
import { chooseRecipe, type CriticName, type LossName } from "./recipes.ts";
import { refinementStage, trialShiftCount } from "./refinementStage.ts";
import { askedOptions, checkFolder, clearFolder } from "./resume.ts";
import { affordableRadius, automaticSchedule, finalRadius, fitToTime, stageSeconds, type Budget, type Stage } from "./schedule.ts";
import { measureSpectra, type Spectra } from "./spectra.ts";
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
  maskDiameterAngstrom?: number;
  positivity?: boolean;
  maximumShiftAngstrom?: number;
  viewsFile?: string;
  critic: CriticName;
  loss?: LossName;
  halfMaps: boolean;
  resume: boolean;
  /** Replaces a run that the folder holds; without it, and without `resume`, such a folder is refused. */
  overwrite: boolean;
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

/** Radius of the mask as a fraction of the box, where no diameter is given. */
const defaultMaskRadius = 0.45;
/** Largest shift as a fraction of the box, where none is given. */
const defaultMaximumShift = 0.05;
const defaultCheckpointSeconds = 60;
const progressSeconds = 0.25;
/** Particles from which the spectra are measured. */
const spectraParticles = 5120;
/** Time that a run without a limit is laid out for. */
const defaultBudgetSeconds = 600;
/** Fewer make no map: a batch of the critic holds 128. */
const fewestParticles = 128;

type Emit = (event: RunEvent) => void;
/** What is left to do with the maps before a run is finished. */
type Conclude = (maps: Volume[]) => Promise<{ map: string; resolutionAngstrom?: number }>;
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
  const everything = await readParticles(options.particles, { projectRoot: options.projectRoot, passthrough: options.passthrough });
  await validateImages(everything);
  const views: ViewingDistribution = options.viewsFile ? await readViews(options.viewsFile) : { kind: "uniform" };
  const set = chooseParticles(everything, options);
  const parts: Part[] = options.halfMaps
    ? halves(set, options.seed).map((half, i) => ({ set: half, label: `half${i + 1}`, map: `half${i + 1}.mrc`, checkpoint: `checkpoint-half${i + 1}.bin`, half: (i + 1) as 1 | 2 }))
    : [{ set, label: "all", map: "map.mrc", checkpoint: "checkpoint.bin" }];
  const device = await chooseDevice(options.device, options.threads ?? 0);

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
    let elapsedSeconds = 0;
    for (const part of parts) {
      const done = await reconstructPart(part, parts.length, { options, group, views, device, emit, signal });
      maps.push(done.map);
      elapsedSeconds += done.elapsedSeconds;
    }
    const concluded = conclude ? await conclude(maps) : { map: parts[0]!.map };
    emit({ type: "finished", elapsedSeconds, ...concluded });
    await written;
    if (writeError) throw writeError;
    return { maps, elapsedSeconds };
  } finally {
    await written;
  }
}

interface Part {
  set: ParticleSet;
  label: string;
  map: string;
  checkpoint: string;
  half?: 1 | 2;
}

interface PartEnvironment {
  options: ReconstructOptions;
  group: StageContext["group"];
  views: ViewingDistribution;
  device: Device;
  emit: (event: Untimed) => void;
  signal?: AbortSignal;
}

/** All stages of one set of particles, from its checkpoint if there is one. */
async function reconstructPart(part: Part, partCount: number, { options, group, views, device, emit, signal }: PartEnvironment): Promise<{ map: Volume; elapsedSeconds: number }> {
  const { set } = part;
  const half = part.half === undefined ? {} : { half: part.half };
  const boxAngstrom = set.boxSize * set.pixelSizeAngstrom;
  const path = join(options.out, part.checkpoint);
  const found = options.resume ? await readCheckpoint(path) : undefined;
  const maskRadius = options.maskDiameterAngstrom ? options.maskDiameterAngstrom / 2 / boxAngstrom : defaultMaskRadius;
  if (maskRadius > 0.5) throw new InputError(`the mask's diameter of ${options.maskDiameterAngstrom} Å does not fit into the box of ${boxAngstrom.toFixed(0)} Å`);
  emit({ type: "start", particles: set.count, boxSize: set.boxSize, pixelSizeAngstrom: set.pixelSizeAngstrom, symmetry: options.symmetry, device: `${device.name}: ${device.reason}`, seed: options.seed, ...half });

  const began = performance.now();
  const earlier = found?.elapsedSeconds ?? 0;
  const elapsed = (): number => earlier + (performance.now() - began) / 1000;

  const limit = Math.floor(Math.min(set.boxSize, options.maximumBoxSize ?? Infinity) / 2);
  const finestAsked = options.resolutionAngstrom ? Math.ceil(boxAngstrom / options.resolutionAngstrom) : Infinity;
  const law = shiftLaw(options, boxAngstrom);
  const recipe = chooseRecipe(options.critic, options.loss);
  const budget: Budget = { seconds: (options.timeLimitSeconds ?? defaultBudgetSeconds) / partCount, start: recipe.start, count: set.count, groupOrder: group.length, trialShifts: law.kind === "none" ? () => 1 : trialShiftCount };
  const widest = Math.max(0, ...(options.stages ?? []).map((stage) => 2 * stage.maxRadius));
  if (widest > 2 * limit) throw new InputError(`${set.source}: a stage asks for a box of ${widest} px, the largest allowed here is ${2 * limit} px`);
  const finest = Math.min(limit, finestAsked, options.stages ? widest / 2 : affordableRadius(budget));
  const workingBox = found?.schedule.workingBox ?? Math.min(set.boxSize, 2 * finest);
  const loaded = await loadParticles(set, workingBox, maskRadius * set.boxSize, device, (done) => emit({ type: "loading", done, particles: set.count, ...half }), signal);
  const base = { images: loaded.images, boxSize: workingBox, boxAngstrom, count: set.count, optics: set.optics };
  const schedule = found?.schedule ?? await planStages(base, options, maskRadius, budget, device);
  const context: StageContext = {
    ...base, spectra: schedule.spectra, views, shiftLaw: law, group, maskRadius,
    positivity: options.positivity ?? false, device, seed: options.seed, label: part.label,
  };
  await writeFileAtomic(join(options.out, "config.json"), JSON.stringify({ ...askedOptions(options), particlesUsed: set.count * partCount, workingBox, maskRadius, shiftLaw: context.shiftLaw, stages: schedule.stages }, null, 2));
  await writeSpectra(options.out, schedule.spectra, boxAngstrom);

  let state: Checkpoint = found ?? { schedule, stage: 0, elapsedSeconds: 0, finished: false };
  const save = async (progress?: StageProgress): Promise<void> => {
    state = { ...state, progress, elapsedSeconds: elapsed() };
    await writeCheckpoint(path, state);
    emit({ type: "checkpoint", stage: state.stage + 1, iteration: progress?.iteration ?? 0, path: part.checkpoint, ...half });
  };
  const writeResult = async (): Promise<Volume> => {
    const map = mapOfVolume(state.volume!, workingBox, set.boxSize, set.pixelSizeAngstrom);
    await writeMap(join(options.out, part.map), map, "cryogan ab-initio reconstruction");
    return map;
  };

  const estimates = schedule.stages.map((stage) => stageSeconds(stage, budget));
  const total = estimates.reduce((sum, seconds) => sum + seconds, 0);
  /** Time that a second of the estimate takes, as measured last. */
  let pace = 1;
  let map: Volume | undefined;
  while (!state.finished) {
    const index = state.stage;
    let stage = state.schedule.stages[index]!;
    if (stage.kind === "refinement" && state.volume && options.timeLimitSeconds !== undefined && !state.progress) {
      const fitted = fitToTime(stage, budget.seconds - elapsed(), pace, budget);
      if (!fitted) {
        emit({ type: "warning", message: `the time limit is reached before ${(boxAngstrom / stage.maxRadius).toFixed(1)} Å; the map stands as the stage before left it` });
        state = { ...state, finished: true };
        await save();
        break;
      }
      stage = fitted;
      state = { ...state, schedule: { ...state.schedule, stages: state.schedule.stages.with(index, fitted) } };
    }
    emit({ type: "stage", stage: index + 1, stages: schedule.stages.length, kind: stage.kind, boxSize: 2 * stage.maxRadius, resolutionAngstrom: boxAngstrom / stage.maxRadius, iterations: stage.iterations, ...half });
    let lastSave = performance.now(), lastReport = 0;
    const later = estimates.slice(index + 1).reduce((sum, seconds) => sum + seconds, 0) + (half.half === 1 ? total : 0);
    let first: { time: number; iteration: number } | undefined;
    const after: Parameters<typeof refinementStage>[5] = async (report, snapshot) => {
      const now = performance.now();
      first ??= { time: now, iteration: report.iteration };
      if (now - lastReport > progressSeconds * 1000 || report.iteration === report.iterations || report.logLikelihood !== undefined) {
        lastReport = now;
        const estimate = (iterations: number): number => (iterations / report.iterations) * estimates[index]!;
        if (now - first.time > 1000) pace = (now - first.time) / 1000 / estimate(report.iteration - first.iteration);
        const remainingSeconds = pace * (estimate(report.iterations - report.iteration) + later);
        emit({ type: "progress", stage: index + 1, iteration: report.iteration, iterations: report.iterations, elapsedSeconds: elapsed(), remainingSeconds, ...report.losses, ...(report.logLikelihood === undefined ? {} : { logLikelihood: report.logLikelihood }), ...half });
      }
      if (signal?.aborted) {
        await save(await snapshot());
        signal.throwIfAborted();
      }
      if (now - lastSave > (options.checkpointSeconds ?? defaultCheckpointSeconds) * 1000) {
        await save(await snapshot());
        lastSave = performance.now();
      }
    };
    const result = stage.kind === "adversarial"
      ? await adversarialStage(stage, recipe, context, state.volume, state.progress, after)
      : await refinementStage(stage, context, state.volume!, state.shifts, state.progress, after);
    state = { ...state, stage: index + 1, volume: result.volume, shifts: result.shifts ?? state.shifts, finished: index + 1 === schedule.stages.length };
    await save();
    map = await writeResult();
    emit({ type: "map", path: part.map, stage: index + 1, iteration: stage.iterations, ...half });
  }
  await writeExamples(options.out, state.volume!, context, part.label);
  return { map: map ?? await writeResult(), elapsedSeconds: state.elapsedSeconds };
}

/** Measures the spectra and lays out the stages. */
async function planStages(from: { images: Float32Array; boxSize: number; boxAngstrom: number; count: number; optics: ParticleSet["optics"] }, options: ReconstructOptions, maskRadius: number, budget: Budget, device: Device): Promise<Schedule> {
  const sample = Math.min(spectraParticles, from.count);
  const particles = Int32Array.from({ length: sample }, (_, i) => Math.floor((i * from.count) / sample));
  const spectra = await measureSpectra(from.images, from.boxSize, from.optics, particles, from.boxAngstrom, maskRadius * from.boxSize, device);
  const finest = finalRadius(spectra, from.count, budget.groupOrder, from.boxSize / 2);
  const stages = options.stages?.map((stage) => (stage.kind === "refinement" ? { ...stage, particles: Math.min(stage.particles, from.count) } : stage));
  return { stages: stages ?? automaticSchedule(finest, budget), spectra, workingBox: from.boxSize };
}

/** The particles asked for, drawn at random but kept in their order. */
function chooseParticles(set: ParticleSet, options: ReconstructOptions): ParticleSet {
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

/** Particles are taken to lie normally about the centre, two standard deviations within the largest shift. */
function shiftLaw(options: ReconstructOptions, boxAngstrom: number): ShiftLaw {
  const largest = options.maximumShiftAngstrom === undefined ? defaultMaximumShift : options.maximumShiftAngstrom / boxAngstrom;
  return largest > 0 ? { kind: "gaussian", sigma: largest / 2 } : { kind: "none" };
}
