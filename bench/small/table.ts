/** From runs on small molecules to the lines that `npm run experiment:small` prints. */
import { formatDuration } from "../../src/base/format.ts";
import type { Crossing, FscResult } from "../../src/evaluate/fsc.ts";
import { meanOfShells } from "../../src/evaluate/hands.ts";
import { verdictText } from "../../src/reconstruct/verdict/verdict.ts";
import { resolutionText } from "../realTable.ts";
import { headOf, type SeededRun } from "../seededExperiment.ts";

export interface Compared {
  /** FSC with the truth after alignment, without a mask, its mean from `coarsest` to `foundTo`. */
  meanFsc: number;
  /** Where it falls below 0.5 within the automatic mask, corrected for it. */
  at05: Crossing;
}

export type SmallRun = SeededRun & Compared;

/** Å: a map whose FSC with the truth is 0.5 so far is found; coarser than the other all maps of a size are alike. */
const foundTo = 12,
  coarsest = 20;

export function compared({ fsc, boxSize, pixelSizeAngstrom, ...of }: FscResult): Compared {
  const shell = (angstrom: number): number => Math.round((boxSize * pixelSizeAngstrom) / angstrom);
  return {
    meanFsc: meanOfShells(fsc, [shell(coarsest), shell(foundTo)]),
    at05: { angstrom: of.resolution05Angstrom, orBetter: of.resolution05OrBetter },
  };
}

export const isFound = ({ at05 }: Compared): boolean => at05.angstrom !== null && at05.angstrom <= foundTo;
/** It finds a map that is found, and no other. */
export const isVerdictRight = (run: SmallRun): boolean => (run.verdict.kind === "found") === isFound(run);

export const tableHead = headOf([
  "case",
  "what",
  "seed",
  `mean FSC, ${coarsest} to ${foundTo} Å`,
  "FSC 0.5",
  "verdict",
  "verdict right",
  "time",
]);

export function tableRow(run: SmallRun): string {
  const cells = [
    run.case,
    run.what,
    String(run.seed),
    run.meanFsc.toFixed(2),
    resolutionText(run.at05),
    verdictText(run.verdict),
    isVerdictRight(run) ? "yes" : "no",
    formatDuration(run.wallSeconds),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** A line a case, of what its seeds come to. */
export const summary = (runs: readonly SmallRun[]): string =>
  [...new Set(runs.map((run) => run.case))]
    .map((name) => {
      const of = runs.filter((run) => run.case === name),
        count = (holds: (run: SmallRun) => boolean): string => `${of.filter(holds).length} of ${of.length}`;
      return `${name}: found to ${foundTo} Å in ${count(isFound)}, verdict right in ${count(isVerdictRight)}`;
    })
    .join("\n");
