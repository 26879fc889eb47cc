/** The fields of the form for a new run, from the definition of the options: their names, units, help and defaults. */
import { labelOf, optionEntries } from "../../../reconstruct/options.ts";

export interface FormField {
  /** Key of `RunForm`: the option's name in camel case. */
  name: string;
  /** As on the command line: "--time-limit", or "particles-file". */
  label: string;
  /** What stands for the value in the help: "Å", "duration", "file"; absent for a flag. */
  unit?: string;
  help: string;
  flag: boolean;
  required: boolean;
  choices?: readonly string[];
  default?: string;
}

export const fields: readonly FormField[] = optionEntries
  .filter(([, option]) => !option.notInForm)
  .map(([key, option]) => ({
    name: key,
    label: labelOf(key),
    help: option.help,
    flag: option.given === "flag",
    required: option.given === "required",
    ...(option.given !== "flag" && { unit: option.placeholder }),
    ...(option.given !== "flag" && option.value.choices && { choices: option.value.choices }),
    ...(option.given === "default" && { default: option.value.write(option.default) }),
  }));
