import type { Volume } from "../../../base/types.ts";
import { encodeMapHeader } from "../../../io/mrcHeader.ts";

/** A map as an MRC file, its pixel size and origin with it. @param label for the header */
export const mapFile = (map: Volume, label: string): Blob =>
  new Blob([encodeMapHeader(map, label) as Uint8Array<ArrayBuffer>, map.data as Float32Array<ArrayBuffer>]);
