import { z } from "zod";
import { flag, parseOptions, path } from "./values.ts";

/** Fields as typed; keys are the option names in camel case. */
export const inspectSchema = z.object({
  file: path("a particle file (.star, .cs), a stack (.mrcs) or a map (.mrc)"),
  projectRoot: path("a folder").optional(),
  passthrough: path("a passthrough .cs file").optional(),
  png: path("an image file (.png)").optional(),
  json: flag(),
});

export type InspectCommandOptions = z.output<typeof inspectSchema>;

/** @throws UsageError naming the option */
export function parseInspectOptions(values: Record<string, unknown>): InspectCommandOptions {
  return parseOptions(inspectSchema, values, { arguments: ["file"] });
}
