import { useState } from "preact/hooks";
import { formatDuration } from "../../../base/format.ts";
import { furtherOptions } from "../../live/goingOn.ts";
import { FormError, type RunForm } from "../../live/source.ts";
import { Field } from "../form/Field.tsx";
import { fields } from "../form/fields.ts";
import { filledIn } from "../form/validate.ts";
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
  const [values, setValues] = useState<RunForm>({});
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const form = filledIn(values);
    if (isDone && Object.keys(form).length === 0)
      return setProblems({ "": "The run has done what it was asked for: give more time, or a finer resolution." });
    setBusy(true);
    try {
      await page.source.resume(id, form);
      onEnd();
    } catch (error) {
      setProblems(error instanceof FormError ? error.fields : { "": (error as Error).message });
      setBusy(false);
    }
  };
  return (
    <form class="continue" noValidate aria-label="Continue the run" onSubmit={(event) => void submit(event)}>
      <p class="note">
        The run goes on from its last map and poses.
        {elapsedSeconds === undefined ? "" : ` It has taken ${formatDuration(elapsedSeconds)}, which counts.`}
        {" What is left empty stays as it was."}
      </p>
      {problems[""] && (
        <p class="problem" role="alert">
          {problems[""]}
        </p>
      )}
      <div class="columns">
        {further.map((field) => (
          <Field
            key={field.name}
            field={field}
            value={values[field.name]}
            problem={problems[field.name]}
            {...(asked[field.name] === undefined ? {} : { placeholder: `${String(asked[field.name])}, as before` })}
            onChange={(value) => setValues({ ...values, [field.name]: value })}
          />
        ))}
      </div>
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
