/** What a set of particles has to say on whether its map is right. */
import type { Volume } from "../../base/types.ts";
import { skewness } from "../../evaluate/statistics.ts";
import { changeBoxes, classesIn, largestClass, partOf, volumeOf } from "../classes.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import { classCorrelation, finestCompared, sharedShells } from "../measure/classCorrelation.ts";
import type { StageVolume } from "../stage.ts";
import { stageMask } from "../stageMask.ts";
import type { ClassesEvidence, PartEvidence } from "../verdict/verdict.ts";
import { largestOf, withParticles } from "./classResults.ts";
import type { Setting } from "./setting.ts";

export function evidenceOf(
  { volume, places, shares, halfSamples, startAgreement, startShell }: Checkpoint,
  setting: Setting,
  mask?: Volume,
): PartEvidence {
  const { n, data, unmasked } = volume!,
    classes = classesIn({ n, data }),
    largest = largestClass({ n, data }, shares);
  return {
    ...(classes > 1 ? { classes: ofClasses({ n, data }, shares!, halfSamples?.classes, setting) } : {}),
    ...(halfSamples ? { halfSamples } : {}),
    ...(startAgreement ? { startAgreement, startShell } : {}),
    skewness: skewness(
      partOf(unmasked, largest, classes),
      stageMask(n, { ...setting, mask, maskCentres: places }, largest),
    ),
  };
}

/** @param agreements of the half-samples of each class, of shells 1, 2, … */
function ofClasses(
  volume: StageVolume,
  shares: Float32Array,
  agreements: readonly (readonly number[])[] | undefined,
  { budget }: Pick<Setting, "budget">,
): ClassesEvidence {
  const there = withParticles(shares, classesIn(volume), budget.count),
    blank = agreements ? there.filter((c) => sharedShells([agreements[c]!]).length === 0) : [];
  return {
    count: there.length,
    ...(blank.length > 0 ? { blank: blank.map((c) => c + 1) } : {}),
    correlation: agreements ? correlations(volume, largestOf(there, shares), agreements) : [],
  };
}

function correlations(
  volume: StageVolume,
  classes: readonly number[],
  agreements: readonly (readonly number[])[],
): ClassesEvidence["correlation"] {
  const coarse = changeBoxes(volume, Math.min(volume.n, 2 * finestCompared));
  return classes.flatMap((a, i) =>
    classes.slice(i + 1).flatMap((b) => {
      const told = classCorrelation(volumeOf(coarse, a), volumeOf(coarse, b), [agreements[a]!, agreements[b]!]);
      return told ? [{ classes: [a + 1, b + 1] as [number, number], ...told }] : [];
    }),
  );
}
