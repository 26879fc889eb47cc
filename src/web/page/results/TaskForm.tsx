import type { RunForm } from "../../live/source.ts";
import { type TaskKind, taskFields } from "../../live/tasks.ts";
import { useFields } from "../form/useFields.tsx";

interface TaskFormProps {
  kind: TaskKind;
  /** On the button. */
  action: string;
  begin: (form: RunForm) => Promise<void>;
}

/** The options of a command that is run on a finished map, and a button. */
export function TaskForm({ kind, action, begin }: TaskFormProps) {
  const { rows, problem, busy, submit } = useFields(taskFields[kind], begin);
  return (
    <form class="task" noValidate onSubmit={submit}>
      {rows}
      {problem}
      <p class="actions">
        <button type="submit" disabled={busy}>
          {busy ? "Working…" : action}
        </button>
      </p>
    </form>
  );
}
