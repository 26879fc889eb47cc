/** What a case came to, as a line of JSON and as a row of a table. */
import { formatDuration } from "../../src/base/format.ts";
import type { Measured } from "./measure.ts";

export interface PaperResult extends Measured {
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
  /** FSC 0.143 between the half-maps, masked and corrected for the mask; null: not reached. */
  halfMapsAngstrom: number | null;
  /** FSC 0.5 of the joint map against the truth, masked and corrected for the mask. */
  truthAngstrom: number | null;
  /** The same without a mask. */
  truthUnmaskedAngstrom: number | null;
}

export function markdownTable(results: readonly PaperResult[]): string {
  const angstrom = (value: number | null): string => (value === null ? "not reached" : `${value.toFixed(1)} Å`);
  const rows = results.map((r) => [
    r.case,
    r.what,
    angstrom(r.halfMapsAngstrom),
    angstrom(r.truthAngstrom),
    angstrom(r.truthUnmaskedAngstrom),
    formatDuration(r.wallSeconds),
    r.peakMemoryMiB === null ? "not measured" : `${(r.peakMemoryMiB / 1024).toFixed(1)} GiB`,
  ]);
  const header = ["case", "what", "halves, FSC 0.143", "truth, FSC 0.5", "the same unmasked", "time", "peak memory"];
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
