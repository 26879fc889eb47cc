/** What is told of particles before a run: what they are, how they look, and what the schedule will be laid out by. */
import type { Files } from "../../base/files.ts";
import type { ParticleSet } from "../../base/types.ts";
import { readParticles } from "../../io/particles.ts";
import type { Device } from "../../runtime/device.ts";
import { openImages } from "../measure/load.ts";
import { type ParticleSummary, summarizeParticles } from "../measure/particleSummary.ts";
import { spreadIndices } from "../measure/pixels.ts";
import { measureSpectra } from "../measure/spectra.ts";
import { type Thumbnails, thumbnailsOf } from "../measure/thumbnails.ts";
import { fewestParticles } from "../options.ts";
import type { ReadingOptions } from "../readingOptions.ts";
import { chooseContrast } from "./chooseContrast.ts";
import { sizesOf } from "./sizes.ts";

export interface Inspection {
  summary: ParticleSummary;
  /** Absent where a stack cannot be read. */
  thumbnails?: Thumbnails;
  /** From some of the images; absent where they are too few. */
  spectra?: CoarseSpectra;
}

/** Power of noise and signal at each shell (measure/spectra.ts). */
export interface CoarseSpectra {
  noise: number[];
  signal: number[];
}

const imagesShown = 8;
/** Images that the spectra are of, and pixels that are read for them, 512 MB. */
const mostMeasured = 1024,
  mostPixels = 2 ** 27,
  batch = 128;
/** Edge of the box that they are measured in. */
const widestBox = 128;

/**
 * @param openDevice what computes the spectra; absent where nothing can at the moment
 * @throws {InputError} for a particle file that cannot be used
 */
export async function inspectParticles(
  files: Files,
  options: ReadingOptions,
  openDevice?: () => Promise<Device>,
): Promise<Inspection> {
  const { particlesFile, class: classes, pixelSize, ...rest } = options;
  const set = await readParticles(files, particlesFile, { ...rest, classes, pixelSizeAngstrom: pixelSize }),
    summary = await summarizeParticles(files, set);
  if (summary.stackProblems.length > 0) return { summary };
  const thumbnails = await thumbnailsOf(files, set, imagesShown);
  if (!openDevice || set.count < fewestParticles || !summary.contrast) return { summary, thumbnails };
  const spectra = await spectraOf(files, set, summary, await openDevice());
  return { summary, thumbnails, spectra };
}

async function spectraOf(
  files: Files,
  set: ParticleSet,
  { contrast, diameterAngstrom }: ParticleSummary,
  device: Device,
): Promise<CoarseSpectra> {
  const { boxAngstrom, maskRadius } = sizesOf(set, { maskDiameter: diameterAngstrom }),
    { inverted } = chooseContrast(undefined, contrast),
    boxSize = Math.min(widestBox, 2 * Math.floor(set.boxSize / 2));
  const chosen = spreadIndices(
    set.count,
    Math.max(batch, Math.min(mostMeasured, Math.floor(mostPixels / set.boxSize ** 2))),
  );
  const images = await openImages(files, set, boxSize, maskRadius * set.boxSize, device, inverted);
  try {
    const pixels = new Float32Array(chosen.length * boxSize ** 2);
    for (let i = 0; i < chosen.length; i += batch)
      pixels.set(await images.read(chosen.slice(i, i + batch)), i * boxSize ** 2);
    const { noise, signal } = await measureSpectra(
      pixels,
      boxSize,
      set.optics,
      chosen,
      boxAngstrom,
      maskRadius * boxSize,
      device,
    );
    return { noise: [...noise], signal: [...signal] };
  } finally {
    await images.close();
  }
}
