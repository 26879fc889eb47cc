/** From runs of CryoGAN by itself to the lines that `npm run experiment:cryogan` prints. */
import { formatDuration } from "../../src/base/format.ts";
import { type Verdict, verdictText } from "../../src/reconstruct/verdict/verdict.ts";
import type { Measured } from "../paper/measure.ts";
import { crossingText, memoryText } from "../paper/results.ts";
import type { AgainstTruth } from "../paper/truth.ts";
import { goodShells } from "../table.ts";

export interface CryoganRun extends Measured, AgainstTruth {
  case: string;
  what: string;
  seed: number;
  /** When it ended. */
  time: string;
  /** Options of `cryogan reconstruct`. */
  arguments: string[];
  /** With the truth after alignment, shells 1, 2, …, without a mask. */
  fsc: number[];
  /** Of real particles: the mean of it over 20 to 11.4 Å where nothing is searched but the hand. */
  meanFsc?: number;
  verdict: Verdict;
}

const heads = [
  "case",
  "what",
  "seed",
  "FSC 0.5, unmasked",
  "corrected",
  "shell",
  "mean FSC, 20 to 11.4 Å",
  "verdict",
  "time",
  "peak memory",
] as const;
export const tableHead = `| ${heads.join(" | ")} |\n| ${heads.map(() => "---").join(" | ")} |`;

export function tableRow(run: CryoganRun): string {
  const cells = [
    run.case,
    run.what,
    String(run.seed),
    crossingText(run.truthUnmasked),
    crossingText(run.truth),
    `${goodShells(run.fsc)} of ${run.fsc.length}`,
    run.meanFsc === undefined ? "" : run.meanFsc.toFixed(2),
    verdictText(run.verdict),
    formatDuration(run.wallSeconds),
    memoryText(run),
  ];
  return `| ${cells.join(" | ")} |`;
}
