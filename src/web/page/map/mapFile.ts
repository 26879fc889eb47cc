import type { Volume } from "../../../base/types.ts";
import { encodeMrcHeader, RunningStatistics } from "../../../io/mrcHeader.ts";

/** A map as an MRC file, its pixel size and origin with it. @param label for the header */
export function mapFile({ data, shape, pixelSizeAngstrom, originAngstrom }: Volume, label: string): Blob {
  const [sections, rows, columns] = shape,
    statistics = new RunningStatistics();
  statistics.add(data);
  const header = encodeMrcHeader({
    columns,
    rows,
    sections,
    mode: 2,
    pixelSizeAngstrom,
    originAngstrom,
    isStack: false,
    statistics: statistics.result(),
    label,
  });
  return new Blob([header as Uint8Array<ArrayBuffer>, data as Float32Array<ArrayBuffer>]);
}
