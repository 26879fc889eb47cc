import { pixelSizes } from "../base/values.ts";

const { least, most } = pixelSizes;

export const isPixelSize = (angstrom: number): boolean => angstrom >= least && angstrom <= most;

/** For messages. */
export const pixelSizeRange = `it must be between ${least} and ${most} Å`;
