/** Events and states in words. */
import { formatCount, formatDuration, formatNumber, formatResolution } from "../../../base/format.ts";
import { classesText } from "../../../charts/classCharts.ts";
import { choiceText } from "../../../reconstruct/folder/choiceText.ts";
import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import { methodText } from "../../../reconstruct/method.ts";
import { verdictText } from "../../../reconstruct/verdict/verdict.ts";
import type { RunState } from "../../live/source.ts";
import type { RunProgress } from "./progress.ts";

export const stateWords: Record<RunState, string> = {
  queued: "queued",
  running: "running",
  stopped: "stopped",
  finished: "finished",
  found: "found",
  uncertain: "uncertain",
  notFound: "nothing found",
  failed: "failed",
};

export const kindWords = {
  adversarial: "adversarial",
  refinement: "refinement over all poses",
  local: "refinement near known poses",
  motion: "components of the motion",
  series: "maps along a component",
} as const;

/** One of them, and several. */
const stepWords = {
  adversarial: ["iteration", "iterations"],
  refinement: ["pass", "passes"],
  local: ["pass", "passes"],
  motion: ["pass", "passes"],
  series: ["pass", "passes"],
} as const;

export interface LogLine {
  time: string;
  kind: "step" | "warning" | "file";
  text: string;
}

/**
 * The log of a run: what happened, without the progress between. Of particles being read only the beginning is told.
 */
export function logLines(events: readonly RunEvent[]): LogLine[] {
  return events.flatMap((event, i) => {
    const previous = events[i - 1];
    if (event.type === "progress" && event.logLikelihood === undefined) return [];
    if (
      event.type === "loading" &&
      previous?.type === "loading" &&
      previous.half === event.half &&
      event.done >= previous.done
    )
      return [];
    return [
      {
        time: event.time,
        kind:
          event.type === "warning" ||
          event.type === "failed" ||
          (event.type === "finished" && event.verdict !== undefined && event.verdict.kind !== "found")
            ? "warning"
            : event.type === "checkpoint" || event.type === "map" || event.type === "density"
              ? "file"
              : "step",
        text: eventText(event),
      },
    ];
  });
}

function eventText(event: RunEvent): string {
  const half = "half" in event && event.half !== undefined ? `Half ${event.half}: ` : "";
  const sentence = (text: string) => (half ? half + text : text[0]!.toUpperCase() + text.slice(1));
  switch (event.type) {
    case "start":
      return sentence(
        `${formatCount(event.particles)} particles, box ${event.boxSize} px, ` +
          `${formatNumber(event.pixelSizeAngstrom, 4)} Å per pixel, ` +
          `symmetry ${event.symmetry}, ` +
          (event.method === undefined ? "" : `${methodText[event.method]}, `) +
          `${event.device.split(":")[0]}, seed ${event.seed}`,
      );
    case "loading":
      return sentence(`reading ${formatCount(event.particles)} particles`);
    case "stage":
      return sentence(
        `stage ${event.stage} of ${event.stages}, ${startText(event)}${kindWords[event.kind]}: ` +
          `box ${event.boxSize} px, to ${formatNumber(event.resolutionAngstrom)} Å, ` +
          `${event.iterations} ${stepWords[event.kind][event.iterations === 1 ? 0 : 1]}`,
      );
    case "progress":
      return sentence(
        `pass ${formatNumber(event.iteration)} of ${event.iterations}: ` +
          `log-likelihood ${formatNumber(event.logLikelihood!, 5)}` +
          (event.shares ? `, shares ${event.shares.map((share) => formatNumber(100 * share)).join(", ")} %` : ""),
      );
    case "checkpoint":
      return sentence(`checkpoint written`);
    case "density":
      return sentence("density written: density.mrc");
    case "choice":
      return sentence(choiceText(event));
    case "map":
      return sentence(`map written: ${event.path}`);
    case "warning":
      return half + event.message;
    case "stopped":
      return "Stopped";
    case "failed":
      return `Failed: ${event.message}`;
    case "finished":
      return (
        `Finished in ${formatDuration(event.elapsedSeconds)}` +
        (event.resolutionAngstrom === undefined ? "" : `, ${resolutionOf(event)}`) +
        (event.verdict === undefined ? "" : `; ${verdictText(event.verdict)}: ${event.verdict.reason}`)
      );
  }
}

/** "start 2 of 3, "; empty where there is one alone. */
const startText = ({ start, starts }: Extract<RunEvent, { type: "stage" }>) =>
  starts === undefined ? "" : `start ${start} of ${starts}, `;

/** "7.61 Å (FSC 0.143)", of an event that has a resolution. */
const resolutionOf = ({ resolutionAngstrom, resolutionOrBetter }: Extract<RunEvent, { type: "finished" }>) =>
  `${formatResolution(resolutionAngstrom!, resolutionOrBetter)} (FSC 0.143)`;

/** What the run does at the moment: "Half 2 · stage 5 of 13, refinement over all poses to 22 Å · pass 3 of 20". */
export function nowText({ stage, now, finished }: RunProgress): string {
  if (finished) {
    const workedTo = `worked to ${formatNumber(finished.finestAngstrom)} Å`;
    if (finished.resolutionAngstrom === undefined) return workedTo;
    return finished.resolutionOrBetter ? resolutionOf(finished) : `${resolutionOf(finished)} · ${workedTo}`;
  }
  const half = now?.half === undefined ? "" : `half ${now.half} · `;
  if (now?.type === "loading")
    return `${half}reading particles, ${formatCount(now.done)} of ${formatCount(now.particles)}`;
  if (!stage) return "";
  const step =
    now && now.stage === stage.stage
      ? ` · ${stage.kind === "adversarial" ? "iteration" : "pass"} ` +
        `${formatCount(Math.ceil(now.iteration))} of ${now.iterations}`
      : "";
  return (
    `${half}stage ${stage.stage} of ${stage.stages}, ${startText(stage)}` +
    `${kindWords[stage.kind]} to ${formatNumber(stage.resolutionAngstrom)} Å${step}`
  );
}

export const hasClasses = (events: readonly RunEvent[]): boolean =>
  events.some((event) => event.type === "start" && classesText(event) !== undefined);

/** From the first step of `--motion` on. */
export const hasMotion = (events: readonly RunEvent[]): boolean =>
  events.some(
    (event) =>
      (event.type === "stage" && (event.kind === "motion" || event.kind === "series")) ||
      (event.type === "finished" && event.motion !== undefined),
  );
