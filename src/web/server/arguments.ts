/** Options of a run as arguments of `cryogan reconstruct`, from a form or from the config.json of a run. */
import { resolve } from "node:path";
import { commandArguments } from "../../reconstruct/commandArguments.ts";
import { reconstructSchema } from "../../reconstruct/optionSchema.ts";
import { asTyped, optionEntries } from "../../reconstruct/options.ts";
import { optionsGoingOn } from "../live/goingOn.ts";
import { FormError, fieldProblems, type RunForm } from "../live/source.ts";

const options = new Map<string, (typeof optionEntries)[number][1]>(optionEntries);

/**
 * Arguments for a new run into `out`. Fields left empty and flags that are off are not given.
 * @throws {FormError} naming every field that the command line would refuse
 */
export function argumentsOfForm(form: RunForm, out: string): string[] {
  const given = Object.fromEntries(Object.entries(form).filter(([, value]) => value !== "" && value !== false));
  const result = reconstructSchema.safeParse({ ...given, out });
  const problems = fieldProblems(result.error?.issues ?? []);
  for (const name of Object.keys(given)) {
    const option = options.get(name);
    if (!option) problems[name] = "there is no such option";
    else if (option.begins) problems[name] = "cannot be set here"; // the server's business
  }
  if (Object.keys(problems).length > 0) throw new FormError(problems);
  const { particlesFile, ...rest } = given;
  return commandArguments(resolve(String(particlesFile)), out, rest);
}

/**
 * Arguments that go on with a run: the options it began with, but for what is asked anew.
 * @param config content of its config.json
 * @throws {FormError} where what is asked anew is wrong, or may not change
 */
export function argumentsOfConfig(config: Record<string, unknown>, out: string, further: RunForm = {}): string[] {
  const { particlesFile, ...typed } = optionsGoingOn(asTyped(config), further);
  const rest = Object.entries(typed).filter(([name]) => !options.get(name)!.begins);
  return commandArguments(String(particlesFile), out, { ...Object.fromEntries(rest), resume: true });
}
