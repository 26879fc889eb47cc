/** What the command tells of an export. */
import { formatCount, formatNumber, formatTable } from "../../base/format.ts";
import { oneLine } from "../../base/printable.ts";
import type { ParticleSet } from "../../base/types.ts";
import { print, printJson } from "../print.ts";
import type { ExportedRun } from "./exportedRun.ts";
import type { ExportedImages } from "./normalise.ts";

export interface Exported {
  /** The last line with --json. */
  summary: { type: "finished"; warnings: readonly string[]; [fact: string]: unknown };
  /** Without --json: what was written, each with what it is. */
  lines: string[][];
  /** What to do with it. */
  next: [what: string, how: string];
}

/** What the last line has of every export. */
export const factsOf = (
  { all, symmetry, resolutionAngstrom }: ExportedRun,
  { set, normalised, links }: ExportedImages,
  poses: boolean,
) => ({
  particles: set.count,
  boxSize: set.boxSize,
  pixelSizeAngstrom: set.pixelSizeAngstrom,
  symmetry,
  poses,
  resolutionAngstrom: resolutionAngstrom ?? null,
  normalised,
  links,
  warnings: all.warnings ?? [],
});

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
