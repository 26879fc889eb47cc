/** The check of the form, by the same schema as the command line's. */
import "./noEval.ts";
import { reconstructSchema } from "../../../cli/options/reconstruct.ts";
import type { RunForm } from "../../live/source.ts";

/** What is wrong with which option; nothing: an empty object. What belongs to no option stands under "". */
export function formProblems(form: RunForm): Record<string, string> {
  const result = reconstructSchema.safeParse(form);
  if (result.success) return {};
  const problems: Record<string, string> = {};
  for (const { path, message } of result.error.issues) problems[String(path[0] ?? "")] ??= message;
  return problems;
}

/** What was typed, without empty fields and flags that are off: those are left to the defaults. */
export function filledIn(values: RunForm): RunForm {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === false || (typeof value === "string" && value.trim() === "") ? [] : [[name, typeof value === "string" ? value.trim() : value]])));
}
