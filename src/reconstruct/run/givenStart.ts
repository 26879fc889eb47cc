/** A map that a run is given to start from. */
import { InputError } from "../../base/errors.ts";
import type { DataFile } from "../../base/files.ts";
import type { Volume } from "../../base/types.ts";
import { readMap } from "../../io/mrc.ts";

export interface GivenStart {
  /** The map's file, for messages. */
  path: string;
  map: Volume;
  /** Å; nothing finer of the map is used. */
  resolutionAngstrom: number;
}

/** Å, where the user names none. */
const defaultStartResolution = 30;
/** A map whose box is narrower than this share of the particles' is none of them. */
const narrowest = 1 / 4;

export const startResolutionOf = ({ startResolution = defaultStartResolution }: { startResolution?: number }): number =>
  startResolution;

/**
 * @param boxAngstrom edge of the particles' images
 * @throws {InputError} where the file is no map, its box no cube or far too small, every value the same, or its voxels
 *   too large for the resolution
 */
export async function readStart(file: DataFile, resolutionAngstrom: number, boxAngstrom: number): Promise<GivenStart> {
  const { path } = file,
    map = await readMap(file),
    [nz, ny, nx] = map.shape,
    pixel = map.pixelSizeAngstrom;
  if (nz !== ny || ny !== nx)
    throw new InputError(`${path} has ${nx} x ${ny} x ${nz} voxels; a start needs a cubic box: pad or crop it`);
  if (nx * pixel < narrowest * boxAngstrom)
    throw new InputError(
      `${path} is ${(nx * pixel).toFixed(0)} Å wide, which says nothing of particles in a box of ` +
        `${boxAngstrom.toFixed(0)} Å; give a map of the particle, or put its pixel size (${pixel} Å) right`,
    );
  if (2 * pixel > 1.001 * resolutionAngstrom)
    throw new InputError(
      `${path} has voxels of ${pixel} Å, which show nothing finer than ${(2 * pixel).toFixed(1)} Å; ` +
        "give that, or more, as --start-resolution",
    );
  return { path, map, resolutionAngstrom };
}
