/** Options that say which particles are read, and how. */
import type { OptionKey, ReconstructOptions } from "./options.ts";

export const readingKeys = [
  "particlesFile",
  "projectRoot",
  "passthrough",
  "opticsGroups",
  "class",
  "exclude",
  "ctfPhaseFlipped",
  "pixelSize",
] as const satisfies readonly OptionKey[];

export type ReadingOptions = Pick<ReconstructOptions, "particlesFile"> &
  Partial<Pick<ReconstructOptions, (typeof readingKeys)[number]>>;
