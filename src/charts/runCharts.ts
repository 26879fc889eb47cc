/** Charts of a run, from what its folder holds; the report and the live page draw them. */
import { formatResolution } from "../base/format.ts";
import type { FscResult } from "../evaluate/fsc.ts";
import type { RunSpectra } from "../reconstruct/folder/events.ts";
import type { Comparison } from "../reconstruct/folder/runFolder.ts";
import type { Chart, ChartLine } from "./charts.ts";
import { type Course, type RunCurve, thin } from "./curves.ts";

/** Points per line of a chart; more cannot be told apart on a screen. */
const pointsPerLine = 1500;

/** Lines of one value, one for each run: whole data solid, halves dashed and dotted. */
export function courseLines<K extends string>(
  curves: readonly RunCurve[],
  of: (curve: RunCurve) => Course<K>,
  key: K,
  name: string,
  color: ChartLine["color"],
): ChartLine[] {
  return curves.map((curve) => ({
    ...thin(of(curve).x, of(curve).values[key], pointsPerLine),
    label: curve.half === undefined ? name : `${name}, half ${curve.half}`,
    color,
    dash: curve.half === 1 ? [6, 4] : curve.half === 2 ? [2, 3] : undefined,
  }));
}

const marks = ({ stages }: Course<string>) => stages.map(({ x, label }) => ({ x, label }));

/** Of curves that have adversarial stages, at least one. The penalty is left out where the critic has none. */
export function adversarialCharts(curves: readonly RunCurve[]): Chart[] {
  const lines = (key: keyof RunCurve["adversarial"]["values"], name: string, color: ChartLine["color"]) =>
    courseLines(curves, (curve) => curve.adversarial, key, name, color);
  const common = { xLabel: "iteration", xKind: "iteration" as const, marks: marks(curves[0]!.adversarial) },
    isPenalised = curves.some(({ adversarial }) => adversarial.values.gradientPenalty.some((v) => v !== 0));
  return [
    {
      ...common,
      id: "losses",
      title: "Loss",
      lines: [...lines("criticLoss", "critic", "blue"), ...lines("volumeLoss", "volume", "orange")],
    },
    {
      ...common,
      id: "logits",
      title: "Mean output of the critic",
      lines: [...lines("realLogit", "real", "blue"), ...lines("fakeLogit", "simulated", "orange")],
    },
    ...(isPenalised
      ? [{ ...common, id: "penalty", title: "Gradient penalty", lines: lines("gradientPenalty", "penalty", "green") }]
      : []),
    {
      ...common,
      id: "amplitude",
      title: "Signal amplitude relative to the data's",
      lines: lines("signalAmplitude", "amplitude", "purple"),
    },
  ];
}

/** Of curves that have stages of refinement, at least one. */
export function likelihoodChart(curves: readonly RunCurve[]): Chart {
  return {
    id: "likelihood",
    title: "Log-likelihood of an image, relative to noise alone",
    xLabel: "pass over the particles",
    xKind: "pass",
    marks: marks(curves[0]!.refinement),
    lines: courseLines(curves, (curve) => curve.refinement, "logLikelihood", "log-likelihood", "blue"),
  };
}

/** A curve of one is not to be read as one of the other. */
export const comparisonWords: Record<Comparison, string> = {
  halfMaps: "half-maps",
  reference: "map and reference",
};

/** @param comparison absent: not known */
export function fscChart(fsc: FscResult, comparison?: Comparison): Chart {
  const curve = (
    label: string,
    y: readonly number[] | undefined,
    color: ChartLine["color"],
    dash?: ChartLine["dash"],
  ): ChartLine[] => (y ? [{ label, x: fsc.frequency, y, color, dash }] : []);
  return {
    id: "fsc",
    title: `Fourier shell correlation${comparison ? ` of ${comparisonWords[comparison]}` : ""}`,
    xLabel: "resolution (Å)",
    xKind: "resolution",
    yRange: [-0.1, 1.05],
    lines: [
      ...curve("unmasked", fsc.fsc, "blue"),
      ...curve("masked", fsc.fscMasked, "orange"),
      ...curve("masked, corrected", fsc.fscCorrected, "green"),
      ...curve("phases randomised", fsc.fscPhaseRandomised, "text", [6, 4]),
    ],
    levels: [
      { y: 0.5, label: "0.5" },
      { y: 0.143, label: "0.143" },
    ],
  };
}

/** What the curve that the resolution is read from is called. */
export const curveWords: Record<FscResult["resolutionCurve"], string> = {
  fsc: "unmasked",
  fscMasked: "masked",
  fscCorrected: "corrected",
};

/** Where the curve that the resolution is read from falls below 0.5 and 0.143. */
export function resolutionText(fsc: FscResult): string {
  const curve = `The ${curveWords[fsc.resolutionCurve]} curve`;
  if (fsc.resolution05OrBetter) return `${curve} ${crossingText("0.5 and 0.143", fsc.resolution0143Angstrom, true)}.`;
  const at05 = crossingText("0.5", fsc.resolution05Angstrom, fsc.resolution05OrBetter),
    at0143 = crossingText("0.143", fsc.resolution0143Angstrom, fsc.resolution0143OrBetter);
  return `${curve} ${at05} and ${at0143}.`;
}

/** "falls below 0.5 at 8.1 Å", as `crossingResolution` of evaluate/fsc.ts found it. */
function crossingText(threshold: string, angstrom: number | null, orBetter: boolean): string {
  if (angstrom === null) return `is below ${threshold} from the first shell on`;
  return orBetter
    ? `stays above ${threshold} to its end: ${formatResolution(angstrom)} or better`
    : `falls below ${threshold} at ${formatResolution(angstrom)}`;
}

export function spectraChart(spectra: RunSpectra): Chart {
  return {
    id: "spectra",
    title: "Power by resolution",
    xLabel: "resolution (Å)",
    xKind: "resolution",
    yLog: true,
    lines: [
      { label: "noise", x: spectra.frequency, y: spectra.noisePower, color: "blue" },
      { label: "signal (molecule)", x: spectra.frequency, y: spectra.signalPower, color: "orange" },
    ],
  };
}
