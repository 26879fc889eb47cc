import type { Volume } from "../../base/types.ts";
import { lowPass } from "../../evaluate/filter.ts";
import { resample } from "../../evaluate/resample.ts";
import { readAtoms } from "../../io/atoms.ts";
import { disk } from "../../io/disk.ts";
import { readMap } from "../../io/mrc.ts";
import { densityFromAtoms, orientByInertia } from "../../physics/density.ts";
import { mapOptions } from "../mapOptions.ts";
import { isMapName, type SimulateCommandOptions } from "../options/simulate.ts";

/** The density to be imaged, at the box and pixel size of the images. */
export async function loadModel(options: SimulateCommandOptions): Promise<Volume> {
  const { model, boxSize, pixelSizeAngstrom, resolutionAngstrom } = options;
  if (!isMapName(model)) {
    const pixel = pixelSizeAngstrom!; // required with atoms, see options/simulate.ts
    const atoms = await readAtoms(disk.at(model));
    return densityFromAtoms(options.symmetricFrame ? orientByInertia(atoms) : atoms, {
      boxSize,
      pixelSizeAngstrom: pixel,
      resolutionAngstrom: resolutionAngstrom ?? 2 * pixel,
    });
  }
  const map = await readMap(disk.at(model), mapOptions(options.mapPixelSizeAngstrom));
  const field = Math.max(...map.shape) * map.pixelSizeAngstrom;
  const resampled = resample(map, boxSize, pixelSizeAngstrom ?? field / boxSize);
  return resolutionAngstrom === undefined ? resampled : lowPass(resampled, resolutionAngstrom);
}
