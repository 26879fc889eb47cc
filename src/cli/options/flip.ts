import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import { path, pixelSize } from "../../base/values.ts";
import { outputMap } from "./outputMap.ts";

/** Fields as typed; keys are the option names in camel case. */
const flipSchema = z.object({
  map: value(path("a map (.mrc)")),
  out: value(outputMap()),
  mapPixelSize: value(pixelSize()).optional(),
  json: flag(),
});

/** What `cryogan flip` was asked to do. */
export type FlipCommandOptions = z.output<typeof flipSchema>;

/** @throws UsageError naming the option */
export function parseFlipOptions(values: Record<string, unknown>): FlipCommandOptions {
  return parseOptions(flipSchema, values, { arguments: ["map"] });
}
