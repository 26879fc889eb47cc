import { InputError } from "../../base/errors.ts";
import { formatNumber } from "../../base/format.ts";
import { resample, windowed } from "../../evaluate/resample.ts";
import { disk } from "../../io/disk.ts";
import { readMap, writeMap } from "../../io/mrc.ts";
import { mapOptions } from "../mapOptions.ts";
import type { ResampleCommandOptions } from "../options/resample.ts";
import { print, printJson } from "../print.ts";

/** Voxels along an edge of what is written, where --box does not say. */
const leastBox = 8,
  mostBox = 1024;

/** Write a map at another pixel size, in another box, or both. */
export async function resampleMap({
  map,
  out,
  pixelSizeAngstrom,
  mapPixelSize,
  boxSize,
  json,
}: ResampleCommandOptions): Promise<void> {
  const volume = await readMap(disk.at(map), mapOptions(mapPixelSize));
  const edgeAngstrom = Math.max(...volume.shape) * volume.pixelSizeAngstrom;
  const newBox = boxSize ?? Math.max(leastBox, 2 * Math.round(edgeAngstrom / pixelSizeAngstrom! / 2));
  if (newBox > mostBox)
    throw new InputError(`${out} would be a box of ${newBox} voxels; at most ${mostBox} can be made`);
  const result =
    pixelSizeAngstrom === undefined ? windowed(volume, newBox) : resample(volume, newBox, pixelSizeAngstrom);
  await writeMap(disk.at(out), result, "cryogan resample");
  const written = {
    map,
    out,
    boxSize: result.shape[0],
    pixelSizeAngstrom: result.pixelSizeAngstrom,
    originAngstrom: result.originAngstrom,
  };
  const text = `${out}: ${written.boxSize} voxels of ${formatNumber(written.pixelSizeAngstrom, 5)} Å`;
  if (json) printJson(written);
  else print(text);
}
