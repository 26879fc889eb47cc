import type { MapOptions } from "../io/mapCheck.ts";

/** How a command reads its maps: with the pixel size of --map-pixel-size, where that is given. */
export const mapOptions = (pixelSizeAngstrom?: number): MapOptions => ({
  pixelSizeAngstrom,
  pixelSizeOption: "--map-pixel-size",
});
