import { z } from "zod";
import { autoOr, flag, parseOptions, value } from "../../base/schema.ts";
import { finite, path, pixelSize, positive } from "../../base/values.ts";
import { outputMap } from "./outputMap.ts";

/** What `cryogan postprocess` was asked to do. */
export interface PostprocessCommandOptions {
  /** A map or a run folder. */
  map?: string;
  halves?: [string, string];
  out: string;
  /** As applied: negative sharpens. */
  bFactorAngstrom2: number | "auto";
  lowPassAngstrom: number | "auto";
  mapPixelSize?: number;
  /** "auto", "none" or a file. */
  mask: string;
  json: boolean;
}

/** Fields as typed; keys are the option names in camel case. */
const postprocessSchema = z
  .object({
    map: value(path("a map (.mrc) or a run folder")).optional(),
    half1: value(path("a map (.mrc)")).optional(),
    half2: value(path("a map (.mrc)")).optional(),
    out: value(outputMap()),
    bFactor: autoOr(value(finite("Å²"))).default("auto"),
    lowPass: autoOr(value(positive("Å"))).default("auto"),
    mapPixelSize: value(pixelSize()).optional(),
    mask: value(path("auto, none or a mask (.mrc)")).default("auto"),
    json: flag(),
  })
  .superRefine(({ map, half1, half2 }, context) => {
    const missing = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
    if (half1 !== undefined && half2 === undefined) missing("half2", "is required with --half1");
    else if (half2 !== undefined && half1 === undefined) missing("half1", "is required with --half2");
    else if (map === undefined && half1 === undefined)
      missing("map", "is required: a map or a run folder, or --half1 and --half2");
  })
  .transform(
    ({ half1, half2, bFactor, lowPass, ...rest }): PostprocessCommandOptions => ({
      ...rest,
      bFactorAngstrom2: bFactor,
      lowPassAngstrom: lowPass,
      halves: half1 === undefined || half2 === undefined ? undefined : [half1, half2],
    }),
  );

/** @throws UsageError naming the option */
export function parsePostprocessOptions(values: Record<string, unknown>): PostprocessCommandOptions {
  return parseOptions(postprocessSchema, values, { arguments: ["map"] });
}
