/** What a set of particles has to say on whether its map is right. */
import type { Volume } from "../../base/types.ts";
import { skewness } from "../../evaluate/statistics.ts";
import { changeBoxes, classesIn, eachClass, largestClass, partOf, volumeOf } from "../classes.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import { classCorrelation, finestCompared, mostCompared, sharedShells } from "../measure/classCorrelation.ts";
import type { StageVolume } from "../stage.ts";
import { stageMask } from "../stageMask.ts";
import type { ClassesEvidence, PartEvidence } from "../verdict/verdict.ts";
import { isEmpty } from "./classResults.ts";
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
    ...(classes > 1
      ? {
          classes: {
            count: withParticles(shares!, classes, setting).length,
            ...blankOf(withParticles(shares!, classes, setting), halfSamples?.classes),
            correlation: correlations({ n, data }, shares!, halfSamples?.classes, setting),
          },
        }
      : {}),
    ...(halfSamples ? { halfSamples } : {}),
    ...(startAgreement ? { startAgreement, startShell } : {}),
    skewness: skewness(
      partOf(unmasked, largest, classes),
      stageMask(n, { ...setting, mask, maskCentres: places }, largest),
    ),
  };
}

const withParticles = (shares: Float32Array, classes: number, { budget }: Pick<Setting, "budget">): number[] =>
  eachClass(classes, (c) => c).filter((c) => !isEmpty(shares[c]!, budget.count));

/** Numbers of those classes whose half-samples agree nowhere. */
function blankOf(
  classes: readonly number[],
  agreements: readonly (readonly number[])[] | undefined,
): { blank?: number[] } {
  const blank = agreements ? classes.filter((c) => sharedShells([agreements[c]!]).length === 0) : [];
  return blank.length > 0 ? { blank: blank.map((c) => c + 1) } : {};
}

function correlations(
  volume: StageVolume,
  shares: Float32Array,
  agreements: readonly (readonly number[])[] | undefined,
  setting: Pick<Setting, "budget">,
): ClassesEvidence["correlation"] {
  if (!agreements) return [];
  const coarse = changeBoxes(volume, Math.min(volume.n, 2 * finestCompared)),
    there = withParticles(shares, classesIn(volume), setting)
      .sort((a, b) => shares[b]! - shares[a]!)
      .slice(0, mostCompared)
      .sort((a, b) => a - b);
  return there.flatMap((a, i) =>
    there.slice(i + 1).flatMap((b) => {
      const told = classCorrelation(volumeOf(coarse, a), volumeOf(coarse, b), [agreements[a]!, agreements[b]!]);
      return told ? [{ classes: [a + 1, b + 1] as [number, number], ...told }] : [];
    }),
  );
}
