import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import { path } from "../../base/values.ts";

/** Fields as typed; keys are the option names in camel case. */
export const inspectSchema = z.object({
  file: value(path("a particle file (.star, .cs), a stack (.mrcs) or a map (.mrc)")),
  projectRoot: value(path("a folder")).optional(),
  passthrough: value(path("a passthrough .cs file")).optional(),
  png: value(path("an image file (.png)")).optional(),
  json: flag(),
});

export type InspectCommandOptions = z.output<typeof inspectSchema>;

/** @throws UsageError naming the option */
export function parseInspectOptions(values: Record<string, unknown>): InspectCommandOptions {
  return parseOptions(inspectSchema, values, { arguments: ["file"] });
}
