/** Charts that lay two runs over each other. */

import type { Chart, ChartLine } from "../../../charts/charts.ts";
import type { RunCurve } from "../../../charts/curves.ts";
import { comparisonWords } from "../../../charts/runCharts.ts";
import type { FscResult } from "../../../evaluate/fsc.ts";
import type { Comparison } from "../../../reconstruct/folder/runFolder.ts";

/** A run by name, with what is known of it. */
export interface Compared {
  name: string;
  fsc?: FscResult | undefined;
  /** What of it `fsc` compares; absent: not known. */
  comparison?: Comparison | undefined;
  curves: readonly RunCurve[];
}

const colors: ChartLine["color"][] = ["blue", "orange"];

/** Of each run the curve that its resolution was read from, named by what it compares. */
export function compareFsc(runs: readonly Compared[]): Chart {
  return {
    id: "compare-fsc",
    title: "Fourier shell correlation of both runs",
    xLabel: "resolution (Å)",
    xKind: "resolution",
    yRange: [-0.1, 1.05],
    lines: runs.flatMap(({ name, fsc, comparison }, i) =>
      fsc
        ? [
            {
              label: comparison ? `${name}: ${comparisonWords[comparison]}` : name,
              x: fsc.frequency,
              y: fsc[fsc.resolutionCurve] ?? fsc.fsc,
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

export function compareLikelihood(runs: readonly Compared[]): Chart {
  return {
    id: "compare-likelihood",
    title: "Log-likelihood of an image, both runs",
    xLabel: "pass over the particles",
    xKind: "pass",
    lines: runs.flatMap(({ name, curves }, i) =>
      curves
        .filter(({ refinement }) => refinement.x.length > 0)
        .map(
          ({ half, refinement }): ChartLine => ({
            label: half === undefined ? name : `${name}, half ${half}`,
            x: refinement.x,
            y: refinement.values.logLikelihood,
            color: colors[i]!,
            ...(half === undefined ? {} : { dash: half === 1 ? [6, 4] : [2, 3] }),
          }),
        ),
    ),
  };
}
