import { z } from "zod";
import { flag, parseOptions, path } from "./values.ts";

/** Fields as typed; keys are the option names in camel case. */
export const importSchema = z.object({
  jobFolder: path("the folder of a cryoSPARC job"),
  out: path("a STAR file").refine((name) => name.toLowerCase().endsWith(".star"), "expected a name that ends in .star"),
  particlesFile: path("a .cs file").optional(),
  passthrough: path("a passthrough .cs file").optional(),
  projectRoot: path("a folder").optional(),
  json: flag(),
});

export type ImportCommandOptions = z.output<typeof importSchema>;

/** @throws UsageError naming the option */
export function parseImportOptions(values: Record<string, unknown>): ImportCommandOptions {
  return parseOptions(importSchema, values, { arguments: ["jobFolder"] });
}
