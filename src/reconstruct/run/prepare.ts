/**
 * Everything a set of particles needs before its first stage: images in memory, spectra, the stages, and the store of
 * all particles.
 */
import { InputError } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import type { Volume } from "../../base/types.ts";
import type { Folder } from "../../io/files.ts";
import type { ShiftLaw } from "../../physics/shift.ts";
import type { ViewingDistribution } from "../../physics/viewing.ts";
import type { ChosenDevice } from "../../runtime/device.ts";
import { createStream, type RandomStream } from "../../runtime/random.ts";
import type { AdversarialRecipe } from "../adversarial/recipes.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { UntimedEvent } from "../folder/events.ts";
import { createParticleStore, type ParticleStore } from "../likelihood/particleStore.ts";
import { measureContrast } from "../measure/contrast.ts";
import { openImages } from "../measure/load.ts";
import { measureSpectra } from "../measure/spectra.ts";
import { fewestParticles, type ReconstructOptions } from "../options.ts";
import type { ImageSample, Part, Schedule, StageContext } from "../stage.ts";
import { affordableRadius, automaticSchedule, type Budget, finalRadius } from "./schedule.ts";

/** Radius of the mask as a fraction of the box, where no diameter is given. */
const defaultMaskRadius = 0.45;
/** Largest shift as a fraction of the box, where none is given. */
const defaultMaximumShift = 0.05;
/** Time that a run without a limit is laid out for. */
const defaultBudgetSeconds = 600;
const defaultCacheGb = 2;
/** Images kept in memory: more than the adversarial stage draws. */
const largestSample = 32_768;
/** Images that their contrast is told from. */
const contrastImages = 1024;
/**
 * Beyond this radius the transform of images to the polar grid, 8.5·radius⁴ bytes, does not fit into an ONNX model of 2
 * GB.
 */
const largestRadius = 120;
/**
 * To read an image from disk, normalise and crop it, on the machine that the other times of the schedule were measured
 * on.
 */
const readSeconds = (boxSize: number): number => 2e-8 * boxSize ** 2;

export interface PartEnvironment {
  files: Files;
  /** The run folder. */
  folder: Folder;
  options: ReconstructOptions;
  group: StageContext["group"];
  views: ViewingDistribution;
  mask?: Volume;
  device: ChosenDevice;
  emit: (event: UntimedEvent) => void;
  signal?: AbortSignal;
  recipe: AdversarialRecipe;
}

export interface Prepared {
  context: StageContext;
  /** All particles; absent where no stage of refinement is left. */
  store?: ParticleStore;
  schedule: Schedule;
  recipe: AdversarialRecipe;
  budget: Budget;
}

/** @param found checkpoint to go on from, whose schedule stands */
export async function prepare(
  { set, half, label }: Part,
  partCount: number,
  { files, folder, options, group, views, mask, device, emit, signal, recipe }: PartEnvironment,
  found: Checkpoint | undefined,
): Promise<Prepared> {
  const boxAngstrom = set.boxSize * set.pixelSizeAngstrom;
  const maskRadius = options.maskDiameter ? options.maskDiameter / 2 / boxAngstrom : defaultMaskRadius;
  if (maskRadius > 0.5)
    throw new InputError(
      `the mask's diameter of ${options.maskDiameter} Å ` + `does not fit into the box of ${boxAngstrom.toFixed(0)} Å`,
    );
  const law = shiftLaw(options, boxAngstrom);
  const budget: Budget = {
    seconds: (options.timeLimit ?? defaultBudgetSeconds) / partCount,
    start: recipe.start,
    count: set.count,
    groupOrder: group.length,
    readSeconds: readSeconds(set.boxSize),
    shifts: law.kind !== "none",
  };

  const limit = Math.min(largestRadius, Math.floor(Math.min(set.boxSize, options.box ?? Infinity) / 2));
  const finestAsked = options.resolution ? Math.ceil(boxAngstrom / options.resolution) : Infinity;
  const widest = Math.max(0, ...(options.stages ?? []).map((stage) => 2 * stage.maxRadius));
  if (widest > 2 * limit)
    throw new InputError(
      `${set.source}: a stage asks for a box of ${widest} px, the largest allowed here is ${2 * limit} px`,
    );
  const finest = Math.min(limit, finestAsked, options.stages ? widest / 2 : affordableRadius(budget));
  const boxSize = found?.schedule.workingBox ?? Math.min(set.boxSize, 2 * finest);

  const loading = (done: number): void =>
    emit({ type: "loading", done, particles: set.count, ...(half === undefined ? {} : { half }) });
  const cacheBytes = Math.round(1e9 * (options.cache ?? defaultCacheGb)) / 2; // half for the sample of images, half for the store
  const images = await openImages(files, set, boxSize, maskRadius * set.boxSize, device, options.invertContrast);
  try {
    const sample = await loadSample(
      images.read,
      set.count,
      boxSize,
      cacheBytes,
      createStream(options.seed, `${label}/sample`),
      loading,
      signal,
    );
    if (
      !found &&
      measureContrast(sample.images.subarray(0, contrastImages * boxSize ** 2), boxSize).density === "dark"
    ) {
      emit({
        type: "warning",
        message: options.invertContrast
          ? "density seems dark in the images with --invert-contrast: start anew without"
          : "density seems dark in the images: start anew with --invert-contrast",
      });
    }
    const particles = { boxSize, boxAngstrom, count: set.count, optics: set.optics };
    const spectra =
      found?.schedule.spectra ??
      (await measureSpectra(
        sample.images,
        boxSize,
        set.optics,
        sample.particles,
        boxAngstrom,
        maskRadius * boxSize,
        device,
      ));
    const schedule = found?.schedule ?? {
      spectra,
      workingBox: boxSize,
      stages:
        options.stages?.map((stage) =>
          stage.kind === "adversarial" ? stage : { ...stage, particles: Math.min(stage.particles, set.count) },
        ) ?? automaticSchedule(finalRadius(spectra, set.count, group.length, Math.floor(boxSize / 2)), budget),
    };
    const context: StageContext = {
      ...particles,
      sample,
      spectra,
      views,
      shiftLaw: law,
      group,
      maskRadius,
      mask,
      positivity: options.positivity,
      device,
      seed: options.seed,
      label,
    };
    const refined = Math.max(
      0,
      ...schedule.stages.map((stage) => (stage.kind === "adversarial" ? 0 : stage.maxRadius)),
    );
    if (refined === 0 || found?.finished) return { context, schedule, recipe, budget };
    const store = await createParticleStore(
      {
        ...particles,
        spectra,
        // A sample of all particles is in their order.
        read: async (first, size) =>
          sample.particles.length === set.count
            ? sample.images.subarray(first * boxSize ** 2, (first + size) * boxSize ** 2)
            : images.read(Int32Array.from({ length: size }, (_, i) => first + i)),
      },
      refined,
      cacheBytes,
      folder(`${label}.scratch`),
      device,
      loading,
      signal,
    );
    return { context, store, schedule, recipe, budget };
  } finally {
    await images.close();
  }
}

/** Images of as many particles, drawn at random, as fit into so many bytes. */
async function loadSample(
  read: (chosen: ArrayLike<number>) => Promise<Float32Array>,
  count: number,
  boxSize: number,
  bytes: number,
  stream: RandomStream,
  onProgress: (done: number) => void,
  signal?: AbortSignal,
): Promise<ImageSample> {
  const area = boxSize ** 2,
    step = 512;
  const size = Math.min(count, Math.max(fewestParticles, Math.min(largestSample, Math.floor(bytes / (4 * area)))));
  const particles = stream.permutation(count).slice(0, size).sort();
  const images = new Float32Array(size * area);
  for (let first = 0; first < size; first += step) {
    signal?.throwIfAborted();
    images.set(await read(particles.subarray(first, first + step)), first * area);
    onProgress(Math.min(size, first + step));
  }
  return { particles, images };
}

/** Particles are taken to lie normally about the centre, two standard deviations within the largest shift. */
function shiftLaw(options: ReconstructOptions, boxAngstrom: number): ShiftLaw {
  const largest = options.maxShift === undefined ? defaultMaximumShift : options.maxShift / boxAngstrom;
  return largest > 0 ? { kind: "gaussian", sigma: largest / 2 } : { kind: "none" };
}
