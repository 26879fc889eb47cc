import { formatCount, formatNumber } from "../../base/format.ts";
import type { PixelStatistics } from "../../reconstruct/measure/pixels.ts";

/** Table rows on pixel or voxel values. */
export function statisticsRows(statistics: PixelStatistics, name: string): string[][] {
  const { mean, standardDeviation, minimum, maximum, notFinite } = statistics;
  return [
    [
      name,
      `mean ${formatNumber(mean)}, standard deviation ${formatNumber(standardDeviation)}, ` +
        `from ${formatNumber(minimum)} to ${formatNumber(maximum)}`,
    ],
    ...(notFinite > 0 ? [["Not finite", `${formatCount(notFinite)} of ${formatCount(statistics.count)}`]] : []),
  ];
}
