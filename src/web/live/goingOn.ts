/** What may be asked anew of a run that goes on: more time, a finer resolution. */
import { reconstructSchema } from "../../reconstruct/optionSchema.ts";
import { labelOf, type OptionKey, optionEntries } from "../../reconstruct/options.ts";
import { FormError, fieldProblems, type RunForm } from "./source.ts";

export const furtherOptions: readonly OptionKey[] = optionEntries.flatMap(([key, { decisive }]) =>
  decisive === "may grow" ? [key] : [],
);

/**
 * The options of a run that goes on, as typed: those that it began with, and what is asked anew.
 * @throws {FormError} naming every field of `further` that is wrong, or may not change
 */
export function optionsGoingOn(before: RunForm, further: RunForm): RunForm {
  const given = Object.fromEntries(Object.entries(further).filter(([, value]) => value !== ""));
  const after = { ...before, ...given },
    problems: Record<string, string> = {};
  for (const name of Object.keys(given))
    if (!(furtherOptions as readonly string[]).includes(name)) problems[name] = "stays what the run began with";
  const wrong = reconstructSchema.safeParse({ ...after, out: "run" }).error?.issues ?? [];
  for (const [name, problem] of Object.entries(fieldProblems(wrong))) if (name in given) problems[name] ??= problem;
  if (Object.keys(problems).length > 0) throw new FormError(problems);
  return after;
}

/** What a run itself had against a form, beside the option that it names, or the particles where it names them. */
export function refusalOf(message: string, form: RunForm): FormError {
  const named = optionEntries.find(([key]) => key in form && message.includes(labelOf(key)))?.[0],
    { particlesFile } = form;
  const isOfFile = typeof particlesFile === "string" && message.includes(particlesFile);
  return new FormError({ [named ?? (isOfFile ? "particlesFile" : "")]: message });
}
