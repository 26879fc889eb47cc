/** What the files of a run folder must hold to be shown: others than this program may have written them. */
import { z } from "zod";
import type { FscResult } from "../../evaluate/fsc.ts";
import { methods } from "../method.ts";
import type { RunClasses } from "../stage.ts";
import { verdictKinds } from "../verdict/verdict.ts";
import type { RunEvent, RunExamples, RunSpectra, RunVerdict } from "./events.ts";

/** JSON has no NaN or infinity: they stand as null, and are left out. */
const measured = z
  .number()
  .nullish()
  .transform((x) => x ?? undefined);
const half = z.union([z.literal(1), z.literal(2)]).optional();
const time = z.string();
const method = z.enum(methods);
const count = z.number().nonnegative();

const verdict = z.looseObject({
  kind: z.enum(verdictKinds),
  resolutionAngstrom: z.number().positive().nullable(),
  reason: z.string(),
});

const classes = z
  .array(
    z.looseObject({
      number: z.number().int().positive(),
      share: z.number(),
      particles: z.number().optional(),
      map: z.string().optional(),
      symmetry: z.string().optional(),
      resolutionAngstrom: z.number().positive().optional(),
      resolutionOrBetter: z.literal(true).optional(),
      fsc: z.string().optional(),
      half,
      junk: z.literal(true).optional(),
      empty: z.literal(true).optional(),
    }),
  )
  .max(100);
const motion = z.looseObject({
  mean: z.string(),
  resolutionAngstrom: z.number().positive(),
  components: z
    .array(
      z.looseObject({
        number: z.number().int().positive(),
        map: z.string(),
        power: z.number(),
        series: z
          .array(
            z.looseObject({
              map: z.string(),
              z: z.number(),
              share: z.number(),
              resolutionAngstrom: z.number().positive().optional(),
            }),
          )
          .max(100),
      }),
    )
    .max(10),
});
const event = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("start"),
    time,
    particles: count,
    boxSize: z.number().positive(),
    pixelSizeAngstrom: z.number().positive(),
    symmetry: z.string(),
    classes: z.number().int().positive().max(100).optional(),
    junkClass: z.literal(true).optional(),
    method: method.optional(),
    maskDiameterAngstrom: z.number().positive().optional(),
    shiftSigmaAngstrom: z.number().nonnegative().optional(),
    device: z.string(),
    seed: z.number(),
    version: z.string().optional(),
    machine: z.string().optional(),
    command: z.string().optional(),
    half,
    thinned: count.optional(),
  }),
  z.looseObject({ type: z.literal("loading"), time, done: count, particles: count, half }),
  z.looseObject({
    type: z.literal("stage"),
    time,
    stage: count,
    stages: count,
    kind: z.enum(["adversarial", "refinement", "local", "motion", "series"]),
    boxSize: z.number().positive(),
    resolutionAngstrom: z.number().positive(),
    iterations: count,
    start: z.number().int().positive().optional(),
    starts: z.number().int().positive().optional(),
    half,
  }),
  z.looseObject({
    type: z.literal("progress"),
    time,
    stage: count,
    iteration: count,
    iterations: count,
    elapsedSeconds: z.number(),
    remainingSeconds: z
      .number()
      .nullable()
      .transform((x) => x ?? NaN),
    criticLoss: measured,
    volumeLoss: measured,
    realLogit: measured,
    fakeLogit: measured,
    gradientPenalty: measured,
    signalAmplitude: measured,
    heldOutLogit: measured,
    noiseScale: measured,
    logLikelihood: measured,
    shares: z.array(z.number()).max(100).optional(),
    half,
  }),
  z.looseObject({ type: z.literal("checkpoint"), time, stage: count, iteration: count, path: z.string(), half }),
  z.looseObject({
    type: z.literal("warning"),
    time,
    message: z.string(),
    plannedAngstrom: z.number().positive().optional(),
    half,
  }),
  z.looseObject({ type: z.literal("density"), time, stage: count, iteration: count, half }),
  z.looseObject({
    type: z.literal("choice"),
    time,
    start: z.number().int().positive(),
    merits: z.array(z.number()).max(1000),
    by: z.enum(["likelihood", "critic"]),
    half,
  }),
  z.looseObject({ type: z.literal("map"), time, path: z.string(), stage: count, iteration: count, half }),
  z.looseObject({
    type: z.literal("finished"),
    time,
    elapsedSeconds: z.number(),
    map: z.string(),
    finestAngstrom: z.number().positive(),
    method: method.optional(),
    resolutionAngstrom: z.number().positive().optional(),
    resolutionOrBetter: z.literal(true).optional(),
    classes: classes.optional(),
    motion: motion.optional(),
    verdict: verdict.optional(),
  }),
  z.looseObject({ type: z.literal("stopped"), time }),
  z.looseObject({ type: z.literal("failed"), time, message: z.string() }),
]);
export const eventSchema: z.ZodType<RunEvent> = event;

const curve = z
  .array(
    z
      .number()
      .nullable()
      .transform((x) => x ?? NaN),
  )
  .max(100_000);
const largestExample = 4096;
const images = z.array(curve.or(z.array(z.number()).max(largestExample ** 2))).max(1000);

export const examplesSchema: z.ZodType<RunExamples> = z
  .object({
    boxSize: z.number().int().min(1).max(largestExample),
    real: images,
    simulated: images,
    projections: images,
  })
  .refine(
    ({ boxSize, real, simulated, projections }) =>
      [real, simulated, projections].flat().every((image) => image.length === boxSize ** 2),
    { message: "images must have boxSize² pixels" },
  );

export const directionsSchema = z.looseObject({
  rot: curve,
  tilt: curve,
  share: curve,
  symmetry: z.string().optional(),
  half,
});

export const classesSchema: z.ZodType<RunClasses> = z
  .looseObject({
    half,
    boxSize: z.number().int().min(1).max(largestExample),
    boxAngstrom: z.number().positive(),
    classes: z
      .array(
        z.looseObject({
          number: z.number().int().positive(),
          share: z.number(),
          junk: z.literal(true).optional(),
          projections: images,
          particles: images,
          agreement: curve.optional(),
          directions: directionsSchema.optional(),
        }),
      )
      .max(100),
  })
  .refine(
    ({ boxSize, classes }) =>
      classes.every(({ projections, particles }) =>
        [projections, particles].flat().every((image) => image.length === boxSize ** 2),
      ),
    { message: "images must have boxSize² pixels" },
  );

export const spectraSchema: z.ZodType<RunSpectra> = z.object({
  frequency: curve,
  noisePower: curve,
  signalPower: curve,
});

const resolution = z.number().positive().nullable();

export const fscSchema: z.ZodType<FscResult> = z.looseObject({
  boxSize: z.number().positive(),
  pixelSizeAngstrom: z.number().positive(),
  finestShell: z.number().positive(),
  finestAngstrom: z.number().positive(),
  frequency: curve,
  resolutionAngstrom: curve,
  fsc: curve,
  fscMasked: curve.optional(),
  fscPhaseRandomised: curve.optional(),
  fscCorrected: curve.optional(),
  randomisedFromShell: z.number().optional(),
  resolutionCurve: z.enum(["fsc", "fscMasked", "fscCorrected"]),
  resolution05Angstrom: resolution,
  resolution0143Angstrom: resolution,
  resolution05OrBetter: z.boolean(),
  resolution0143OrBetter: z.boolean(),
});

const perShell = z.array(z.number().nullable()).max(100_000);
const numbers = z.array(z.number()).max(100_000);
export const resultSchema: z.ZodType<RunVerdict> = verdict.extend({
  classes: classes.optional(),
  motion: motion.optional(),
  repeats: z
    .looseObject({
      runs: z.number().int().positive(),
      adjustedRandIndex: z.array(z.number()).max(100),
      structures: z.array(z.looseObject({ classes: z.array(z.number()).max(100), foundBy: z.number() })).max(100),
    })
    .optional(),
  evidence: z.looseObject({
    boxAngstrom: z.number().positive(),
    finestAngstrom: z.number().positive(),
    method: method.optional(),
    givenShell: z.number().positive().optional(),
    cutOff: z.string().optional(),
    parts: z
      .array(
        z.looseObject({
          skewness: z.number(),
          startAgreement: numbers.optional(),
          startShell: z.number().positive().optional(),
          classes: z
            .looseObject({
              count: z.number().int().positive(),
              blank: z.array(z.number()).max(100).optional(),
              correlation: z
                .array(
                  z.looseObject({
                    classes: z.tuple([z.number(), z.number()]),
                    value: z.number(),
                    expected: z.number(),
                  }),
                )
                .max(1000),
            })
            .optional(),
          halfSamples: z
            .looseObject({ agreement: numbers, share: perShell, signalToNoise: numbers, renewed: numbers })
            .optional(),
        }),
      )
      .max(2),
    halves: z
      .looseObject({
        angularFsc: numbers,
        resolutionAngstrom: resolution,
        classes: z
          .looseObject({
            both: z.array(z.looseObject({ number: z.number(), correlation: z.number() })).max(100),
            alone: z
              .array(
                z.looseObject({
                  number: z.number(),
                  half: z.union([z.literal(1), z.literal(2)]),
                  closest: z.looseObject({ number: z.number(), correlation: z.number() }).optional(),
                }),
              )
              .max(100),
          })
          .optional(),
      })
      .optional(),
  }),
});

export const evaluationSchema = z.object({ kind: z.enum(["reference", "halfMaps"]) });
