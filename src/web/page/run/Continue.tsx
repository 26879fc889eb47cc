import { formatDuration } from "../../../base/format.ts";
import { furtherOptions } from "../../live/goingOn.ts";
import type { RunForm } from "../../live/source.ts";
import { fields } from "../form/fields.ts";
import { useFields } from "../form/useFields.tsx";
import type { Page } from "../page.ts";

interface ContinueProps {
  page: Page;
  id: string;
  /** The options that the run was asked for, as typed. */
  asked: RunForm;
  elapsedSeconds: number | undefined;
  /** It has come to its end, so that nothing is left to do unless more is asked for. */
  isDone: boolean;
  onEnd: () => void;
}

const further = fields.filter(({ name }) => (furtherOptions as readonly string[]).includes(name));

/** A run goes on from where it is, with more time or to a finer resolution. */
export function Continue({ page, id, asked, elapsedSeconds, isDone, onEnd }: ContinueProps) {
  const { rows, problem, busy, submit } = useFields(
    further,
    async (form) => {
      if (isDone && Object.keys(form).length === 0)
        throw new Error("The run has done what it was asked for: give more time, or a finer resolution.");
      await page.source.resume(id, form);
      onEnd();
    },
    Object.fromEntries(Object.entries(asked).map(([name, value]) => [name, `${String(value)}, as before`])),
  );
  return (
    <form class="continue" noValidate aria-label="Continue the run" onSubmit={submit}>
      <p class="note">
        The run goes on from its last map and poses.
        {elapsedSeconds === undefined ? "" : ` It has taken ${formatDuration(elapsedSeconds)}, which counts.`}
        {" What is left empty stays as it was."}
      </p>
      {problem}
      {rows}
      <div class="actions">
        <button class="primary" type="submit" disabled={busy}>
          {busy ? "Starting…" : "Continue"}
        </button>
        <button type="button" onClick={onEnd}>
          Cancel
        </button>
      </div>
    </form>
  );
}
