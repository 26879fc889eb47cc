/** config.json: the options that a run was asked for, by their names on the command line, and what it made of them. */
import { join, resolve } from "pathe";
import { z } from "zod";
import { InputError, UsageError } from "../../base/errors.ts";
import type { DataFile } from "../../base/files.ts";
import { readText } from "../../io/files.ts";
import { parseReconstructOptions } from "../optionSchema.ts";
import { asTyped, optionEntries, type ReconstructOptions } from "../options.ts";
import type { Stage } from "../stage.ts";

/** What a run made of its options, kept under `used`. */
export interface UsedSettings {
  particles: number;
  /** Edge of the working box in pixels. */
  box: number;
  /** As a fraction of the edge of the box. */
  maskRadius: number;
  /** Standard deviation of particles from the centres of their boxes along each axis, as a fraction of the edge. */
  shiftSigma: number;
  /** Whether the images were taken as their negatives. */
  invertContrast: boolean;
  /** The map that the run began from, and the resolution that it was low-passed to; absent where it is ab initio. */
  start?: { map: string; resolutionAngstrom: number };
  /** The schedule, as far as it has been settled. */
  stages: Stage[];
}

/** Options as config.json keeps them: paths absolute, and without those that only say how the run is begun. */
export function askedOptions(options: ReconstructOptions): Partial<ReconstructOptions> {
  return Object.fromEntries(
    optionEntries.flatMap(([key, option]) => {
      const value = options[key];
      if (value === undefined || option.begins) return [];
      return [[key, option.given !== "flag" && option.value.isPath ? resolve(value as string) : value]];
    }),
  );
}

/** @param used absent while the run has not laid itself out */
export const configText = (options: ReconstructOptions, used?: UsedSettings): string =>
  JSON.stringify({ ...askedOptions(options), used }, null, 2);

/** @returns config.json as it is. @throws {InputError} naming the file where it cannot be read */
export async function readConfig(file: DataFile): Promise<Record<string, unknown>> {
  const { path } = file;
  try {
    const content: unknown = JSON.parse(await readText(file));
    if (content !== null && typeof content === "object") return content as Record<string, unknown>;
  } catch (error) {
    throw new InputError(`${path} cannot be read (${(error as Error).message})`);
  }
  throw new InputError(`${path} holds no options`);
}

/** Versions before did not choose the contrast. */
const usedSchema = z.object({
  used: z.object({ maskRadius: z.number().positive().max(0.5), invertContrast: z.boolean().optional() }),
});

/**
 * The options of a run, the radius of its mask as a fraction of the box and whether its images were inverted, out of
 * the content of its config.json.
 * @throws {InputError} naming what is wrong in it
 */
export function parseConfig(
  folder: string,
  content: Record<string, unknown>,
): { asked: ReconstructOptions; maskRadius: number; inverted: boolean } {
  const path = join(folder, "config.json");
  const used = usedSchema.safeParse(content);
  if (!used.success)
    throw new InputError(
      content.used === undefined
        ? `${path} is that of a run which ended before it was laid out`
        : `${path} is not that of a run of this version of cryogan`,
    );
  try {
    const asked = parseReconstructOptions({ ...asTyped(content), out: folder }),
      { maskRadius, invertContrast } = used.data.used;
    return { asked, maskRadius, inverted: invertContrast ?? asked.invertContrast ?? false };
  } catch (error) {
    throw error instanceof UsageError ? new InputError(`${path}: ${error.message}`) : error;
  }
}
