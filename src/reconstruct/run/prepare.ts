/** The images of a set of particles as its stages take them: a sample in memory, and the store of all. */
import { resolve } from "pathe";
import type { DataFile, Files } from "../../base/files.ts";
import type { Volume } from "../../base/types.ts";
import type { Backgrounds } from "../../io/backgrounds.ts";
import { crc32 } from "../../io/crc32.ts";
import { type Folder, folderAt } from "../../io/files.ts";
import { fitBackgrounds } from "../../physics/noise.ts";
import type { ViewingDistribution } from "../../physics/viewing.ts";
import type { ChosenDevice } from "../../runtime/device.ts";
import type { Processes } from "../../runtime/processes.ts";
import { createStream, type RandomStream } from "../../runtime/random.ts";
import type { AdversarialRecipe } from "../adversarial/recipes.ts";
import { blockOf } from "../blocks.ts";
import type { UntimedEvent } from "../folder/events.ts";
import { createParticleStore, type ParticleStore } from "../likelihood/particleStore.ts";
import type { ParticleShown } from "../measure/firstLook.ts";
import { type ImageReader, openImages } from "../measure/load.ts";
import { groupsOf } from "../measure/noiseGroups.ts";
import { drawNoiseImages } from "../measure/noiseImages.ts";
import { measureSpectra, type Spectra } from "../measure/spectra.ts";
import { fewestParticles, type ReconstructOptions } from "../options.ts";
import type { ImageContext, ImageSample, Part } from "../stage.ts";
import type { GivenStart } from "./givenStart.ts";
import type { Origin } from "./host.ts";
import type { Setting } from "./setting.ts";

const defaultCacheGb = 2;
/** Images kept in memory: more than the adversarial stage draws. */
const largestSample = 32_768;

export interface PartEnvironment {
  files: Files;
  /** The run folder. */
  folder: Folder;
  options: ReconstructOptions;
  /** Whether the images are taken as their negatives. */
  inverted: boolean;
  groups: ImageContext["groups"];
  views: ViewingDistribution;
  mask?: Volume;
  /** By the images, where no option says so. */
  shown: ParticleShown;
  /** What the map begins from, where it is not found blind. */
  start?: GivenStart;
  noiseBank?: Backgrounds;
  device: ChosenDevice;
  processes: Processes;
  origin: Origin;
  emit: (event: UntimedEvent) => void;
  signal?: AbortSignal;
  recipe: AdversarialRecipe;
}

export interface PreparedImages {
  context: ImageContext;
  /** All particles, for refinement up to a radius. */
  openStore(maxRadius: number): Promise<ParticleStore>;
  close(): Promise<void>;
}

/**
 * @param boxSize edge of the working box
 * @param known   spectra, where they were measured before
 */
export async function prepareImages(
  { set, half, label }: Part,
  { boxAngstrom, maskRadius }: Setting,
  {
    files,
    folder,
    options,
    inverted,
    groups,
    views,
    mask,
    noiseBank,
    device,
    processes,
    emit,
    signal,
  }: PartEnvironment,
  boxSize: number,
  known: Spectra | undefined,
): Promise<PreparedImages> {
  const loading = (done: number): void =>
    emit({ type: "loading", done, particles: set.count, ...(half === undefined ? {} : { half }) });
  // half of it for the sample of images, half for the store
  const cacheBytes = Math.round(1e9 * (options.cache ?? defaultCacheGb)) / 2;
  const images = await openImages(files, set, boxSize, maskRadius * set.boxSize, device, inverted);
  try {
    const sample = await loadSample(
      images.read,
      set.count,
      boxSize,
      cacheBytes,
      createStream(options.seed, `${label}/sample`),
      loading,
      processes,
      signal,
    );
    const particles = { boxSize, boxAngstrom, count: set.count, optics: set.optics };
    const spectra =
      known ??
      (await measureSpectra(
        sample.images,
        boxSize,
        set.optics,
        sample.particles,
        boxAngstrom,
        maskRadius * boxSize,
        device,
        groupsOf(set),
      ));
    const read = consecutiveImages(sample, set.count, boxSize, images.read);
    return {
      context: {
        ...particles,
        sample,
        spectra,
        ...(noiseBank && {
          noiseImages: await drawNoiseImages(
            await asParticles(noiseBank, set, device),
            spectra.noise,
            { boxSize, boxAngstrom, maskRadius, optics: set.optics, particles: sample.particles },
            device,
            createStream(options.seed, `${label}/noise`),
          ),
        }),
        views,
        groups,
        junk: options.junkClass,
        maskRadius,
        mask,
        positivity: options.positivity,
        device,
        processes,
        seed: options.seed,
        label,
      },
      openStore: (maxRadius) =>
        createParticleStore(
          { ...particles, spectra, processes, read },
          maxRadius,
          cacheBytes,
          scratchFile(files, folder, options, `${label}${processes.machines > 1 ? `-${processes.machine}` : ""}`),
          device,
          loading,
          signal,
        ),
      close: () => images.close(),
    };
  } catch (error) {
    await images.close();
    throw error;
  }
}

/** In a folder that runs may share it bears the name of its own. */
function scratchFile(files: Files, folder: Folder, { out, scratch }: ReconstructOptions, name: string): DataFile {
  if (scratch === undefined) return folder(`${name}.scratch`);
  const run = crc32(new TextEncoder().encode(resolve(out))).toString(16);
  return folderAt(files, scratch)(`cryogan-${run}-${name}.scratch`);
}

/** Backgrounds in the box and pixels of the particles' files. */
async function asParticles(
  { images, n, pixelSizeAngstrom }: Backgrounds,
  { boxSize, pixelSizeAngstrom: wanted }: Part["set"],
  device: ChosenDevice,
): Promise<{ images: Float32Array; n: number }> {
  return { images: await fitBackgrounds(images, n, boxSize, wanted / pixelSizeAngstrom, device), n: boxSize };
}

/** Reads consecutive particles: those of the sample are in memory, the others in their files. */
function consecutiveImages(
  { images, particles }: ImageSample,
  count: number,
  boxSize: number,
  readFiles: ImageReader["read"],
): (first: number, size: number) => Promise<Float32Array> {
  const area = boxSize ** 2,
    inSample = new Int32Array(count).fill(-1);
  particles.forEach((p, i) => (inSample[p] = i));
  const imageIn = (all: Float32Array, i: number): Float32Array => all.subarray(i * area, (i + 1) * area);
  return async (first, size) => {
    const wanted = Int32Array.from({ length: size }, (_, i) => first + i),
      others = wanted.filter((p) => inSample[p]! < 0),
      read = others.length > 0 ? await readFiles(others) : new Float32Array(0),
      out = new Float32Array(size * area);
    let next = 0;
    wanted.forEach((p, i) =>
      out.set(inSample[p]! < 0 ? imageIn(read, next++) : imageIn(images, inSample[p]!), i * area),
    );
    return out;
  };
}

/** Images of as many particles, drawn at random, as fit into so many bytes; each process reads a part of them. */
async function loadSample(
  read: ImageReader["read"],
  count: number,
  boxSize: number,
  bytes: number,
  stream: RandomStream,
  onProgress: (done: number) => void,
  processes: Processes,
  signal?: AbortSignal,
): Promise<ImageSample> {
  const area = boxSize ** 2,
    step = 512;
  const size = Math.min(count, Math.max(fewestParticles, Math.min(largestSample, Math.floor(bytes / (4 * area)))));
  const particles = stream.permutation(count).slice(0, size).sort();
  const images = new Float32Array(size * area),
    own = blockOf(size, processes.rank, processes.size);
  for (let first = own.first; first < own.end; first += step) {
    signal?.throwIfAborted();
    const end = Math.min(first + step, own.end);
    await read(particles.subarray(first, end), images.subarray(first * area, end * area));
    onProgress(Math.round((size * (end - own.first)) / (own.end - own.first)));
  }
  for (let from = 0; from < processes.size; from++) {
    const { first, end } = blockOf(size, from, processes.size);
    await processes.broadcast(new Uint8Array(images.buffer, 4 * first * area, 4 * (end - first) * area), from);
  }
  return { particles, images };
}
