import { formatNumber } from "../../base/format.ts";
import { resample, windowed } from "../../evaluate/resample.ts";
import { disk } from "../../io/disk.ts";
import { readMap, writeMap } from "../../io/mrc.ts";
import { mapOptions } from "../mapOptions.ts";
import type { ResampleCommandOptions } from "../options/resample.ts";

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
  const result =
    pixelSizeAngstrom === undefined
      ? windowed(volume, boxSize!)
      : resample(
          volume,
          boxSize ?? Math.max(2, 2 * Math.round(edgeAngstrom / pixelSizeAngstrom / 2)),
          pixelSizeAngstrom,
        );
  await writeMap(disk.at(out), result, "cryogan resample");
  const written = {
    map,
    out,
    boxSize: result.shape[0],
    pixelSizeAngstrom: result.pixelSizeAngstrom,
    originAngstrom: result.originAngstrom,
  };
  const text = `${out}: ${written.boxSize} voxels of ${formatNumber(written.pixelSizeAngstrom, 5)} Å`;
  process.stdout.write(`${json ? JSON.stringify(written) : text}\n`);
}
