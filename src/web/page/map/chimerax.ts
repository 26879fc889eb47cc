import type { Volume } from "../../../base/types.ts";

export interface ShownMap {
  /** As it was saved. */
  file: string;
  map: Pick<Volume, "pixelSizeAngstrom" | "originAngstrom">;
  /** In the units of the file. */
  level: number;
  /** 0xrrggbb */
  color: number;
}

/**
 * Commands that show in a new session of ChimeraX what the page shows, model #1
 * (https://www.cgl.ucsf.edu/chimerax/docs/user/commands/volume.html). Pixel size and origin are the file's own and are
 * told for those who have a copy without them.
 */
export function chimeraxCommands({ file, map, level, color }: ShownMap): string {
  const place = `voxelSize ${short(map.pixelSizeAngstrom)} origin ${map.originAngstrom.map(short).join(",")}`;
  return [
    `open "${file}"`,
    `volume #1 ${place}`,
    `volume #1 style surface step 1 level ${Number(level.toPrecision(6))} ` +
      `color #${color.toString(16).padStart(6, "0")}`,
    "view",
    "",
  ].join("\n");
}

/** Of the single precision of a header. */
const short = (value: number): number => Number(value.toPrecision(7));
