/** Maps along the components of a molecule that moves, as the page plays them. */
import type { MotionResult, RunEvent } from "../../../reconstruct/folder/events.ts";
import type { Range } from "../../../reconstruct/motionParticles.ts";
import type { MapGrid } from "../map/grid.ts";

export type Series = MotionResult["components"][number];

/** What a run has ended with; undefined where it has not, or went without `--motion`. */
export const motionIn = (events: readonly RunEvent[]): MotionResult | undefined =>
  events.findLast((event) => event.type === "finished")?.motion;

/** Which map of a series is shown at a step of playing it, to the end and back. */
export function placeAt(step: number, maps: number): number {
  const along = step % Math.max(1, 2 * (maps - 1));
  return along < maps ? along : 2 * (maps - 1) - along;
}

/** Nine maps are kept at once, and each is drawn within the quarter of a second that it is shown. */
export const largestEdge = 96;

/** The level in sigma of one map that is the same density as a level in sigma of another. */
export function levelIn(
  { statistics }: Pick<MapGrid, "statistics">,
  levelSigma: number,
  of: Pick<MapGrid, "statistics">,
): number {
  const density = of.statistics.mean + levelSigma * of.statistics.sigma;
  return statistics.sigma > 0 ? (density - statistics.mean) / statistics.sigma : 0;
}

/** What to call the particles in ranges of z: "motion1_-0.50_to_0.80.star". */
export const nameOfSelection = (ranges: ReadonlyMap<number, Range>): string =>
  `${[...ranges].map(([j, { low, high }]) => `motion${j + 1}_${low.toFixed(2)}_to_${high.toFixed(2)}`).join("_")}.star`;
