import type { RunEvent } from "../reconstruct/events.ts";
import { formatCount, formatDuration, formatNumber } from "./format.ts";

type StageEvent = Extract<RunEvent, { type: "stage" }>;
type ProgressEvent = Extract<RunEvent, { type: "progress" }>;

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

const linesEveryMs = 10_000;
const redrawEveryMs = 100;
/** The rate is taken over this much computing time, to follow changes without flicker. */
const rateWindowSeconds = 10;

/** A consumer of the events of a run that shows how far it is. Call it with every event, in order. */
export function createProgress({ mode, output, now = () => performance.now() }: ProgressOptions): (event: RunEvent) => void {
  if (mode === "json") return (event) => output.write(`${JSON.stringify(event)}\n`);

  const rate = createRate();
  let stage: StageEvent | undefined;
  let drawnLines = 0;
  let lastShown = -Infinity;

  const erase = () => {
    if (drawnLines > 0) output.write(`\x1b[${drawnLines}A\x1b[0J`);
    drawnLines = 0;
  };
  const show = (event: ProgressEvent) => {
    const perSecond = rate(event);
    const due = mode === "live" ? redrawEveryMs : linesEveryMs;
    const done = event.iteration >= event.iterations;
    if (now() - lastShown < due && !(mode === "live" && done)) return;
    lastShown = now();
    if (mode === "lines") return output.write(`${progressLine(event, stage, perSecond)}\n`);
    const block = progressBlock(event, stage, perSecond).map((line) => line.slice(0, (output.columns ?? 80) - 1));
    erase();
    output.write(block.map((line) => `${line}\n`).join(""));
    drawnLines = block.length;
  };

  return (event) => {
    if (event.type === "stage") {
      stage = event;
      lastShown = -Infinity; // the first progress of a stage is shown at once
    }
    if (event.type === "progress") return show(event);
    const line = milestoneLine(event);
    if (line === undefined) return;
    erase();
    output.write(`${line}\n`);
  };
}

/** Iterations per second of computation over the last `rateWindowSeconds`; undefined until two events of a stage are in. */
function createRate(): (event: ProgressEvent) => number | undefined {
  let recent: ProgressEvent[] = [];
  return (event) => {
    const last = recent.at(-1);
    if (last && (last.stage !== event.stage || last.half !== event.half || last.iteration >= event.iteration)) recent = [];
    recent.push(event);
    while (recent.length > 2 && event.elapsedSeconds - recent[1]!.elapsedSeconds >= rateWindowSeconds) recent.shift();
    const first = recent[0]!;
    const seconds = event.elapsedSeconds - first.elapsedSeconds;
    return seconds > 0 ? (event.iteration - first.iteration) / seconds : undefined;
  };
}

/** Lines that stay on the screen. */
function milestoneLine(event: Exclude<RunEvent, ProgressEvent>): string | undefined {
  switch (event.type) {
    case "start":
      return (
        `${halfPrefix(event)}${formatCount(event.particles)} particles, box ${event.boxSize} px, ` +
        `${formatNumber(event.pixelSizeAngstrom, 4)} Å per pixel, symmetry ${event.symmetry}, ${event.device}, seed ${event.seed}`
      );
    case "stage":
      return (
        `${halfPrefix(event)}stage ${event.stage}/${event.stages} ${event.kind}: box ${event.boxSize} px, ` +
        `to ${formatNumber(event.resolutionAngstrom)} Å, ${formatCount(event.iterations)} iterations`
      );
    case "warning":
      return `warning: ${event.message}`;
    case "finished": {
      const resolution = event.resolutionAngstrom === undefined ? "" : ` (${formatNumber(event.resolutionAngstrom)} Å)`;
      return `finished in ${formatDuration(event.elapsedSeconds)}: ${event.map}${resolution}`;
    }
    case "checkpoint":
    case "map":
      return undefined;
  }
}

const halfPrefix = (event: { half?: 1 | 2 }) => (event.half === undefined ? "" : `half ${event.half}: `);
const stageName = (event: ProgressEvent, stage: StageEvent | undefined) =>
  `${halfPrefix(event)}stage ${event.stage}${stage ? `/${stage.stages}` : ""}`;
const perSecondText = (rate: number | undefined) => (rate === undefined ? "" : `${formatNumber(rate)} it/s`);
const signed = (x: number) => (x > 0 ? `+${formatNumber(x)}` : formatNumber(x));

function progressLine(event: ProgressEvent, stage: StageEvent | undefined, rate: number | undefined): string {
  return [
    stageName(event, stage),
    `${event.iteration}/${event.iterations}`,
    perSecondText(rate),
    `loss critic ${formatNumber(event.criticLoss)} volume ${formatNumber(event.volumeLoss)}`,
    `logits real ${signed(event.realLogit)} fake ${signed(event.fakeLogit)}`,
    `elapsed ${formatDuration(event.elapsedSeconds)} left ${formatDuration(event.remainingSeconds)}`,
  ]
    .filter((part) => part !== "")
    .join("  ");
}

function progressBlock(event: ProgressEvent, stage: StageEvent | undefined, rate: number | undefined): string[] {
  const fraction = event.iterations > 0 ? Math.min(1, event.iteration / event.iterations) : 0;
  const filled = Math.round(24 * fraction);
  const where = stage ? `  ${stage.kind}  box ${stage.boxSize} px  to ${formatNumber(stage.resolutionAngstrom)} Å` : "";
  return [
    `${stageName(event, stage)}${where}`,
    `${"█".repeat(filled)}${"░".repeat(24 - filled)} ${String(Math.floor(100 * fraction)).padStart(3)} %  ` +
      `${event.iteration}/${event.iterations}  ${perSecondText(rate)}`,
    `loss    critic ${formatNumber(event.criticLoss).padEnd(9)} volume ${formatNumber(event.volumeLoss).padEnd(9)} ` +
      `penalty ${formatNumber(event.gradientPenalty)}`,
    `logits  real   ${signed(event.realLogit).padEnd(9)} fake   ${signed(event.fakeLogit).padEnd(9)} ` +
      `signal  ${formatNumber(event.signalAmplitude)}`,
    `elapsed ${formatDuration(event.elapsedSeconds)}  left ${formatDuration(event.remainingSeconds)}`,
  ];
}
