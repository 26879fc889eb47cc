/** A map as the display keeps it. */
import { parse } from "molstar/lib/mol-io/reader/ccp4/parser.js";
import type { Volume } from "../../../base/types.ts";
import { type MapLevels, mapLevels } from "../../../charts/mapLevels.ts";
import { mirrorX } from "../../../evaluate/rotate.ts";

export interface MapGrid extends Volume {
  statistics: MapLevels;
}

/** @throws Error when the bytes are no MRC map that Mol* reads */
export async function readMapGrid(bytes: ArrayBuffer): Promise<MapGrid> {
  const result = await parse(new Uint8Array(bytes), "map").run();
  if (result.isError) throw new Error(`the map cannot be read: ${result.message}`);
  const { header, values } = result.result;
  const pixelSizeAngstrom = header.xLength / header.NX;
  return {
    data: Float32Array.from(values),
    shape: [header.NS, header.NR, header.NC],
    pixelSizeAngstrom,
    originAngstrom: [header.originX, header.originY, header.originZ],
    statistics: mapLevels(values),
  };
}

/** The other hand. */
export const mirrored = (map: MapGrid): MapGrid => ({ ...mirrorX(map), statistics: map.statistics });
