/**
 * The fields of the form for a new run, taken from the definition of `cryogan reconstruct`: one source of names, units,
 * help and defaults.
 */
import { Command, type Option } from "commander";
import { defineReconstructCommand } from "../../../cli/commands/reconstruct.ts";

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

/** Options that only mean something in a terminal, or that the page asks in another way. */
const notInForm = new Set(["json", "resume", "open"]);

export function reconstructFields(): FormField[] {
  const program = new Command();
  defineReconstructCommand(program);
  const command = program.commands[0]!;
  const positional = command.registeredArguments.map(
    (argument): FormField => ({
      name: camelCase(argument.name()),
      label: argument.name(),
      unit: "file",
      help: argument.description,
      flag: false,
      required: argument.required,
    }),
  );
  return [...positional, ...command.options.filter((option) => !notInForm.has(option.attributeName())).map(toField)];
}

const camelCase = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

function toField(option: Option): FormField {
  const unit = /[<[](.+?)[>\]]/.exec(option.flags)?.[1];
  return {
    name: option.attributeName(),
    label: option.long!,
    help: option.description,
    flag: option.isBoolean(),
    required: option.mandatory,
    ...(unit === undefined ? {} : { unit }),
    ...(option.argChoices ? { choices: option.argChoices } : {}),
    ...(option.defaultValue === undefined ? {} : { default: String(option.defaultValue) }),
  };
}
