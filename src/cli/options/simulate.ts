import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import {
  boxSize,
  choice,
  count,
  fraction,
  type ImageChoice,
  imageChoice,
  nonNegative,
  path,
  pixelSize,
  positive,
  seed,
  threads,
} from "../../base/values.ts";
import { deviceNames } from "../../runtime/deviceNames.ts";
import { noiseKinds, simulateDefaults } from "./choices.ts";
import { type OpticsOptions, opticsFields, toOptics } from "./optics.ts";
import { toViews, type ViewDistribution, viewFields } from "./views.ts";

/** In-plane shifts of the simulated particles. */
export type ShiftDistribution =
  | { kind: "none" }
  /** Gaussian in x and in y. */
  | { kind: "gaussian"; sigmaAngstrom: number }
  /** Triangular density in x and in y, zero at ± this fraction of the box edge. */
  | { kind: "triangular"; boxFraction: number };

/** Noise added to the simulated images. */
export type NoiseSource =
  | { kind: "none" }
  /** Gaussian, equal power at all frequencies. */
  | { kind: "white"; snr: number }
  | BankNoise;

/** Noise from a stack of particle-free images. */
export interface BankNoise {
  /**
   * spectrum: Gaussian with their mean power spectrum; bank: the images themselves; extended: each with as much
   * Gaussian noise of their mean power spectrum, so that no two images share their noise; varied: mosaics of them with
   * as much, in which none is seen again.
   */
  kind: "spectrum" | "bank" | "extended" | "varied";
  snr: number;
  bank: string;
  /** Which of them; absent: all. */
  images?: ImageChoice;
}

/** What `cryogan simulate` was asked to do. `snr` is the ratio of signal to noise variance per pixel. */
export interface SimulateCommandOptions {
  model: string;
  out: string;
  particles: number;
  boxSize: number;
  /** Absent, which only a map allows: the images show all of the map. */
  pixelSizeAngstrom?: number;
  /** Pixel size of the map where its header is wrong or silent. */
  mapPixelSizeAngstrom?: number;
  /** Low-pass of the density; absent: twice the pixel size for atoms, none for a map. */
  resolutionAngstrom?: number;
  symmetricFrame: boolean;
  optics: OpticsOptions;
  shift: ShiftDistribution;
  noise: NoiseSource;
  views: ViewDistribution;
  /** Share of the images that hold noise alone. */
  junkFraction: number;
  /** Write 16-bit floats (MRC mode 12). */
  float16: boolean;
  seed: number;
  /** Threads on the CPU; absent: all cores. */
  threads?: number;
  device: (typeof deviceNames)[number];
  json: boolean;
}

/** Fields as typed; keys are the option names in camel case. */
const simulateSchema = z
  .object({
    model: value(path("an atomic model (.cif, .pdb) or a map (.mrc)")),
    out: value(path("a folder")),
    particles: value(count()),
    box: value(boxSize()),
    pixelSize: value(pixelSize()).optional(),
    mapPixelSize: value(pixelSize()).optional(),
    snr: value(positive()).optional(),
    resolution: value(positive("Å")).optional(),
    symmetricFrame: flag(),
    ...opticsFields,
    ...viewFields,
    shiftSigma: value(nonNegative("Å")).optional(),
    shiftTriangular: value(fraction()).optional(),
    noise: value(choice(noiseKinds)).default(simulateDefaults.noise),
    noiseBank: value(path("a stack of particle-free images (.mrcs)")).optional(),
    noiseImages: value(imageChoice()).optional(),
    noiseFree: flag(),
    junk: value(fraction()).default(Number(simulateDefaults.junk)),
    float16: flag(),
    threads: value(threads()).optional(),
    seed: value(seed()).default(Number(simulateDefaults.seed)),
    device: value(choice(deviceNames)).default(simulateDefaults.device),
    json: flag(),
  })
  .transform((fields, context): SimulateCommandOptions => {
    const refuse = (option: keyof typeof fields, message: string) =>
      context.addIssue({ code: "custom", path: [option], message });
    if (fields.pixelSize !== undefined && fields.resolution !== undefined && fields.resolution < 2 * fields.pixelSize)
      refuse("resolution", `finer than the Nyquist limit of ${2 * fields.pixelSize} Å at this pixel size`);
    if (isMapName(fields.model)) {
      if (fields.symmetricFrame) refuse("symmetricFrame", "turns atomic models only; a map is used as it lies");
    } else {
      if (fields.pixelSize === undefined)
        refuse("pixelSize", "is required with an atomic model: the pixel size of the images in Å");
      if (fields.mapPixelSize !== undefined) refuse("mapPixelSize", "has a meaning only with a map");
    }
    if (fields.junk > 0 && fields.noiseFree)
      refuse("junk", "has no meaning with --noise-free: images without a molecule hold noise alone");
    if (fields.junk === 1) refuse("junk", "leaves no image with a molecule; give a smaller share");
    return {
      model: fields.model,
      out: fields.out,
      particles: fields.particles,
      boxSize: fields.box,
      pixelSizeAngstrom: fields.pixelSize,
      mapPixelSizeAngstrom: fields.mapPixelSize,
      resolutionAngstrom: fields.resolution,
      symmetricFrame: fields.symmetricFrame,
      optics: toOptics(fields, context),
      shift: toShift(fields, context),
      noise: toNoise(fields, context),
      views: toViews(fields, context),
      junkFraction: fields.junk,
      float16: fields.float16,
      threads: fields.threads,
      seed: fields.seed,
      device: fields.device,
      json: fields.json,
    };
  });

/** Whether a model is a map, by its name; all else is read as atoms. */
export const isMapName = (path: string): boolean => /\.(mrc|map|ccp4)$/i.test(path);

function toShift(
  fields: { shiftSigma?: number | undefined; shiftTriangular?: number | undefined },
  context: z.RefinementCtx,
): ShiftDistribution {
  if (fields.shiftSigma !== undefined && fields.shiftTriangular !== undefined)
    context.addIssue({
      code: "custom",
      path: ["shiftTriangular"],
      message: "cannot be combined with --shift-sigma; give one of them",
    });
  if (fields.shiftSigma) return { kind: "gaussian", sigmaAngstrom: fields.shiftSigma };
  if (fields.shiftTriangular) return { kind: "triangular", boxFraction: fields.shiftTriangular };
  return { kind: "none" };
}

function toNoise(
  fields: {
    noise: (typeof noiseKinds)[number];
    noiseFree: boolean;
    snr?: number | undefined;
    noiseBank?: string | undefined;
    noiseImages?: ImageChoice | undefined;
  },
  context: z.RefinementCtx,
): NoiseSource {
  const { noise, noiseFree, snr, noiseBank: bank, noiseImages: images } = fields;
  if (images !== undefined && bank === undefined)
    context.addIssue({ code: "custom", path: ["noiseImages"], message: "has a meaning only with --noise-bank" });
  if (noiseFree) {
    if (snr !== undefined)
      context.addIssue({ code: "custom", path: ["snr"], message: "cannot be combined with --noise-free" });
    return { kind: "none" };
  }
  if (snr === undefined) {
    context.addIssue({
      code: "custom",
      path: ["snr"],
      message: "is required: a signal-to-noise variance ratio per pixel such as 0.1, or --noise-free",
    });
    return z.NEVER;
  }
  if (noise === "white") {
    if (bank !== undefined)
      context.addIssue({
        code: "custom",
        path: ["noiseBank"],
        message: "has a meaning only with --noise spectrum, bank, extended or varied",
      });
    return { kind: "white", snr };
  }
  if (bank === undefined) {
    context.addIssue({
      code: "custom",
      path: ["noiseBank"],
      message: `is required with --noise ${noise}: a stack of particle-free images`,
    });
    return z.NEVER;
  }
  return { kind: noise, snr, bank, ...(images && { images }) };
}

/** @throws UsageError naming the option */
export function parseSimulateOptions(values: Record<string, unknown>): SimulateCommandOptions {
  return parseOptions(simulateSchema, values, { arguments: ["model"] });
}
