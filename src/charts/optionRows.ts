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
