import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import { choice, path, pixelSize } from "../../base/values.ts";
import { evaluateDefaults, masks } from "./choices.ts";

/** What `cryogan evaluate` was asked to compare. */
export interface EvaluateCommandOptions {
  maps:
    | { kind: "reference"; map: string; reference: string }
    | { kind: "halfMaps"; halfMap1: string; halfMap2: string };
  /** Å; of the map, or both half-maps, where headers are wrong or silent. */
  mapPixelSize?: number;
  mask: (typeof masks)[number];
  /** Search rotation, shift and hand before comparing with the reference. */
  align: boolean;
  /** Folder for the aligned map and fsc.json. */
  out?: string;
  json: boolean;
}

/** Fields as typed; keys are the option names in camel case. */
const evaluateSchema = z
  .object({
    map: value(path("a map (.mrc)")).optional(),
    reference: value(path("a map (.mrc)")).optional(),
    halfMaps: z
      .array(value(path("a map (.mrc)")))
      .length(2, "expected two maps, such as --half-maps half1.mrc half2.mrc")
      .optional(),
    mapPixelSize: value(pixelSize()).optional(),
    mask: value(choice(masks)).default(evaluateDefaults.mask),
    align: z.boolean().default(true),
    out: value(path("a folder")).optional(),
    json: flag(),
  })
  .transform(
    (fields, context): EvaluateCommandOptions => ({
      maps: toMaps(fields, context),
      mapPixelSize: fields.mapPixelSize,
      mask: fields.mask,
      align: fields.align,
      out: fields.out,
      json: fields.json,
    }),
  );

function toMaps(
  fields: { map?: string | undefined; reference?: string | undefined; halfMaps?: string[] | undefined },
  context: z.RefinementCtx,
): EvaluateCommandOptions["maps"] {
  const { map, reference, halfMaps } = fields;
  if (halfMaps) {
    if (map !== undefined || reference !== undefined)
      context.addIssue({
        code: "custom",
        path: ["halfMaps"],
        message: "cannot be combined with MAP or --reference; evaluate one thing at a time",
      });
    return { kind: "halfMaps", halfMap1: halfMaps[0]!, halfMap2: halfMaps[1]! };
  }
  if (map === undefined || reference === undefined) {
    const [missing, message] =
      map === undefined
        ? ["map", "is required: the map to evaluate with --reference REFERENCE, or --half-maps HALF1 HALF2 instead"]
        : ["reference", "is required: the map to compare with"];
    context.addIssue({ code: "custom", path: [missing], message: message });
    return z.NEVER;
  }
  return { kind: "reference", map, reference };
}

/** @throws UsageError naming the option */
export function parseEvaluateOptions(values: Record<string, unknown>): EvaluateCommandOptions {
  return parseOptions(evaluateSchema, values, { arguments: ["map"] });
}
