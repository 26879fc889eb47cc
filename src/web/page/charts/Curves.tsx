import { useMemo } from "preact/hooks";
import { runCurves } from "../../../charts/curves.ts";
import {
  adversarialCharts,
  fscChart,
  likelihoodChart,
  resolutionText,
  spectraChart,
} from "../../../charts/runCharts.ts";
import type { FscResult } from "../../../evaluate/fsc.ts";
import type { RunEvent, RunSpectra } from "../../../reconstruct/folder/events.ts";
import type { Comparison } from "../../../reconstruct/folder/runFolder.ts";
import type { RunSummary } from "../../live/source.ts";
import { Empty, NotThere } from "../Empty.tsx";
import { nameOf, type Page } from "../page.ts";
import { useJson } from "../run/files.ts";
import { compareFsc, compareLikelihood } from "./compare.ts";
import { Plot } from "./Plot.tsx";

/** evaluation.json, as far as it is read here. */
interface Evaluation {
  kind?: Comparison;
}

interface Props {
  page: Page;
  run: RunSummary;
  events: readonly RunEvent[];
  other?: { run: RunSummary; events: readonly RunEvent[] } | undefined;
}

export function Curves({ page, run, events, other }: Props) {
  const fsc = useJson<FscResult>(page, run.id, "fsc.json", events).value;
  const otherFsc = useJson<FscResult>(page, other?.run.id, "fsc.json", other?.events ?? []).value;
  const comparison = useJson<Evaluation>(page, run.id, "evaluation.json", events).value?.kind;
  const otherComparison = useJson<Evaluation>(page, other?.run.id, "evaluation.json", other?.events ?? []).value?.kind;
  const spectra = useJson<RunSpectra>(page, run.id, "spectra.json", events).value;
  const curves = useMemo(() => runCurves(events), [events]);
  const otherCurves = useMemo(() => runCurves(other?.events ?? []), [other?.events]);
  const adversarial = curves.filter((curve) => curve.adversarial.x.length > 0);
  const refined = curves.filter((curve) => curve.refinement.x.length > 0);
  const halves = curves.length > 1 ? "Half 1 dashed, half 2 dotted." : undefined;
  const fscPlot = useMemo(() => fsc && fscChart(fsc, comparison), [fsc, comparison]);
  const spectraPlot = useMemo(() => spectra && spectraChart(spectra), [spectra]);
  if (other) {
    const both = [
      { name: nameOf(page, run), fsc, comparison, curves },
      { name: nameOf(page, other.run), fsc: otherFsc, comparison: otherComparison, curves: otherCurves },
    ];
    const without = both.filter((one) => !one.fsc).map(({ name }) => name);
    return (
      <div class="charts">
        {fsc || otherFsc ? (
          <Plot
            chart={compareFsc(both)}
            {...(without.length > 0 ? { note: `${without.join(" and ")} has none.` } : {})}
          />
        ) : (
          <Empty>No Fourier shell correlation in either run: it needs --half-maps, or cryogan evaluate.</Empty>
        )}
        <Plot
          chart={compareLikelihood(both)}
          note={
            "Runs with halves: half 1 dashed, half 2 dotted. Values can be compared where both work at the same " +
            "resolution on the same particles."
          }
        />
      </div>
    );
  }
  return (
    <div class="charts">
      {fscPlot ? (
        <Plot chart={fscPlot} note={resolutionText(fsc!)} />
      ) : (
        <Empty>
          No Fourier shell correlation. It comes at the end of a run with --half-maps, or from{" "}
          <code>cryogan evaluate</code>.
        </Empty>
      )}
      {refined.length > 0 ? (
        <Plot chart={likelihoodChart(refined)} {...(halves ? { note: halves } : {})} />
      ) : (
        <NotThere run={run} what="pass of refinement" comes="its log-likelihood will be drawn here" />
      )}
      {adversarial.length > 0 ? (
        adversarialCharts(adversarial).map((chart) => <Plot key={chart.id} chart={chart} />)
      ) : (
        <NotThere run={run} what="adversarial iteration" comes="losses and the critic's outputs will be drawn here" />
      )}
      {spectraPlot ? (
        <Plot chart={spectraPlot} note="Measured from the particle images." />
      ) : (
        <NotThere run={run} what="power spectra" comes="they are measured once the particles are read" />
      )}
    </div>
  );
}
