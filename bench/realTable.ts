/** From the runs on real particles to the lines that `npm run bench:real` prints. */
import { formatDuration, formatNumber } from "../src/base/format.ts";
import { type Verdict, verdictText } from "../src/reconstruct/verdict/verdict.ts";

export interface RealRun {
  case: string;
  /** What the program began with: nothing, or a map. */
  start: string;
  seed: number;
  /** Mean FSC with the known structure over the shells asked for. */
  meanFsc: number;
  /** Å, of the FSC with the known structure without a mask; null where its first shell is below. */
  resolution05Angstrom: number | null;
  resolution0143Angstrom: number | null;
  /** Å: FSC 0.143 between the halves, corrected for the mask; only where there are any. */
  halves0143Angstrom?: number | null;
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

const angstrom = (value: number | null | undefined): string =>
  value === undefined ? "" : value === null ? "none" : `${formatNumber(value)} Å`;

/** A row of the table. */
export function tableRow(run: RealRun): string {
  const cells = [
    run.case,
    run.start,
    String(run.seed),
    run.meanFsc.toFixed(2),
    angstrom(run.resolution05Angstrom),
    angstrom(run.resolution0143Angstrom),
    angstrom(run.halves0143Angstrom),
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
