import { useState } from "preact/hooks";
import { isActive } from "../../../slurm/job.ts";
import type { RunSummary } from "../../live/source.ts";
import { go, type Page } from "../page.ts";

interface ActionsProps {
  page: Page;
  run: RunSummary;
  /** Whether the run has told its options. */
  isKnown: boolean;
  onContinue: () => void;
}

/** What can be done to a run as it stands. */
export function Actions({ page, run, isKnown, onContinue }: ActionsProps) {
  const [busy, setBusy] = useState(false);
  const { source } = page;
  const act = (what: (id: string) => Promise<void>) => {
    setBusy(true);
    what(run.id)
      .catch((error: Error) => {
        page.problem.value = error.message;
      })
      .finally(() => setBusy(false));
  };
  const isJob = run.job !== undefined && isActive(run.job),
    works = run.state === "running" || isJob,
    isHalted = run.state === "stopped" || run.state === "failed";
  return (
    <>
      {works && source.may.stop && (
        <button type="button" disabled={busy} onClick={() => act((id) => source.stop(id))}>
          {isJob ? (busy ? "Cancelling…" : "Cancel job") : busy ? "Stopping…" : "Stop"}
        </button>
      )}
      {!works && isHalted && source.may.start && (
        <button type="button" disabled={busy} onClick={() => act((id) => source.resume(id))}>
          {busy ? "Resuming…" : "Resume"}
        </button>
      )}
      {!works && run.state !== "failed" && isKnown && source.may.start && (
        <button type="button" onClick={onContinue}>
          Continue…
        </button>
      )}
      {isKnown && source.may.start && (
        <button type="button" onClick={() => go(page, { form: true, clone: run.id })}>
          Clone and edit
        </button>
      )}
    </>
  );
}
