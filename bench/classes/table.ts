/** From runs on mixtures to the lines that `npm run experiment:classes` prints. */
import { formatDuration } from "../../src/base/format.ts";
import { verdictText } from "../../src/reconstruct/verdict/verdict.ts";
import { headOf, type SeededRun } from "../seededExperiment.ts";
import { cases, type Least } from "./cases.ts";

export interface Sorted {
  particles: number;
  /** Share of them in the right class; of a molecule that moves, |ρ| (Spearman) of z with the true place. */
  right: number;
  /** Where there is junk: share of it that was found, and of the particles that were lost to it. */
  junkFound?: number;
  lost?: number;
  shares: number[];
  /**
   * Last shell up to which the FSC of each structure's class with the truth is 0.5; of five maps along a motion, with
   * the structure that most of their particles have.
   */
  shells: number[];
  /** Shell worked at. */
  finestShell: number;
}

export type ClassesRun = SeededRun & Sorted;

/** Whether a run falls short of what its case asks for at least. */
export const fails = ({ right, junkFound = 1, lost = 0 }: Sorted, least: Least): boolean =>
  right < (least.right ?? 0) || junkFound < (least.junkFound ?? 0) || lost > (least.lost ?? 1);

export const tableHead = headOf([
  "case",
  "seed",
  "particles",
  "right",
  "junk found",
  "lost",
  "shares",
  "FSC 0.5 at shell",
  "worked at",
  "time",
  "verdict",
]);

export function tableRow(run: ClassesRun): string {
  const cells = [
    run.what,
    String(run.seed),
    String(run.particles),
    percent(run.right),
    percent(run.junkFound),
    percent(run.lost),
    run.shares.map((share) => share.toFixed(3)).join(", "),
    run.shells.join(", "),
    String(run.finestShell),
    formatDuration(run.wallSeconds),
    `${verdictText(run.verdict)}: ${run.verdict.reason}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

/** A line a case: how right its seeds are, and how many fall short. */
export const summary = (runs: readonly ClassesRun[]): string =>
  [...new Set(runs.map((run) => run.case))]
    .map((name) => {
      const of = runs.filter((run) => run.case === name),
        right = of.map((run) => run.right),
        { least } = cases[name]!;
      const median = `${name}: right, median ${percent(medianOf(right))}, worst ${percent(Math.min(...right))}`;
      return least ? `${median}; failures ${of.filter((run) => fails(run, least)).length} of ${of.length}` : median;
    })
    .join("\n");

const percent = (value: number | undefined): string => (value === undefined ? "" : `${(100 * value).toFixed(2)} %`);

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b),
    middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
