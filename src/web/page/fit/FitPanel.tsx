import { useEffect, useMemo, useState } from "preact/hooks";
import { formatNumber } from "../../../base/format.ts";
import type { Volume } from "../../../base/types.ts";
import { fscChart, resolutionText } from "../../../charts/runCharts.ts";
import type { AlignStep } from "../../../evaluate/align.ts";
import { Plot } from "../charts/Plot.tsx";
import type { Fitted } from "./fitted.ts";
import { SearchProgress } from "./SearchProgress.tsx";
import { startFit } from "./startFit.ts";

export interface FitState {
  file: File;
  /** What the search is at, and how much of that is done, 0 to 1. */
  step?: AlignStep;
  done?: number;
  fitted?: Fitted;
  /** Why there is no fit. */
  problem?: string;
}

/** Fits a dropped file onto the map as it is when the file comes, in the hand of the run. */
export function useFit(
  file: File | undefined,
  map: Volume | undefined,
  onFitted: (fitted: Fitted) => void,
): FitState | undefined {
  const [state, setState] = useState<FitState>();
  useEffect(() => {
    if (!file || !map) return setState(undefined);
    setState({ file });
    return startFit(
      { work: "fit", reference: map, file },
      {
        progress: (step, done) => setState({ file, step, done }),
        found: (fitted) => {
          setState({ file, fitted });
          onFitted(fitted);
        },
        failed: (problem) => setState({ file, problem }),
      },
    );
  }, [file, map !== undefined]);
  return state?.file === file ? state : undefined;
}

/** How the search stands, then how well the file fits. */
export function FitPanel({ state }: { state: FitState }) {
  const { file, step, done, fitted, problem } = state;
  const chart = useMemo(
    () => fitted && { ...fscChart(fitted.report.fsc), id: "fit", title: `Correlation of map and ${file.name}` },
    [fitted],
  );
  return (
    <section class="fit" aria-label="Fit">
      <p role="status">
        {problem
          ? `${file.name} cannot be fitted: ${problem}`
          : fitted
            ? fitText(file.name, fitted)
            : `Fitting ${file.name}…`}
      </p>
      {!fitted && !problem && <SearchProgress step={step} done={done} before="reading it" />}
      {chart && <Plot chart={chart} note={resolutionText(fitted!.report.fsc)} />}
    </section>
  );
}

function fitText(name: string, { report: { alignment, correlation } }: Fitted): string {
  const { mirrored, correlation: meanFsc, correlationOtherHand, resolutionAngstrom } = alignment!;
  return (
    `${name} fits ${mirrored ? "the other hand of the map" : "the map"}: correlation of densities ` +
    `${correlation.toFixed(2)}, mean FSC up to ${formatNumber(resolutionAngstrom)} Å ${meanFsc.toFixed(2)}, ` +
    `in the ${mirrored ? "hand of the run" : "other hand"} ${correlationOtherHand.toFixed(2)}.`
  );
}
