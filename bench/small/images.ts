/** The images of small molecules, made once. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { disk } from "../../src/io/disk.ts";
import { writeMap } from "../../src/io/mrc.ts";
import type { SimulationValues } from "../paper/cases.ts";
import { ensureDataSet } from "../paper/dataSet.ts";
import { boxSize, cases, exposure, model, molecules, type SmallMolecule, simulation } from "./cases.ts";
import { signalToNoise } from "./exposure.ts";
import { moleculeInIce } from "./molecule.ts";

/**
 * Paths in the options are those of the repository's root, which the process is to be in.
 *
 * @param more further options of `cryogan simulate`
 * @returns the folder of the images of a case
 */
export async function ensureImages(
  folder: string,
  name: string,
  threads: number | undefined,
  more: SimulationValues = {},
): Promise<string> {
  process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
  const { molecule, simulated } = cases[name]!,
    { residues, micelle, pixelSizeAngstrom }: SmallMolecule = molecules[molecule],
    map = join(folder, `${molecule}.mrc`),
    data = join(folder, "data", name);
  await mkdir(folder, { recursive: true });
  // On twice as fine a grid, so that the low-pass of the atoms' density is no coarser than the images' pixels.
  const density = await moleculeInIce(model, residues, 2 * boxSize, pixelSizeAngstrom / 2, micelle);
  await writeMap(disk.at(map), density);
  await ensureDataSet(
    data,
    {
      ...simulation,
      ...simulated,
      model: map,
      pixelSize: String(pixelSizeAngstrom),
      snr: signalToNoise(density, boxSize, exposure).toPrecision(3),
      ...more,
    },
    threads,
  );
  return data;
}
