/** From runs of CryoGAN by itself to the lines that `npm run experiment:cryogan` prints. */
import { formatDuration } from "../../src/base/format.ts";
import { verdictText } from "../../src/reconstruct/verdict/verdict.ts";
import { crossingText, memoryText } from "../paper/results.ts";
import type { AgainstTruth } from "../paper/truth.ts";
import { headOf, type SeededRun } from "../seededExperiment.ts";
import { goodShells } from "../table.ts";

export interface CryoganRun extends SeededRun, AgainstTruth {
  /** Of real particles: the mean of the FSC over 20 to 11.4 Å where nothing is searched but the hand. */
  meanFsc?: number;
}

export const tableHead = headOf([
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
]);

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
