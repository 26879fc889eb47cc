import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import { path, wholeNumber } from "../../base/values.ts";
import { serveDefaults } from "./choices.ts";

/** What `cryogan serve` was asked to do. */
export interface ServeCommandOptions {
  folders: string[];
  /** Absent: the usual one, or the next that is free. */
  port?: number;
  host: string;
  /** Holds the token; absent: one is made at random. */
  tokenFile?: string;
  readOnly: boolean;
  /** Where runs go that are started from the page; absent: beside the first run. */
  runs?: string;
  open: boolean;
  json: boolean;
}

/** Fields as typed; keys are the option names in camel case. */
const serveSchema = z
  .object({
    folders: z.array(value(path("a run folder"))).min(1, "is required: a run folder, or a folder of run folders"),
    port: value(wholeNumber(0, 65_535)).optional(),
    host: value(path("a host name or address")).default(serveDefaults.host),
    tokenFile: value(path("a file")).optional(),
    readOnly: flag(),
    runs: value(path("a folder")).optional(),
    open: flag(),
    json: flag(),
  })
  .superRefine((fields, context) => {
    for (const name of ["tokenFile", "runs"] as const) {
      if (fields.readOnly && fields[name] !== undefined)
        context.addIssue({
          code: "custom",
          path: [name],
          message: "has no meaning with --read-only, which lets nobody write",
        });
    }
  });

/** @throws UsageError naming the option */
export function parseServeOptions(values: Record<string, unknown>): ServeCommandOptions {
  return parseOptions(serveSchema, values, { arguments: ["folders"] });
}
