/** The check of options as typed, on the command line or in a form. */
import { z } from "zod";
import { flag, parseOptions, value } from "../base/schema.ts";
import { methodChosen, methodOf } from "./method.ts";
import { type OptionKey, optionEntries, type ReconstructOptions } from "./options.ts";
import { stages } from "./optionValues.ts";

/** One field for each option. */
const fields = Object.fromEntries(
  optionEntries.map(([key, option]) => {
    if (option.given === "flag") return [key, flag()];
    const field = value<unknown>(option.value);
    if (option.given === "yes or no") return [key, z.union([z.boolean(), field]).optional()];
    if (option.given === "required") return [key, field];
    return [key, option.given === "default" ? field.default(option.default) : field.optional()];
  }),
) as { [K in OptionKey]: z.ZodType<ReconstructOptions[K]> };

/** Takes values as typed, by the keys of the options; what is no option is ignored. */
export const reconstructSchema = z
  .object(fields)
  .superRefine((options, context) => {
    if (options.stages && options.timeLimit !== undefined)
      context.addIssue({
        code: "custom",
        path: ["timeLimit"],
        message: "cannot be combined with --stages, which set the work themselves",
      });
    if (options.stages && !options.start && options.stages[0]!.kind !== "adversarial") {
      const { expected, write } = stages();
      context.addIssue({
        code: "custom",
        path: ["stages"],
        message: `expected ${expected}, got "${write(options.stages)}"`,
      });
    }
    for (const key of ["critic", "loss"] as const)
      if (options.recipe !== undefined && options[key] !== undefined)
        context.addIssue({
          code: "custom",
          path: [key],
          message: `cannot be combined with --recipe ${options.recipe}, which has its own`,
        });
    if (options.recipe !== undefined && options.method === "refined")
      context.addIssue({
        code: "custom",
        path: ["method"],
        message: `cannot be refined with --recipe ${options.recipe}, which is CryoGAN alone`,
      });
    const method = methodChosen(options);
    if (method === "cryogan" && options.stages && methodOf(options.stages) !== "cryogan")
      context.addIssue({
        code: "custom",
        path: ["stages"],
        message: `must be adversarial stages alone with ${
          options.recipe === undefined ? "--method cryogan" : `--recipe ${options.recipe}`
        }, which is without likelihood`,
      });
    else if (
      method !== "cryogan" &&
      options.stages?.some(({ kind }) => kind === "adversarial") &&
      options.start !== undefined
    )
      context.addIssue({
        code: "custom",
        path: ["stages"],
        message:
          "must be refine and local stages alone with --start, which gives the map that adversarial ones find; " +
          "adversarial ones go on from it with --method cryogan",
      });
    const groups = options.symmetry.split(",").length,
      classes = options.classes ?? 1;
    if (groups > 1 && groups !== classes)
      context.addIssue({
        code: "custom",
        path: ["symmetry"],
        message:
          `names ${groups} groups, and there ${classes > 1 ? `are ${classes} classes` : "is one class"} (--classes): ` +
          "give one group for each, or one for all",
      });
    if (options.repeats !== undefined && classes === 1)
      context.addIssue({
        code: "custom",
        path: ["repeats"],
        message: "tells which classes are found again: give --classes",
      });
    if (options.motion !== undefined) {
      if (classes > 1 || options.junkClass)
        context.addIssue({
          code: "custom",
          path: ["motion"],
          message:
            `cannot be combined with ${classes > 1 ? "--classes" : "--junk-class"}: ` +
            "take the particles of one class from such a run (--class)",
        });
      else if (options.halfMaps)
        context.addIssue({
          code: "custom",
          path: ["motion"],
          message: "cannot be combined with --half-maps: the motion of two halves would be found apart",
        });
      else if (method === "cryogan" || (options.stages && methodOf(options.stages) === "cryogan"))
        context.addIssue({
          code: "custom",
          path: ["motion"],
          message: "needs stages of refinement: it is found by likelihood",
        });
    }
    if (options.startResolution !== undefined && options.start === undefined)
      context.addIssue({
        code: "custom",
        path: ["startResolution"],
        message: "is that of a map to start from: give it by --start",
      });
    if (options.noiseImages !== undefined && options.noiseBank === undefined)
      context.addIssue({
        code: "custom",
        path: ["noiseImages"],
        message: "are those of a stack of images without particles: give it by --noise-bank",
      });
    if (options.resume && options.overwrite)
      context.addIssue({
        code: "custom",
        path: ["overwrite"],
        message: "cannot be combined with --resume; give one of them",
      });
  })
  .transform((options): ReconstructOptions => ({ ...options, method: methodChosen(options) }));

/** @throws UsageError naming the option */
export function parseReconstructOptions(values: Record<string, unknown>): ReconstructOptions {
  const positional = optionEntries.filter(([, option]) => "positional" in option).map(([key]) => key);
  return parseOptions(reconstructSchema, values, { arguments: positional });
}
