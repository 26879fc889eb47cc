import { InputError } from "../base/errors.ts";
import type { Volume } from "../base/types.ts";
import { disk } from "../io/disk.ts";
import { readMap } from "../io/mrc.ts";

/**
 * Reads a map whose pixel size must be known. @throws InputError as readMap, and where the header names no pixel size
 */
export async function readScaledMap(path: string): Promise<Volume> {
  const map = await readMap(disk.at(path));
  if (map.pixelSizeAngstrom > 0) return map;
  throw new InputError(
    `${path} names no pixel size in its header; write it there (relion_image_handler --force_header_angpix)`,
  );
}
