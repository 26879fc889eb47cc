/** Options of a run as arguments of `cryogan reconstruct`. */
import { contraryOf, optionName } from "../base/values.ts";
import { optionEntries } from "./options.ts";

const options = new Map<string, (typeof optionEntries)[number][1]>(optionEntries);

/**
 * "=" and "--" keep values that begin with a dash from being taken for options.
 * @param given values as typed, by key
 */
export function commandArguments(
  particlesFile: string,
  out: string,
  given: Readonly<Record<string, string | boolean>>,
): string[] {
  const typed = Object.entries(given).map(([key, value]) => {
    const name = optionName(key);
    if (value === true) return name;
    if (options.get(key)?.given === "yes or no") return value === "no" ? contraryOf(name) : name;
    return `${name}=${value}`;
  });
  return ["reconstruct", `--out=${out}`, ...typed, "--", particlesFile];
}
