/** What a set of particles has to say on whether its map is right. */
import type { Volume } from "../../base/types.ts";
import { skewness } from "../../evaluate/statistics.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import { stageMask } from "../stageMask.ts";
import type { PartEvidence } from "../verdict/verdict.ts";
import type { Setting } from "./setting.ts";

export function evidenceOf(
  { volume, place, halfSamples, startAgreement, startShell }: Checkpoint,
  setting: Setting,
  mask?: Volume,
): PartEvidence {
  const { n, unmasked } = volume!;
  return {
    ...(halfSamples ? { halfSamples } : {}),
    ...(startAgreement ? { startAgreement, startShell } : {}),
    skewness: skewness(unmasked, stageMask(n, { ...setting, mask, maskCentre: place })),
  };
}
