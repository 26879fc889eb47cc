/** The check of the form, by the same schema as the command line's. */
import { reconstructSchema } from "../../../reconstruct/optionSchema.ts";
import { fieldProblems, type RunForm } from "../../live/source.ts";

/** What is wrong with which option; nothing: an empty object. What belongs to no option stands under "". */
export function formProblems(form: RunForm): Record<string, string> {
  const result = reconstructSchema.safeParse(form);
  return fieldProblems(result.error?.issues ?? []);
}

/** Those of the options that are given: what is still missing is not wrong yet. */
export const problemsOfGiven = (form: RunForm): Record<string, string> =>
  Object.fromEntries(Object.entries(formProblems(form)).filter(([name]) => form[name] !== undefined));

/** What was typed, without empty fields and flags that are off: those are left to the defaults. */
export function filledIn(values: RunForm): RunForm {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === false || (typeof value === "string" && value.trim() === "")
        ? []
        : [[name, typeof value === "string" ? value.trim() : value]],
    ),
  );
}
