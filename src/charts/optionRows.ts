/**
 * Nested options as dotted names: { critic: { kind: "x" } } → ["critic.kind", "x"]; one row for each entry of a list.
 */
export function optionRows(value: unknown, name = ""): [string, string][] {
  if (value === null || typeof value !== "object") return [[name, String(value)]];
  if (Array.isArray(value)) return value.map((item, i) => [`${name} ${i + 1}`, entryText(item)]);
  return Object.entries(value).flatMap(([key, item]) => optionRows(item, name === "" ? key : `${name}.${key}`));
}

const entryText = (item: unknown) =>
  item === null || typeof item !== "object"
    ? String(item)
    : Object.entries(item)
        .filter(([, value]) => value !== null)
        .map(([key, value]) => `${key} ${String(value)}`)
        .join(", ");

export interface ComparedOption {
  name: string;
  /** In each of the two; absent: it has no such option. */
  values: [string | undefined, string | undefined];
}

/**
 * The options of two runs that differ, and those that are alike: in the order of the first, what it lacks after them.
 */
export function compareOptions(first: unknown, second: unknown): { differ: ComparedOption[]; alike: ComparedOption[] } {
  const [one, other] = [first, second].map((config) => new Map(optionRows(config))) as [OptionMap, OptionMap],
    all = [...new Set([...one.keys(), ...other.keys()])].map(
      (name): ComparedOption => ({ name, values: [one.get(name), other.get(name)] }),
    );
  const differs = ({ values: [a, b] }: ComparedOption): boolean => a !== b;
  return { differ: all.filter(differs), alike: all.filter((option) => !differs(option)) };
}

type OptionMap = Map<string, string>;
