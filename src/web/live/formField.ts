/** A field of a form: an option of a command. */
export interface FormField {
  /** Key of `RunForm`: the option's name in camel case. */
  name: string;
  /** As on the command line: "--time-limit", or "particles-file". */
  label: string;
  /** In plain words. */
  title: string;
  /** What stands for the value in the help: "Å", "duration", "file"; absent for a flag. */
  unit?: string;
  help: string;
  flag: boolean;
  required: boolean;
  choices?: readonly string[];
  default?: string;
}
