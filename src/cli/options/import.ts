import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import { opticsGroups, path, pixelSize } from "../../base/values.ts";

/** Fields as typed; keys are the option names in camel case. */
const importSchema = z.object({
  jobFolder: value(path("the folder of a cryoSPARC job")),
  out: value(path("a STAR file")).refine(
    (name) => name.toLowerCase().endsWith(".star"),
    "expected a name that ends in .star",
  ),
  particlesFile: value(path("a .cs file")).optional(),
  passthrough: value(path("a passthrough .cs file")).optional(),
  pixelSize: value(pixelSize()).optional(),
  opticsGroups: value(opticsGroups()).optional(),
  projectRoot: value(path("a folder")).optional(),
  json: flag(),
});

export type ImportCommandOptions = z.output<typeof importSchema>;

/** @throws UsageError naming the option */
export function parseImportOptions(values: Record<string, unknown>): ImportCommandOptions {
  return parseOptions(importSchema, values, { arguments: ["jobFolder"] });
}
