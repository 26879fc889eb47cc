/** The fields of the form for a new run, from the definition of the options: their names, units, help and defaults. */
import { labelOf, optionEntries } from "../../../reconstruct/options.ts";
import type { FormField } from "../../live/formField.ts";
import { titles } from "./titles.ts";

export const fields: readonly FormField[] = optionEntries
  .filter(([, option]) => !option.notInForm)
  .map(([key, option]) => ({
    name: key,
    label: labelOf(key),
    title: titles[key],
    help: option.help,
    flag: option.given === "flag",
    required: option.given === "required",
    ...(option.given !== "flag" && { unit: option.placeholder }),
    ...(option.given !== "flag" && option.value.choices && { choices: option.value.choices }),
    ...(option.given === "default" && { default: option.value.write(option.default) }),
  }));
