import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { FormField } from "../../live/formField.ts";
import { problemsIn, type RunForm } from "../../live/source.ts";
import { Field } from "./Field.tsx";
import { filledIn } from "./validate.ts";

interface Fields {
  /** The options, each with what is wrong with it. */
  rows: ComponentChildren;
  /** What is wrong with none of them. */
  problem: ComponentChildren;
  busy: boolean;
  submit: (event: Event) => void;
}

/**
 * Some options to be filled in, and what begins with them.
 * @param begin        told what was typed; what it throws is told where it belongs
 * @param placeholders in place of defaults, by option
 */
export function useFields(
  fields: readonly FormField[],
  begin: (form: RunForm) => Promise<void>,
  placeholders: Readonly<Record<string, string>> = {},
): Fields {
  const [values, setValues] = useState<RunForm>({});
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const work = async () => {
    setBusy(true);
    setProblems({});
    try {
      await begin(filledIn(values));
    } catch (error) {
      setProblems(problemsIn(error));
    } finally {
      setBusy(false);
    }
  };
  return {
    rows: (
      <div class="columns">
        {fields.map((field) => (
          <Field
            key={field.name}
            field={field}
            value={values[field.name]}
            problem={problems[field.name]}
            {...(placeholders[field.name] === undefined ? {} : { placeholder: placeholders[field.name] })}
            onChange={(value) => setValues({ ...values, [field.name]: value })}
          />
        ))}
      </div>
    ),
    problem: problems[""] && (
      <p class="problem" role="alert">
        {problems[""]}
      </p>
    ),
    busy,
    submit: (event) => {
      event.preventDefault();
      void work();
    },
  };
}
