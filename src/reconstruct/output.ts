/** The files a run leaves for its user: the map, spectra, and what shows how each stage ended. */
import { join } from "node:path";
import { writeFileAtomic } from "../io/files.ts";
import type { Volume } from "../io/types.ts";
import type { StageVolume } from "./checkpoint.ts";
import type { RunDirections, RunExamples, RunSpectra, RunTemplates } from "./events.ts";
import { exampleImages } from "./examples.ts";
import type { Spectra } from "./spectra.ts";
import type { StageContext, StageResult } from "./stageContext.ts";
import { changeBox } from "./volume.ts";

/**
 * A stage's density as a map at the particles' own box and pixel size, scaled so that its projections match the images with
 * background noise of unit variance.
 *
 * @param workingBox box of the cropped images that the stage's scale refers to
 */
export function mapOfVolume(volume: StageVolume, workingBox: number, boxSize: number, pixelSizeAngstrom: number): Volume {
  const data = changeBox(volume, boxSize).data.map((v) => v * (boxSize / workingBox) ** 2);
  return { data, shape: [boxSize, boxSize, boxSize], pixelSizeAngstrom, originAngstrom: [0, 0, 0] };
}

export async function writeSpectra(folder: string, spectra: Spectra, boxAngstrom: number): Promise<void> {
  const content: RunSpectra = {
    frequency: Array.from(spectra.noise, (_, k) => k / boxAngstrom),
    noisePower: [...spectra.noise],
    signalPower: [...spectra.signal],
  };
  await writeFileAtomic(join(folder, "spectra.json"), JSON.stringify(content));
}

/**
 * After a stage: examples.json, and what there is of templates.json and directions.json.
 * @param half marks the directions of a half-set
 */
export async function writeStageFiles(folder: string, { volume, templates, directions }: StageResult, context: StageContext, half?: 1 | 2): Promise<void> {
  const write = (name: string, content: RunExamples | RunTemplates | RunDirections): Promise<void> => writeFileAtomic(join(folder, name), JSON.stringify(content));
  await write("examples.json", await exampleImages(volume, context));
  if (templates) await write("templates.json", templates);
  if (directions) await write("directions.json", { ...directions, ...(half === undefined ? {} : { half }) });
}
