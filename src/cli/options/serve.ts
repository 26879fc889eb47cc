import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import { type ServeOptions, serveDefaults } from "../../base/serveOptions.ts";
import { path, wholeNumber } from "../../base/values.ts";

/** Fields as typed; keys are the option names in camel case. */
const serveSchema = z
  .object({
    folders: z.array(value(path("a run folder"))).min(1, "is required: a run folder, or a folder of run folders"),
    port: value(wholeNumber(0, 65_535)).optional(),
    host: value(path("a host name or address")).default(serveDefaults.host),
    tokenFile: value(path("a file")).optional(),
    readOnly: flag(),
    runs: value(path("a folder")).optional(),
    data: z.array(value(path("a folder"))).optional(),
    open: flag(),
    json: flag(),
  })
  .superRefine((fields, context) => {
    for (const name of ["tokenFile", "runs", "data"] as const) {
      if (fields.readOnly && fields[name] !== undefined)
        context.addIssue({
          code: "custom",
          path: [name],
          message: "has no meaning with --read-only, which lets nobody write",
        });
    }
  });

/** @throws UsageError naming the option */
export function parseServeOptions(values: Record<string, unknown>): ServeOptions {
  return parseOptions(serveSchema, values, { arguments: ["folders"] });
}
