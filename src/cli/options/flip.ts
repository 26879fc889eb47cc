import { z } from "zod";
import { flag, outputMap, parseOptions, path } from "./values.ts";

/** Fields as typed; keys are the option names in camel case. */
export const flipSchema = z.object({ map: path("a map (.mrc)"), out: outputMap(), json: flag() });

/** What `cryogan flip` was asked to do. */
export type FlipCommandOptions = z.output<typeof flipSchema>;

/** @throws UsageError naming the option */
export function parseFlipOptions(values: Record<string, unknown>): FlipCommandOptions {
  return parseOptions(flipSchema, values, { arguments: ["map"] });
}
