/** What a case came to, as a line of JSON and as a row of a table. */
import { formatDuration } from "../../src/base/format.ts";
import type { Crossing } from "../../src/evaluate/fsc.ts";
import type { Measured } from "./measure.ts";
import type { AgainstTruth } from "./truth.ts";

export interface PaperResult extends Measured, Omit<AgainstTruth, "fsc"> {
  case: string;
  what: string;
  /** When it ended. */
  time: string;
  /** `git describe --always --dirty`; null outside a repository. */
  version: string | null;
  cpu: string;
  cores: number;
  dataSet: string;
  /** Options of `cryogan reconstruct`. */
  arguments: string[];
  /** The run folder. */
  run: string;
  /** Resolution of the finest shell that both halves were worked at. */
  finestAngstrom: number;
  /** FSC 0.143 between the half-maps, masked and corrected for the mask. */
  halfMaps: Crossing;
}

export const crossingText = ({ angstrom, orBetter }: Crossing): string =>
  angstrom === null ? "not reached" : `${angstrom.toFixed(2)} Å${orBetter ? " or better" : ""}`;
export const memoryText = ({ peakMemoryMiB }: Measured): string =>
  peakMemoryMiB === null ? "not measured" : `${(peakMemoryMiB / 1024).toFixed(1)} GiB`;

export function markdownTable(results: readonly PaperResult[]): string {
  const rows = results.map((r) => [
    r.case,
    r.what,
    `${r.finestAngstrom.toFixed(2)} Å`,
    crossingText(r.halfMaps),
    crossingText(r.truth),
    crossingText(r.truthUnmasked),
    formatDuration(r.wallSeconds),
    memoryText(r),
  ]);
  const header = [
    "case",
    "what",
    "worked to",
    "halves, FSC 0.143",
    "truth, FSC 0.5",
    "unmasked",
    "time",
    "peak memory",
  ];
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
