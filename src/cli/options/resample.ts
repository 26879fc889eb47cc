import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import { boxSize, path, pixelSize } from "../../base/values.ts";
import { outputMap } from "./outputMap.ts";

/** Fields as typed; keys are the option names in camel case. */
const resampleSchema = z
  .object({
    map: value(path("a map (.mrc)")),
    pixelSize: value(pixelSize()).optional(),
    mapPixelSize: value(pixelSize()).optional(),
    box: value(boxSize(4)).optional(),
    out: value(outputMap()),
    json: flag(),
  })
  .superRefine(({ pixelSize, box }, context) => {
    if (pixelSize === undefined && box === undefined)
      context.addIssue({ code: "custom", path: ["pixelSize"], message: "or --box is required" });
  })
  .transform(({ pixelSize, box, ...rest }) => ({ ...rest, pixelSizeAngstrom: pixelSize, boxSize: box }));

/** What `cryogan resample` was asked to do. */
export type ResampleCommandOptions = z.output<typeof resampleSchema>;

/** @throws UsageError naming the option */
export function parseResampleOptions(values: Record<string, unknown>): ResampleCommandOptions {
  return parseOptions(resampleSchema, values, { arguments: ["map"] });
}
