import { z } from "zod";
import { projectDefaults } from "./choices.ts";
import { type OpticsOptions, opticsFields, toOptics } from "./optics.ts";
import { flag, parseOptions, path, seed, wholeNumber } from "./values.ts";
import { toViews, type ViewDistribution, viewFields } from "./views.ts";

/** What `cryogan project` was asked to do. */
export interface ProjectCommandOptions {
  map: string;
  out: string;
  /** Views drawn at random, or the poses of a STAR file in its order. */
  poses: { kind: "random"; count: number; views: ViewDistribution } | { kind: "star"; path: string };
  /** Multiply by the CTF of this microscope; absent: plain projections. */
  optics?: OpticsOptions;
  seed: number;
  json: boolean;
}

/** Fields as typed; keys are the option names in camel case. */
export const projectSchema = z
  .object({
    map: path("a map (.mrc)"),
    out: path("a stack (.mrcs)"),
    count: wholeNumber(1).optional(),
    star: path("a STAR file with angles").optional(),
    ctf: flag(),
    ...opticsFields,
    ...viewFields,
    seed: seed().default(Number(projectDefaults.seed)),
    json: flag(),
  })
  .transform((fields, context): ProjectCommandOptions => {
    const optics = toOptics(fields, context);
    return {
      map: fields.map,
      out: fields.out,
      poses: toPoses(fields.count, fields.star, toViews(fields, context), context),
      optics: fields.ctf ? optics : undefined,
      seed: fields.seed,
      json: fields.json,
    };
  });

function toPoses(
  count: number | undefined,
  star: string | undefined,
  views: ViewDistribution,
  context: z.RefinementCtx,
): ProjectCommandOptions["poses"] {
  if ((count === undefined) === (star === undefined)) {
    context.addIssue({ code: "custom", path: ["count"], message: "give either --count for random views or --star for the angles of a file" });
    return z.NEVER;
  }
  return star === undefined ? { kind: "random", count: count!, views } : { kind: "star", path: star };
}

/** @throws UsageError naming the option */
export function parseProjectOptions(values: Record<string, unknown>): ProjectCommandOptions {
  return parseOptions(projectSchema, values, { arguments: ["map"] });
}
