import type { ValueKind } from "../../base/values.ts";

/** A map to be written. */
export const outputMap = (): ValueKind<string> => ({
  expected: "a map to write, named .mrc",
  read: (text) => (/\.(mrc|map)$/i.test(text) ? text : undefined),
  write: String,
  isPath: true,
});
