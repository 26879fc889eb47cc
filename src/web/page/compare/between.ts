/** Two maps compared: the other put onto the first, and what the first has more or less. */
import type { Volume } from "../../../base/types.ts";
import { mapLevels } from "../../../charts/mapLevels.ts";
import type { AlignStep } from "../../../evaluate/align.ts";
import { differenceMap } from "../../../evaluate/difference.ts";
import { type EvaluationReport, evaluateAgainstReference } from "../../../evaluate/evaluate.ts";
import type { MapGrid } from "../map/grid.ts";

export interface Between {
  /** Of the other map against the first. */
  report: EvaluationReport;
  /** The other as it lies on the first, on their common grid. */
  aligned: MapGrid;
  /** The first minus the other. A sigma of its statistics is one of the first map, from a density of 0. */
  difference: MapGrid;
  /** By how much the other was multiplied. */
  scale: number;
  /** What both were low-passed to. */
  resolutionAngstrom?: number;
}

/** Below this share of a sigma of the first map a difference is hardly one. */
const leastLevelSigma = 0.5;

/**
 * Looks over all rotations, both hands and shifts for where `other` lies on `map`; they may differ in box and pixel
 * size.
 *
 * @param resolutionAngstrom of the coarser of both, where it is known
 * @throws InputError where one is no cube
 */
export async function compareMaps(
  map: Volume,
  other: Volume,
  resolutionAngstrom: number | undefined,
  onProgress: (step: AlignStep, done: number) => void,
): Promise<Between> {
  const { report, map: aligned, reference } = await evaluateAgainstReference(other, map, { onProgress });
  const options = resolutionAngstrom === undefined ? {} : { resolutionAngstrom },
    difference = differenceMap(reference, aligned, options);
  const { sigma } = mapLevels(map.data),
    { min, max } = mapLevels(difference.map.data),
    largest = Math.max(max, -min) / (sigma || 1),
    level = Math.max(leastLevelSigma, (3 * difference.sigma) / (sigma || 1));
  return {
    report,
    aligned: { ...aligned, statistics: mapLevels(aligned.data) },
    difference: {
      ...difference.map,
      statistics: {
        min,
        max,
        mean: 0,
        sigma,
        defaultLevelSigma: level,
        highestLevelSigma: Math.max(level, largest),
      },
    },
    scale: difference.scale,
    ...options,
  };
}
