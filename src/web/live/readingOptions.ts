/** Which particles a form is about, and what may be wrong with them. */
import { reconstructOptions } from "../../reconstruct/options.ts";
import { type ReadingOptions, readingKeys } from "../../reconstruct/readingOptions.ts";
import type { RunForm } from "./runForm.ts";
import { FormError } from "./source.ts";

/**
 * Those options of a form that say which particles are read.
 * @throws {FormError} naming every one that is wrong
 */
export function readingOptions(form: RunForm): ReadingOptions {
  const problems: Record<string, string> = {},
    options: Record<string, unknown> = {};
  for (const key of readingKeys) {
    const given = form[key],
      option = reconstructOptions[key];
    if (given === undefined || given === "" || given === false) continue;
    if (option.given === "flag") options[key] = given === true;
    else {
      options[key] = typeof given === "string" ? option.value.read(given.trim()) : undefined;
      if (options[key] === undefined) problems[key] = `expected ${option.value.expected}`;
    }
  }
  if (options.particlesFile === undefined)
    problems.particlesFile ??= `is required: ${reconstructOptions.particlesFile.value.expected}`;
  if (Object.keys(problems).length > 0) throw new FormError(problems);
  return options as unknown as ReadingOptions;
}

/** What reading had against the particles, at the field that it is about. */
export function readingProblem(message: string): FormError {
  const [option] =
    (
      [
        ["class", /--class\b|particles of class/],
        ["opticsGroups", /optics group/],
        ["pixelSize", /--pixel-size/],
        ["passthrough", /passthrough/],
        ["projectRoot", /--project-root/],
      ] as const
    ).find(([, words]) => words.test(message)) ?? [];
  return new FormError({ [option ?? "particlesFile"]: message });
}
