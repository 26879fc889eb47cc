import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import { classNumbers, path, positive } from "../../base/values.ts";

/** What `cryogan export` was asked to write. */
export interface ExportCommandOptions {
  runFolder: string;
  /** Folder to write to. */
  out: string;
  lowPassAngstrom?: number;
  poses: boolean;
  /** Of a run with several classes those that are written, by number. */
  classes?: number[];
  /** RELION's project folder, which names of files start from; absent: absolute names. */
  projectRoot?: string;
  /** Folder that the stack names of the run's particle file start from. */
  stacksRoot?: string;
  json: boolean;
}

/** Fields as typed; keys are the option names in camel case. */
const exportSchema = z
  .object({
    runFolder: value(path("a run folder")),
    relion: value(path("a folder")),
    iniHigh: value(positive("Å")).optional(),
    poses: flag(),
    class: value(classNumbers()).optional(),
    projectRoot: value(path("a folder")).optional(),
    stacksRoot: value(path("a folder")).optional(),
    json: flag(),
  })
  .transform(
    ({ relion, iniHigh, class: classes, ...rest }): ExportCommandOptions => ({
      ...rest,
      classes,
      out: relion,
      lowPassAngstrom: iniHigh,
    }),
  );

/** @throws UsageError naming the option */
export function parseExportOptions(values: Record<string, unknown>): ExportCommandOptions {
  return parseOptions(exportSchema, values, { arguments: ["runFolder"] });
}
