import { useMemo } from "preact/hooks";
import { runCurves } from "../../../charts/curves.ts";
import type { FscResult } from "../../../evaluate/fsc.ts";
import type { RunSpectra } from "../../../reconstruct/folder/events.ts";
import type { RunShown } from "../compare/Both.tsx";
import { Empty } from "../Empty.tsx";
import { nameOf, type Page } from "../page.ts";
import { useJson } from "../run/files.ts";
import {
  type Compared,
  compareCriticLoss,
  compareFsc,
  compareFscText,
  compareLikelihood,
  compareSpectra,
} from "./compare.ts";
import type { Evaluation } from "./evaluation.ts";
import { Plot } from "./Plot.tsx";

const halves = "Runs with halves: half 1 dashed, half 2 dotted.";

/** What means the same in both runs, laid over each other. */
export function CurvesOfBoth({ page, first, second }: { page: Page; first: RunShown; second: RunShown }) {
  const both = [useCompared(page, first), useCompared(page, second)];
  const fscText = compareFscText(both),
    [likelihood, critic, spectra] = [compareLikelihood(both), compareCriticLoss(both), compareSpectra(both)];
  return (
    <div class="charts">
      {both.some(({ fsc }) => fsc) ? (
        <Plot chart={compareFsc(both)} {...(fscText ? { note: fscText } : {})} />
      ) : (
        <Empty>No Fourier shell correlation in either run: it needs --half-maps, or cryogan evaluate.</Empty>
      )}
      {likelihood.lines.length > 0 ? (
        <Plot
          chart={likelihood}
          note={`${halves} Values can be compared where both work at the same resolution on the same particles.`}
        />
      ) : (
        <Empty>No pass of refinement in either run.</Empty>
      )}
      {critic.lines.length > 0 && (
        <Plot chart={critic} note={`${halves} Values can be compared where both have the same critic and loss.`} />
      )}
      {spectra.lines.length > 0 && <Plot chart={spectra} note="Measured from the particle images of each." />}
    </div>
  );
}

function useCompared(page: Page, { run, events }: RunShown): Compared {
  return {
    name: nameOf(page, run),
    fsc: useJson<FscResult>(page, run.id, "fsc.json", events).value,
    comparison: useJson<Evaluation>(page, run.id, "evaluation.json", events).value?.kind,
    spectra: useJson<RunSpectra>(page, run.id, "spectra.json", events).value,
    curves: useMemo(() => runCurves(events), [events]),
  };
}
