import { mirrorX } from "../../evaluate/rotate.ts";
import { disk } from "../../io/disk.ts";
import { readMap, writeMap } from "../../io/mrc.ts";
import { mapOptions } from "../mapOptions.ts";
import type { FlipCommandOptions } from "../options/flip.ts";
import { print, printJson } from "../print.ts";

/** Write the other hand of a map, in place: box, pixel size and origin stay. */
export async function flip({ map, out, mapPixelSize, json }: FlipCommandOptions): Promise<void> {
  await writeMap(disk.at(out), mirrorX(await readMap(disk.at(map), mapOptions(mapPixelSize))), "cryogan flip");
  if (json) printJson({ map, out });
  else print(out);
}
