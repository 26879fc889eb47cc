/** What the command tells of an export. */
import { formatCount, formatNumber, formatTable } from "../../base/format.ts";
import { oneLine } from "../../base/printable.ts";
import type { ParticleSet } from "../../base/types.ts";
import { print, printJson } from "../print.ts";

export interface Exported {
  /** The last line with --json. */
  summary: { type: "finished"; warnings: readonly string[]; [fact: string]: unknown };
  /** Without --json: what was written, each with what it is. */
  lines: string[][];
  /** What to do with it. */
  next: [what: string, how: string];
}

export function tell({ summary, lines, next }: Exported, json: boolean): void {
  if (json) printJson(summary);
  else print(formatTable([...lines, ...summary.warnings.map((warning) => ["Warning", oneLine(warning)]), next]));
}

export const particlesLine = (
  { count, boxSize, pixelSizeAngstrom }: ParticleSet,
  poses: boolean,
  file: string,
): string =>
  `${formatCount(count)} of ${boxSize} px, ${formatNumber(pixelSizeAngstrom, 4)} ` +
  `Å per pixel${poses ? ", with angles and shifts" : ""}: ${file}`;
