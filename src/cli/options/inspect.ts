import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import { classNumbers, opticsGroups, path, pixelSize } from "../../base/values.ts";

/** Fields as typed; keys are the option names in camel case. */
const inspectSchema = z
  .object({
    file: value(path("a particle file (.star, .cs), a stack (.mrcs) or a map (.mrc)")),
    projectRoot: value(path("a folder")).optional(),
    passthrough: value(path("a passthrough .cs file")).optional(),
    pixelSize: value(pixelSize()).optional(),
    opticsGroups: value(opticsGroups()).optional(),
    class: value(classNumbers()).optional(),
    png: value(path("an image file (.png)")).optional(),
    json: flag(),
  })
  .superRefine((fields, context) => {
    if (isParticleFile(fields.file)) return;
    for (const name of ["pixelSize", "opticsGroups", "class"] as const)
      if (fields[name] !== undefined)
        context.addIssue({ code: "custom", path: [name], message: "has a meaning only with a particle file" });
  });

/** By its name; all else is read as a stack or a map. */
export const isParticleFile = (file: string): boolean => /\.(star|csg?)$/i.test(file);

export type InspectCommandOptions = z.output<typeof inspectSchema>;

/** @throws UsageError naming the option */
export function parseInspectOptions(values: Record<string, unknown>): InspectCommandOptions {
  return parseOptions(inspectSchema, values, { arguments: ["file"] });
}
