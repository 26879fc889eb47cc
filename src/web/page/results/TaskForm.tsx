import { useState } from "preact/hooks";
import { FormError, type RunForm } from "../../live/source.ts";
import { type TaskKind, taskFields } from "../../live/tasks.ts";
import { Field } from "../form/Field.tsx";
import { filledIn } from "../form/validate.ts";

interface TaskFormProps {
  kind: TaskKind;
  /** On the button. */
  action: string;
  begin: (form: RunForm) => Promise<void>;
}

/** The options of a command that is run on a finished map, and a button. */
export function TaskForm({ kind, action, begin }: TaskFormProps) {
  const [values, setValues] = useState<RunForm>({});
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblems({});
    try {
      await begin(filledIn(values));
    } catch (error) {
      setProblems(error instanceof FormError ? error.fields : { "": (error as Error).message });
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="task" noValidate onSubmit={(event) => void submit(event)}>
      <div class="columns">
        {taskFields[kind].map((field) => (
          <Field
            key={field.name}
            field={field}
            value={values[field.name]}
            problem={problems[field.name]}
            onChange={(value) => setValues({ ...values, [field.name]: value })}
          />
        ))}
      </div>
      {problems[""] && (
        <p class="problem" role="alert">
          {problems[""]}
        </p>
      )}
      <p class="actions">
        <button type="submit" disabled={busy}>
          {busy ? "Working…" : action}
        </button>
      </p>
    </form>
  );
}
