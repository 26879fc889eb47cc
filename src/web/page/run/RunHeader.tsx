import { useEffect, useState } from "preact/hooks";
import { formatCount, formatDuration, formatNumber } from "../../../base/format.ts";
import { classesText } from "../../../charts/classCharts.ts";
import type { RunEvent } from "../../../reconstruct/folder/events.ts";
import { methodText } from "../../../reconstruct/method.ts";
import { type Verdict, verdictText } from "../../../reconstruct/verdict/verdict.ts";
import { jobText } from "../../../slurm/job.ts";
import type { RunSummary } from "../../live/source.ts";
import { optionsAsked } from "../form/clone.ts";
import { go, nameOf, type Page } from "../page.ts";
import { Actions } from "./Actions.tsx";
import { Continue } from "./Continue.tsx";
import { useJson } from "./files.ts";
import { runProgress } from "./progress.ts";
import { kindWords, nowText, stateWords } from "./words.ts";

export function RunHeader({ page, run, events }: { page: Page; run: RunSummary; events: readonly RunEvent[] }) {
  const progress = runProgress(events);
  const { start, stage, finished, remainingSeconds, elapsedSeconds } = progress,
    method = finished?.method ?? start?.method;
  const stageKey = `${run.state} ${stage?.stage} ${stage?.half}`;
  useEffect(() => {
    if (events.length === 0) return;
    const where =
      run.state === "running" && stage ? `, stage ${stage.stage} of ${stage.stages}, ${kindWords[stage.kind]}` : "";
    page.announcement.value = `${nameOf(page, run)}: ${stateWords[run.state]}${where}`;
  }, [run.id, stageKey, events.length > 0]);
  const facts = [
    start && `${formatCount(start.particles)} particles${start.half ? " in each half" : ""}`,
    start && `${start.boxSize} px, ${formatNumber(start.pixelSizeAngstrom, 4)} Å per pixel`,
    start && classesText(start),
    start && `symmetry ${start.symmetry}`,
    method && methodText[method],
    progress.logLikelihood !== undefined && `log-likelihood ${formatNumber(progress.logLikelihood, 4)}`,
  ].filter((fact) => typeof fact === "string");
  const config = useJson<Record<string, unknown>>(page, run.id, "config.json", events).value,
    asked = config && optionsAsked(config);
  const [continuing, setContinuing] = useState(false);
  const percent = Math.round(100 * progress.fraction);
  return (
    <header class="run-header">
      <div class="title">
        <h2 title={run.name}>{nameOf(page, run)}</h2>
        <span class={`state ${run.state}`}>{stateWords[run.state]}</span>
        <Actions page={page} run={run} isKnown={asked !== undefined} onContinue={() => setContinuing(true)} />
      </div>
      <p class="facts">{facts.join(" · ") || "Nothing is known of this run."}</p>
      <div class="progress">
        <progress max="100" value={percent} aria-label="progress of the run" />
        <span class="times">
          {elapsedSeconds !== undefined && formatDuration(elapsedSeconds)}
          {run.state === "running" && remainingSeconds !== undefined && ` · ${formatDuration(remainingSeconds)} left`}
        </span>
      </div>
      <p class="now">{run.message ? <strong>{run.message}</strong> : nowText(progress) || " "}</p>
      {run.job && <p class="job">{jobText(run.job)}</p>}
      <CompareChoice page={page} run={run} />
      {continuing && asked && (
        <Continue
          page={page}
          id={run.id}
          asked={asked}
          elapsedSeconds={elapsedSeconds}
          isDone={finished !== undefined}
          onEnd={() => setContinuing(false)}
        />
      )}
      {progress.finished?.verdict && <VerdictLine verdict={progress.finished.verdict} />}
    </header>
  );
}

function VerdictLine({ verdict }: { verdict: Verdict }) {
  return (
    <p class={`verdict ${verdict.kind}`}>
      <strong>{verdictText(verdict)}</strong>: {verdict.reason}
    </p>
  );
}

function CompareChoice({ page, run }: { page: Page; run: RunSummary }) {
  const others = (page.runs.value ?? []).filter(({ id }) => id !== run.id);
  if (others.length === 0) return null;
  return (
    <label class="compare">
      Compare with{" "}
      <select
        value={page.address.value.compare ?? ""}
        onChange={(event) => go(page, { compare: event.currentTarget.value || undefined })}
      >
        <option value="">no other run</option>
        {others.map((other) => (
          <option key={other.id} value={other.id}>
            {nameOf(page, other)}
          </option>
        ))}
      </select>
    </label>
  );
}
