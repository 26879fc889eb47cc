/** The files a run leaves for its user: the map, spectra, and what shows how each stage ended. */
import type { Volume } from "../../base/types.ts";
import { type Folder, writeFileAtomic } from "../../io/files.ts";
import { type CubicGrid, changeBox } from "../../numeric/fourierCrop.ts";
import type { Spectra } from "../measure/spectra.ts";
import type { ImageContext, RunClasses, RunDirections, RunTemplates, StageVolume } from "../stage.ts";
import type { RunSpectra } from "./events.ts";
import { exampleImages } from "./examples.ts";

/**
 * A stage's density as a map at the particles' own box and pixel size, scaled so that its projections match the images
 * with background noise of unit variance. It holds nothing beyond the finest shell of the stage.
 *
 * @param workingBox box of the cropped images that the stage's scale refers to
 */
export function mapOfVolume(volume: CubicGrid, workingBox: number, boxSize: number, pixelSizeAngstrom: number): Volume {
  const data = changeBox(volume, boxSize, volume.n / 2).data.map((v) => v * (boxSize / workingBox) ** 2);
  return { data, shape: [boxSize, boxSize, boxSize], pixelSizeAngstrom, originAngstrom: [0, 0, 0] };
}

export async function writeSpectra(folder: Folder, spectra: Spectra, boxAngstrom: number): Promise<void> {
  const content: RunSpectra = {
    frequency: Array.from(spectra.noise, (_, k) => k / boxAngstrom),
    noisePower: [...spectra.noise],
    signalPower: [...spectra.signal],
  };
  await writeFileAtomic(folder("spectra.json"), JSON.stringify(content));
}

/**
 * After a stage: examples.json, and what there is of templates.json, directions.json and classes.json.
 * @param volume     of the class that is shown where there are several
 * @param directions of its particles
 * @param half       marks the directions and classes of a half-set
 */
export async function writeStageFiles(
  folder: Folder,
  {
    volume,
    templates,
    directions,
    classes,
  }: { volume: StageVolume; templates?: RunTemplates; directions?: RunDirections; classes?: RunClasses },
  context: ImageContext,
  half?: 1 | 2,
): Promise<void> {
  const write = (name: string, content: object): Promise<void> =>
    writeFileAtomic(folder(name), JSON.stringify(content));
  const ofHalf = half === undefined ? {} : { half };
  await write("examples.json", await exampleImages(volume, context));
  if (templates) await write("templates.json", templates);
  if (directions) await write("directions.json", { ...directions, ...ofHalf });
  if (classes) await write("classes.json", { ...classes, ...ofHalf });
}
