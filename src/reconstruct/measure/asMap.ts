import type { Volume } from "../../base/types.ts";
import type { StageVolume } from "../stage.ts";

/** A density in the scale of the stages as a map in voxels, for what compares maps shell by shell. */
export const asMap = ({ n, data }: StageVolume): Volume => ({
  data,
  shape: [n, n, n],
  pixelSizeAngstrom: 1,
  originAngstrom: [0, 0, 0],
});
