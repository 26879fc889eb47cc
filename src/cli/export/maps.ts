/** The map of a run and a mask around it, as they are exported. */
import { automaticMask } from "../../evaluate/mask.ts";
import { disk } from "../../io/disk.ts";
import { writeMap } from "../../io/mrc.ts";
import type { ExportedRun } from "./exportedRun.ts";

/** Masks are made from the map filtered at least this far. */
const finestMaskAngstrom = 15;

/** @param coarsestAngstrom what the mask is made at where nothing tells the resolution of the map */
export async function writeMapAndMask(
  { map, resolutionAngstrom }: ExportedRun,
  files: { map: string; mask: string },
  coarsestAngstrom = finestMaskAngstrom,
): Promise<void> {
  await writeMap(disk.at(files.map), map, "cryogan map");
  await writeMap(
    disk.at(files.mask),
    automaticMask(map, Math.max(finestMaskAngstrom, resolutionAngstrom ?? coarsestAngstrom)),
    "cryogan soft mask",
  );
}
