import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import { count, path, pixelSize, seed } from "../../base/values.ts";
import { projectDefaults } from "./choices.ts";
import { type OpticsOptions, opticsFields, toOptics } from "./optics.ts";
import { toViews, type ViewDistribution, viewFields } from "./views.ts";

/** What `cryogan project` was asked to do. */
export interface ProjectCommandOptions {
  map: string;
  out: string;
  /** Views drawn at random, or the poses of a STAR file in its order. */
  poses: { kind: "random"; count: number; views: ViewDistribution } | { kind: "star"; path: string };
  /** Pixel size of the map where its header is wrong or silent. */
  mapPixelSizeAngstrom?: number;
  /**
   * Multiply by the CTF: of this microscope, or for the poses of a STAR file with the optics in it. Absent: plain
   * projections.
   */
  optics?: OpticsOptions;
  /** Write 16-bit floats (MRC mode 12). */
  float16: boolean;
  seed: number;
  json: boolean;
}

/** Only the name tells programs that the file holds images; the STAR file beside it takes its name. */
const stackName = () =>
  value(path("a stack (.mrcs)")).refine((name) => name.toLowerCase().endsWith(".mrcs"), {
    error: (issue) => `expected a name that ends in .mrcs, got "${issue.input}"`,
  });

/** Fields as typed; keys are the option names in camel case. */
const projectSchema = z
  .object({
    map: value(path("a map (.mrc)")),
    out: stackName(),
    count: value(count()).optional(),
    star: value(path("a STAR file with angles")).optional(),
    mapPixelSize: value(pixelSize()).optional(),
    ctf: flag(),
    ...opticsFields,
    ...viewFields,
    float16: flag(),
    seed: value(seed()).default(Number(projectDefaults.seed)),
    json: flag(),
  })
  .transform((fields, context): ProjectCommandOptions => {
    const optics = toOptics(fields, context);
    const defocus = fields.defocusRange ? "defocusRange" : "defocusTable";
    if (fields[defocus] !== undefined && fields.star !== undefined)
      context.addIssue({
        code: "custom",
        path: [defocus],
        message: "cannot be combined with --star, whose own defocus --ctf uses",
      });
    if (fields[defocus] !== undefined && !fields.ctf)
      context.addIssue({ code: "custom", path: [defocus], message: "has a meaning only with --ctf" });
    return {
      map: fields.map,
      out: fields.out,
      poses: toPoses(fields.count, fields.star, toViews(fields, context), context),
      mapPixelSizeAngstrom: fields.mapPixelSize,
      optics: fields.ctf ? optics : undefined,
      float16: fields.float16,
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
    context.addIssue({
      code: "custom",
      path: ["count"],
      message: "give either --count for random views or --star for the angles of a file",
    });
    return z.NEVER;
  }
  return star === undefined ? { kind: "random", count: count!, views } : { kind: "star", path: star };
}

/** @throws UsageError naming the option */
export function parseProjectOptions(values: Record<string, unknown>): ProjectCommandOptions {
  return parseOptions(projectSchema, values, { arguments: ["map"] });
}
