import { z } from "zod";
import { critics, devices, losses, reconstructDefaults } from "./choices.ts";
import { choice, duration, flag, parseOptions, path, positive, seed, type StageRequest, stages, symmetry, wholeNumber } from "./values.ts";

/** What `cryogan reconstruct` was asked to do; what is absent is chosen from the data. */
export interface ReconstructCommandOptions {
  particles: string;
  out: string;
  symmetry: string;
  /** Upper limit of the working box. */
  maximumBoxSize?: number;
  /** Finest resolution to work at. */
  resolutionAngstrom?: number;
  timeLimitSeconds?: number;
  stages?: StageRequest[];
  /** Use this many particles, drawn at random. */
  particleLimit?: number;
  projectRoot?: string;
  passthrough?: string;
  maskDiameterAngstrom?: number;
  /** Keep the density non-negative; absent: the program decides. */
  positivity?: boolean;
  maximumShiftAngstrom?: number;
  /** STAR file with the distribution of viewing directions. */
  viewsFile?: string;
  critic: (typeof critics)[number];
  loss: (typeof losses)[number];
  halfMaps: boolean;
  resume: boolean;
  device: (typeof devices)[number];
  threads?: number;
  seed: number;
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
    maskDiameter: positive("Å").optional(),
    positivity: z.boolean().optional(),
    maxShift: positive("Å").optional(),
    viewsFile: path("a STAR file").optional(),
    critic: choice(critics).default(reconstructDefaults.critic),
    loss: choice(losses).default(reconstructDefaults.loss),
    halfMaps: flag(),
    resume: flag(),
    device: choice(devices).default(reconstructDefaults.device),
    threads: wholeNumber(1).optional(),
    seed: seed().default(Number(reconstructDefaults.seed)),
    json: flag(),
  })
  .superRefine((fields, context) => {
    if (fields.stages && fields.timeLimit !== undefined)
      context.addIssue({ code: "custom", path: ["timeLimit"], message: "cannot be combined with --stages, which set the time themselves" });
  })
  .transform((fields): ReconstructCommandOptions => {
    const { particlesFile, particles, box, resolution, timeLimit, maskDiameter, maxShift, ...rest } = fields;
    return {
      ...rest,
      particles: particlesFile,
      particleLimit: particles,
      maximumBoxSize: box,
      resolutionAngstrom: resolution,
      timeLimitSeconds: timeLimit,
      maskDiameterAngstrom: maskDiameter,
      maximumShiftAngstrom: maxShift,
    };
  });

/** @throws UsageError naming the option */
export function parseReconstructOptions(values: Record<string, unknown>): ReconstructCommandOptions {
  return parseOptions(reconstructSchema, values, { arguments: ["particlesFile"] });
}
