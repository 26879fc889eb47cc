/** From the runs on real particles to the lines that `npm run bench:real` prints. */
import { formatDuration, formatNumber } from "../src/base/format.ts";
import type { Crossing } from "../src/evaluate/fsc.ts";
import { type Verdict, verdictText } from "../src/reconstruct/verdict/verdict.ts";

export interface RealRun {
  case: string;
  /** What the program began with: nothing, or a map. */
  start: string;
  seed: number;
  /** With the known structure, over the shells asked for, without a mask. */
  meanFsc: number;
  /** With the known structure, where the FSC is 0.5 and 0.143 within its mask, corrected. */
  at05: Crossing;
  at0143: Crossing;
  /** Between the halves, in the same way; only where there are any. */
  halves0143?: Crossing;
  seconds: number;
  /** RELION has none. */
  verdict?: Verdict;
}

/** From this mean FSC on a map is taken for a right one, and for a good one. */
const rightFrom = 0.5,
  goodFrom = 0.7;

const heads = [
  "case",
  "start",
  "seed",
  "mean FSC",
  "FSC 0.5",
  "FSC 0.143",
  "halves, FSC 0.143",
  "time",
  "verdict",
] as const;
export const tableHead = `| ${heads.join(" | ")} |\n| ${heads.map(() => "---").join(" | ")} |`;

export const resolutionText = ({ angstrom, orBetter }: Crossing): string =>
  angstrom === null ? "none" : `${formatNumber(angstrom)} Å${orBetter ? " or better" : ""}`;

/** A row of the table. */
export function tableRow(run: RealRun): string {
  const cells = [
    run.case,
    run.start,
    String(run.seed),
    run.meanFsc.toFixed(2),
    resolutionText(run.at05),
    resolutionText(run.at0143),
    run.halves0143 ? resolutionText(run.halves0143) : "",
    formatDuration(run.seconds),
    run.verdict ? verdictText(run.verdict) : "none is given",
  ];
  return `| ${cells.join(" | ")} |`;
}

/** A verdict is right where it finds a right map, or does not find a wrong one. */
export function isVerdictRight({ meanFsc, verdict }: RealRun): boolean {
  return (verdict?.kind === "found") === meanFsc >= rightFrom;
}

/** A line a case, of what several seeds come to. */
export function summary(runs: readonly RealRun[]): string {
  return [...new Set(runs.map((run) => run.case))]
    .map((name) => {
      const of = runs.filter((run) => run.case === name),
        sorted = of.map((run) => run.meanFsc).sort((a, b) => a - b),
        judged = of.filter((run) => run.verdict);
      const verdicts =
        judged.length > 0 ? `, verdict right in ${judged.filter(isVerdictRight).length} of ${judged.length}` : "";
      const good = of.filter((run) => run.meanFsc >= goodFrom).length,
        [median, worst] = [sorted[sorted.length >> 1]!, sorted[0]!].map((v) => v.toFixed(2));
      return (
        `${name}: mean FSC at least ${goodFrom} in ${good} of ${of.length} (median ${median}, worst ${worst}), ` +
        `longest ${formatDuration(Math.max(...of.map((run) => run.seconds)))}${verdicts}`
      );
    })
    .join("\n");
}
