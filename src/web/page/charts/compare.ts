/** Charts that lay two runs over each other. */

import type { Chart, ChartLine } from "../../../charts/charts.ts";
import type { Course, RunCurve } from "../../../charts/curves.ts";
import { comparisonWords, courseLines, curveWords } from "../../../charts/runCharts.ts";
import type { FscResult } from "../../../evaluate/fsc.ts";
import type { RunSpectra } from "../../../reconstruct/folder/events.ts";
import type { Comparison } from "../../../reconstruct/folder/runFolder.ts";

/** A run by name, with what is known of it. */
export interface Compared {
  name: string;
  fsc?: FscResult | undefined;
  /** What of it `fsc` compares; absent: not known. */
  comparison?: Comparison | undefined;
  spectra?: RunSpectra | undefined;
  curves: readonly RunCurve[];
}

const colors: ChartLine["color"][] = ["blue", "orange"];

/** What the curve of a run is the correlation of. */
const comparedText = ({ comparison }: Compared): string =>
  comparison ? comparisonWords[comparison] : "not known of what";

/** Of each run the curve that its resolution was read from, named by what it compares. */
export function compareFsc(runs: readonly Compared[]): Chart {
  return {
    id: "compare-fsc",
    title: "Fourier shell correlation of both runs",
    xLabel: "resolution (Å)",
    xKind: "resolution",
    yRange: [-0.1, 1.05],
    lines: runs.flatMap((run, i) =>
      run.fsc
        ? [
            {
              label: `${run.name}: ${comparedText(run)}, ${curveWords[run.fsc.resolutionCurve]}`,
              x: run.fsc.frequency,
              y: run.fsc[run.fsc.resolutionCurve] ?? run.fsc.fsc,
              color: colors[i]!,
            },
          ]
        : [],
    ),
    levels: [
      { y: 0.5, label: "0.5" },
      { y: 0.143, label: "0.143" },
    ],
  };
}

/**
 * Which run has no curve; or that the curves do not compare the same, as one of half-maps and one of a map and its
 * reference do not.
 */
export function compareFscText(runs: readonly Compared[]): string | undefined {
  const without = runs.filter(({ fsc }) => !fsc).map(({ name }) => name);
  if (without.length > 0) return `${without.join(" and ")} has none.`;
  if (runs.every(({ comparison }) => comparison && comparison === runs[0]!.comparison)) return undefined;
  return (
    `The curves do not tell the same: ${runs.map((run) => `${run.name}: ${comparedText(run)}`).join("; ")}. ` +
    "Where one lies above the other does not tell which map is better."
  );
}

/** Lines of one value of all runs, of those that have any. */
const linesOf = <K extends string>(runs: readonly Compared[], of: (curve: RunCurve) => Course<K>, key: K) =>
  runs.flatMap(({ name, curves }, i) =>
    courseLines(
      curves.filter((curve) => of(curve).x.length > 0),
      of,
      key,
      name,
      colors[i]!,
    ),
  );

export function compareLikelihood(runs: readonly Compared[]): Chart {
  return {
    id: "compare-likelihood",
    title: "Log-likelihood of an image, both runs",
    xLabel: "pass over the particles",
    xKind: "pass",
    lines: linesOf(runs, ({ refinement }) => refinement, "logLikelihood"),
  };
}

export function compareCriticLoss(runs: readonly Compared[]): Chart {
  return {
    id: "compare-critic",
    title: "Loss of the critic, both runs",
    xLabel: "iteration",
    xKind: "iteration",
    lines: linesOf(runs, ({ adversarial }) => adversarial, "criticLoss"),
  };
}

export function compareSpectra(runs: readonly Compared[]): Chart {
  return {
    id: "compare-spectra",
    title: "Power by resolution, both runs",
    xLabel: "resolution (Å)",
    xKind: "resolution",
    yLog: true,
    lines: runs.flatMap(({ name, spectra }, i): ChartLine[] =>
      spectra
        ? [
            { label: `${name}: signal`, x: spectra.frequency, y: spectra.signalPower, color: colors[i]! },
            {
              label: `${name}: noise`,
              x: spectra.frequency,
              y: spectra.noisePower,
              color: colors[i]!,
              dash: [6, 4],
            },
          ]
        : [],
    ),
  };
}
