/** What the experiments' command lines have in common. */
import { InputError } from "../src/base/errors.ts";

/** The arguments of an experiment, and those after `--`, which are passed on to `cryogan reconstruct`. */
export function splitArguments(argv: readonly string[]): { own: string[]; passedOn: string[] } {
  const end = argv.indexOf("--");
  return end < 0 ? { own: [...argv], passedOn: [] } : { own: argv.slice(0, end), passedOn: argv.slice(end + 1) };
}

/** @throws {InputError} where one of the names, separated by commas, is no case */
export function namesOfCases(text: string, cases: object): string[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !Object.hasOwn(cases, name));
  if (unknown !== undefined) throw new InputError(`--cases: ${unknown} is none of ${Object.keys(cases).join(", ")}`);
  return names;
}

/** Runs an experiment; what is wrong with its input is one line, and exit code 1. */
export async function runExperiment(main: (argv: readonly string[]) => Promise<void>): Promise<void> {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  }
}
