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
import type { RunSummary } from "../../live/source.ts";
import { Empty, NotThere } from "../Empty.tsx";
import type { Page } from "../page.ts";
import { useJson } from "../run/files.ts";
import type { Evaluation } from "./evaluation.ts";
import { Plot } from "./Plot.tsx";

export function Curves({ page, run, events }: { page: Page; run: RunSummary; events: readonly RunEvent[] }) {
  const fsc = useJson<FscResult>(page, run.id, "fsc.json", events).value;
  const comparison = useJson<Evaluation>(page, run.id, "evaluation.json", events).value?.kind;
  const spectra = useJson<RunSpectra>(page, run.id, "spectra.json", events).value;
  const curves = useMemo(() => runCurves(events), [events]);
  const adversarial = curves.filter((curve) => curve.adversarial.x.length > 0);
  const refined = curves.filter((curve) => curve.refinement.x.length > 0);
  const halves = curves.length > 1 ? "Half 1 dashed, half 2 dotted." : undefined;
  const fscPlot = useMemo(() => fsc && fscChart(fsc, comparison), [fsc, comparison]);
  const spectraPlot = useMemo(() => spectra && spectraChart(spectra), [spectra]);
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
