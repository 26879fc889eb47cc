import type { DataFile } from "../base/files.ts";
import type { Volume } from "../base/types.ts";
import type { MapOptions } from "../io/mapCheck.ts";
import { readMap } from "../io/mrc.ts";
import { type EvaluationReport, evaluateAgainstReference } from "./evaluate.ts";
import { mirrorX } from "./rotate.ts";

/** A map beside a reference, neither turned nor shifted, in the hand that fits better. */
export interface HandComparison {
  report: EvaluationReport;
  /** The map in that hand, on the grid of the comparison. */
  map: Volume;
  /** It is the map's mirror image in x, as `relion_image_handler --invert_hand` makes it. */
  mirrored: boolean;
  /** Mean over the shells asked for of the FSC without a mask. */
  meanFsc: number;
}

/**
 * Compares a map with a reference as it lies, and so its mirror image: projections do not tell the hand, and nothing
 * else is searched for. That is fair where a point group leaves no other choice of axes, as O does. The resolutions are
 * read, as always, within the automatic mask around the density of the reference.
 *
 * @param shells first and last shell of the mean; what a map does not hold of them counts as 0
 * @throws {InputError} when a file is not a map
 */
export async function compareHands(
  map: DataFile | Volume,
  reference: DataFile | Volume,
  shells: readonly [number, number],
  mapOptions?: MapOptions,
): Promise<HandComparison> {
  const given = "open" in map ? await readMap(map, mapOptions) : map;
  const compare = async (volume: Volume, mirrored: boolean): Promise<HandComparison> => {
    const { report, map: compared } = await evaluateAgainstReference(volume, reference, { align: false });
    return { report, map: compared, mirrored, meanFsc: meanOfShells(report.fsc.fsc, shells) };
  };
  const asItLies = await compare(given, false),
    otherHand = await compare(mirrorX(given), true);
  return otherHand.meanFsc > asItLies.meanFsc ? otherHand : asItLies;
}

/** Mean over shells `first` to `last` of a curve that begins with shell 1; shells beyond its end count as 0. */
export function meanOfShells(fsc: readonly number[], [first, last]: readonly [number, number]): number {
  return fsc.slice(first - 1, last).reduce((sum, v) => sum + v, 0) / (last - first + 1);
}
