/** Fits a model or a map onto the map that the page shows. */

import type { Volume } from "../../../base/types.ts";
import type { AlignStep } from "../../../evaluate/align.ts";
import { type EvaluationReport, evaluateAgainstReference } from "../../../evaluate/evaluate.ts";
import { readAtoms } from "../../../io/atoms.ts";
import { readMap } from "../../../io/mrc.ts";
import { densityFromAtoms } from "../../../physics/density.ts";
import { createFiles } from "../../browser/files.ts";
import { isMapFile } from "./names.ts";

export interface Fitted {
  report: EvaluationReport;
  /** Centre of mass of a model, Å in its file: what it was turned about. Absent for a map. */
  modelCentreAngstrom?: [number, number, number];
  /** A map as it lies on the other, on their common grid. Absent for a model. */
  map?: Volume;
}

/**
 * Looks over all rotations, both hands and shifts for where `file` lies on `reference`. Of a model the density is
 * fitted that its atoms have at the pixel size of the map.
 *
 * @throws InputError where the file is neither, or does not fit into the box
 */
export async function fitOnto(
  reference: Volume,
  file: File,
  onProgress: (step: AlignStep, done: number) => void,
): Promise<Fitted> {
  const moving = isMapFile(file.name) ? await readDroppedMap(file) : undefined;
  if (moving) {
    const { report, map } = await evaluateAgainstReference(moving, reference, { onProgress });
    return { report, map };
  }
  const { pixelSizeAngstrom } = reference,
    boxSize = Math.max(...reference.shape);
  const density = densityFromAtoms(await readAtoms(onDisk(file)), {
    boxSize,
    pixelSizeAngstrom,
    resolutionAngstrom: 2 * pixelSizeAngstrom,
  });
  const { report } = await evaluateAgainstReference(density, reference, { onProgress });
  const middle = Math.floor(boxSize / 2) * pixelSizeAngstrom;
  const [x, y, z] = density.originAngstrom;
  return { report, modelCentreAngstrom: [x + middle, y + middle, z + middle] };
}

async function readDroppedMap(file: File): Promise<Volume> {
  if (!file.name.endsWith(".gz")) return readMap(onDisk(file));
  const unpacked = await new Response(file.stream().pipeThrough(new DecompressionStream("gzip"))).blob();
  return readMap(onDisk(new File([unpacked], file.name.slice(0, -3))));
}

function onDisk(file: File) {
  const files = createFiles([]);
  files.drop(file);
  return files.at(file.name);
}
