import { formatCount, formatDuration, formatNumber, formatResolution } from "../base/format.ts";
import { oneLine, printable, printableJson } from "../base/printable.ts";
import { choiceText } from "../reconstruct/folder/choiceText.ts";
import type { RunEvent } from "../reconstruct/folder/events.ts";
import { methodText } from "../reconstruct/method.ts";
import { type VerdictKind, verdictText } from "../reconstruct/verdict/verdict.ts";

type StageEvent = Extract<RunEvent, { type: "stage" }>;
type ProgressEvent = Extract<RunEvent, { type: "progress" }>;
type LoadingEvent = Extract<RunEvent, { type: "loading" }>;

export interface ProgressOutput {
  write(text: string): void;
  /** Width of the terminal; read anew at every drawing, as windows are resized. */
  readonly columns?: number | undefined;
}

export interface ProgressOptions {
  /**
   * json: the events themselves, one per line. live: a block that is rewritten in place, for terminals.
   * lines: one line per stage and about every ten seconds, for log files.
   */
  mode: "json" | "live" | "lines";
  output: ProgressOutput;
  /** Milliseconds of a steady clock. */
  now?: () => number;
}

/** Green, amber and red. */
const colours: Record<VerdictKind, string> = { found: "\x1b[32m", uncertain: "\x1b[33m", notFound: "\x1b[31m" },
  plain = "\x1b[0m";
const linesEveryMs = 10_000;
const redrawEveryMs = 100;
/** The rate is taken over this much computing time, to follow changes without flicker. */
const rateWindowSeconds = 10;

/** A consumer of the events of a run that shows how far it is. Call it with every event, in order. */
export function createProgress({
  mode,
  output,
  now = () => performance.now(),
}: ProgressOptions): (event: RunEvent) => void {
  if (mode === "json") return (event) => output.write(`${printableJson(JSON.stringify(event))}\n`);

  const rate = createRate();
  let stage: StageEvent | undefined;
  let drawnLines = 0;
  let lastShown = -Infinity;
  /** Only the last event of a pass of refinement has one; shown until the next. */
  let logLikelihood: number | undefined;

  const erase = () => {
    if (drawnLines > 0) output.write(`\x1b[${drawnLines}A\x1b[0J`);
    drawnLines = 0;
  };
  const isDue = (urgent: boolean) => {
    if (!urgent && now() - lastShown < (mode === "live" ? redrawEveryMs : linesEveryMs)) return false;
    lastShown = now();
    return true;
  };
  const draw = (lines: readonly string[]) => {
    erase();
    output.write(lines.map((line) => `${printable(line).slice(0, (output.columns ?? 80) - 1)}\n`).join(""));
    drawnLines = lines.length;
  };
  const showLoading = (event: LoadingEvent) => {
    if (!isDue(false)) return;
    const line = `${halfPrefix(event)}reading particles ${formatCount(event.done)}/${formatCount(event.particles)}`;
    if (mode === "live") draw([line]);
    else output.write(`${line}\n`);
  };
  const showProgress = (progress: ProgressEvent) => {
    const perSecond = rate(progress);
    logLikelihood = progress.logLikelihood ?? logLikelihood;
    if (!isDue(mode === "live" && progress.iteration >= progress.iterations)) return;
    const event = { ...progress, logLikelihood };
    if (mode === "live") draw(progressBlock(event, stage, perSecond));
    else output.write(`${progressLine(event, stage, perSecond)}\n`);
  };

  return (event) => {
    if (event.type === "loading") return showLoading(event);
    if (event.type === "progress") return showProgress(event);
    if (event.type === "stage") {
      stage = event;
      logLikelihood = undefined;
      lastShown = -Infinity; // the first progress of a stage is shown at once
    }
    const line = milestoneLine(event);
    if (line === undefined) return;
    erase();
    output.write(`${printable(line)}\n`);
    if (event.type !== "finished" || !event.verdict) return;
    const { verdict } = event,
      text = printable(`${verdictText(verdict)}: ${oneLine(verdict.reason)}`);
    output.write(mode === "live" ? `${colours[verdict.kind]}${text}${plain}\n` : `${text}\n`);
  };
}

/**
 * Iterations per second of computation over the last `rateWindowSeconds`; undefined until two events of a stage are in.
 */
function createRate(): (event: ProgressEvent) => number | undefined {
  let recent: ProgressEvent[] = [];
  return (event) => {
    const last = recent.at(-1);
    if (last && (last.stage !== event.stage || last.half !== event.half || last.iteration >= event.iteration))
      recent = [];
    recent.push(event);
    while (recent.length > 2 && event.elapsedSeconds - recent[1]!.elapsedSeconds >= rateWindowSeconds) recent.shift();
    const first = recent[0]!;
    const seconds = event.elapsedSeconds - first.elapsedSeconds;
    return seconds > 0 ? (event.iteration - first.iteration) / seconds : undefined;
  };
}

/** Lines that stay on the screen. */
function milestoneLine(event: Exclude<RunEvent, ProgressEvent | LoadingEvent>): string | undefined {
  switch (event.type) {
    case "start":
      return (
        `${halfPrefix(event)}${formatCount(event.particles)} particles, box ${event.boxSize} px, ` +
        `${formatNumber(event.pixelSizeAngstrom, 4)} Å per pixel, ` +
        `symmetry ${event.symmetry}, ` +
        (event.method === undefined ? "" : `${methodText[event.method]}, `) +
        (event.maskDiameterAngstrom === undefined ? "" : `mask ${event.maskDiameterAngstrom.toFixed(0)} Å wide, `) +
        (event.shiftSigmaAngstrom === undefined
          ? ""
          : `shifts of ${formatNumber(event.shiftSigmaAngstrom, 2)} Å (1 sigma), `) +
        `${event.device}, seed ${event.seed}`
      );
    case "stage":
      return (
        `${halfPrefix(event)}stage ${event.stage}/${event.stages} ${event.kind}` +
        `${event.starts === undefined ? "" : `, start ${event.start} of ${event.starts}`}: box ${event.boxSize} px, ` +
        `to ${formatNumber(event.resolutionAngstrom)} Å, ${stepCount(event)}`
      );
    case "choice":
      return `${halfPrefix(event)}${choiceText(event)}`;
    case "warning":
      return `warning: ${halfPrefix(event)}${oneLine(event.message)}`;
    case "finished": {
      const resolution =
        event.resolutionAngstrom === undefined
          ? ""
          : `, resolution ${formatResolution(event.resolutionAngstrom, event.resolutionOrBetter)} (FSC 0.143)`;
      return `finished in ${formatDuration(event.elapsedSeconds)}: ${event.map}${resolution}`;
    }
    case "checkpoint":
    case "density":
    case "map":
    case "stopped":
    case "failed":
      return undefined;
  }
}

const halfPrefix = (event: { half?: 1 | 2 }) => (event.half === undefined ? "" : `half ${event.half}: `);
const stageName = (event: ProgressEvent, stage: StageEvent | undefined) =>
  `${halfPrefix(event)}stage ${event.stage}${stage ? `/${stage.stages}` : ""}`;
/** An adversarial iteration is a few batches, one of refinement a pass over the particles. */
function stepCount({ kind, iterations }: StageEvent): string {
  const [one, several] = kind === "adversarial" ? ["iteration", "iterations"] : ["pass", "passes"];
  return `${formatCount(iterations)} ${iterations === 1 ? one : several}`;
}
const signed = (x: number) => (x > 0 ? `+${formatNumber(x)}` : formatNumber(x));

/** Iterations done and their rate, or the pass that is going on. */
function position(event: ProgressEvent, rate: number | undefined): string {
  if (!isAdversarial(event))
    return `pass ${Math.min(event.iterations, Math.floor(event.iteration) + 1)}/${event.iterations}`;
  return `${event.iteration}/${event.iterations}${rate === undefined ? "" : `  ${formatNumber(rate)} it/s`}`;
}

type AdversarialKey = "criticLoss" | "volumeLoss" | "realLogit" | "fakeLogit" | "gradientPenalty" | "signalAmplitude";
const isAdversarial = (event: ProgressEvent): event is ProgressEvent & Required<Pick<ProgressEvent, AdversarialKey>> =>
  event.criticLoss !== undefined;

function progressLine(event: ProgressEvent, stage: StageEvent | undefined, rate: number | undefined): string {
  const state = isAdversarial(event)
    ? [
        `loss critic ${formatNumber(event.criticLoss)} volume ${formatNumber(event.volumeLoss)}`,
        `logits real ${signed(event.realLogit)} fake ${signed(event.fakeLogit)}`,
      ]
    : [
        `${Math.floor(100 * fractionDone(event))} %`,
        ...(event.logLikelihood === undefined ? [] : [`log-likelihood ${signed(event.logLikelihood)}`]),
      ];
  return [stageName(event, stage), position(event, rate), ...state, times(event)].join("  ");
}

function progressBlock(event: ProgressEvent, stage: StageEvent | undefined, rate: number | undefined): string[] {
  const filled = Math.round(24 * fractionDone(event));
  const where = stage ? `  ${stage.kind}  box ${stage.boxSize} px  to ${formatNumber(stage.resolutionAngstrom)} Å` : "";
  const state = isAdversarial(event)
    ? [
        `loss    critic ${formatNumber(event.criticLoss).padEnd(9)} ` +
          `volume ${formatNumber(event.volumeLoss).padEnd(9)} ` +
          `penalty ${formatNumber(event.gradientPenalty)}`,
        `logits  real   ${signed(event.realLogit).padEnd(9)} fake   ${signed(event.fakeLogit).padEnd(9)} ` +
          (event.heldOutLogit === undefined ? "" : `held out ${signed(event.heldOutLogit).padEnd(7)} `) +
          `signal  ${formatNumber(event.signalAmplitude)}` +
          (event.noiseScale === undefined ? "" : `  noise ${formatNumber(event.noiseScale)}`),
      ]
    : [
        "log-likelihood of an image, relative to noise alone: " +
          `${event.logLikelihood === undefined ? "after the first pass" : signed(event.logLikelihood)}`,
      ];
  return [
    `${stageName(event, stage)}${where}`,
    `${"█".repeat(filled)}${"░".repeat(24 - filled)} ` +
      `${String(Math.floor(100 * fractionDone(event))).padStart(3)} %  ${position(event, rate)}`,
    ...state,
    times(event),
  ];
}

const fractionDone = ({ iteration, iterations }: ProgressEvent) =>
  iterations > 0 ? Math.min(1, iteration / iterations) : 0;
const times = (event: ProgressEvent) =>
  `elapsed ${formatDuration(event.elapsedSeconds)}  left ${formatDuration(event.remainingSeconds)}`;
