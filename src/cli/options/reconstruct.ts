import { z } from "zod";
import type { ReconstructOptions } from "../../reconstruct/options.ts";
import { critics, devices, losses, reconstructDefaults } from "./choices.ts";
import {
  choice,
  duration,
  flag,
  list,
  nonNegative,
  parseOptions,
  path,
  positive,
  seed,
  stages,
  symmetry,
  wholeNumber,
} from "./values.ts";

/** What `cryogan reconstruct` was asked to do; what is absent is chosen from the data. */
export interface ReconstructCommandOptions extends ReconstructOptions {
  /** Serve the live page and open it in the browser. */
  open: boolean;
  /** Print events as JSON lines. */
  json: boolean;
}

/** Fields as typed; keys are the option names in camel case. */
export const reconstructSchema = z
  .object({
    particlesFile: path("a particle file (.star or .cs)"),
    out: path("a folder"),
    symmetry: symmetry().default(reconstructDefaults.symmetry),
    box: wholeNumber(8, "pixels").optional(),
    resolution: positive("Å").optional(),
    timeLimit: duration().optional(),
    stages: stages().optional(),
    particles: wholeNumber(1).optional(),
    projectRoot: path("a folder").optional(),
    passthrough: path("a passthrough .cs file").optional(),
    opticsGroups: list("optics groups, such as 1,3").optional(),
    exclude: path("a STAR or .cs file").optional(),
    invertContrast: flag(),
    ctfPhaseFlipped: flag(),
    maskDiameter: positive("Å").optional(),
    mask: path("a mask (.mrc)").optional(),
    positivity: flag(),
    cache: positive("GB").optional(),
    maxShift: nonNegative("Å").optional(),
    viewsFile: path("a STAR file").optional(),
    critic: choice(critics).default(reconstructDefaults.critic),
    loss: choice(losses).optional(),
    halfMaps: flag(),
    resume: flag(),
    overwrite: flag(),
    checkpointEvery: duration().optional(),
    device: choice(devices).default(reconstructDefaults.device),
    threads: wholeNumber(1).optional(),
    seed: seed().default(Number(reconstructDefaults.seed)),
    open: flag(),
    json: flag(),
  })
  .superRefine((fields, context) => {
    if (fields.stages && fields.timeLimit !== undefined)
      context.addIssue({
        code: "custom",
        path: ["timeLimit"],
        message: "cannot be combined with --stages, which set the work themselves",
      });
    if (fields.resume && fields.overwrite)
      context.addIssue({
        code: "custom",
        path: ["overwrite"],
        message: "cannot be combined with --resume; give one of them",
      });
  })
  .transform((fields): ReconstructCommandOptions => {
    const {
      particlesFile,
      particles,
      box,
      resolution,
      timeLimit,
      maskDiameter,
      maxShift,
      checkpointEvery,
      cache,
      ...rest
    } = fields;
    return {
      ...rest,
      particles: particlesFile,
      particleLimit: particles,
      maximumBoxSize: box,
      resolutionAngstrom: resolution,
      timeLimitSeconds: timeLimit,
      maskDiameterAngstrom: maskDiameter,
      maximumShiftAngstrom: maxShift,
      cacheBytes: cache === undefined ? undefined : cache * 1e9,
      checkpointSeconds: checkpointEvery,
    };
  });

/** @throws UsageError naming the option */
export function parseReconstructOptions(values: Record<string, unknown>): ReconstructCommandOptions {
  return parseOptions(reconstructSchema, values, { arguments: ["particlesFile"] });
}
