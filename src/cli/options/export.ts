import { z } from "zod";
import { flag, parseOptions, value } from "../../base/schema.ts";
import { classNumbers, path, positive } from "../../base/values.ts";

/** What `cryogan export` was asked to write. */
export interface ExportCommandOptions {
  runFolder: string;
  /** That takes it. */
  program: "relion" | "cryosparc";
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
    relion: value(path("a folder")).optional(),
    cryosparc: value(path("a folder")).optional(),
    iniHigh: value(positive("Å")).optional(),
    poses: flag(),
    class: value(classNumbers()).optional(),
    projectRoot: value(path("a folder")).optional(),
    stacksRoot: value(path("a folder")).optional(),
    json: flag(),
  })
  .transform(({ relion, cryosparc, iniHigh, class: classes, ...rest }, context): ExportCommandOptions => {
    const refuse = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    if (relion === undefined && cryosparc === undefined) refuse("relion", "is required: a folder, or --cryosparc");
    if (cryosparc !== undefined) {
      if (relion !== undefined) refuse("cryosparc", "cannot be combined with --relion; export twice");
      if (iniHigh !== undefined) refuse("iniHigh", "has a meaning only with --relion");
      if (rest.projectRoot !== undefined) refuse("projectRoot", "has a meaning only with --relion");
    }
    return {
      ...rest,
      classes,
      program: cryosparc === undefined ? "relion" : "cryosparc",
      out: (relion ?? cryosparc)!,
      lowPassAngstrom: iniHigh,
    };
  });

/** @throws UsageError naming the option */
export function parseExportOptions(values: Record<string, unknown>): ExportCommandOptions {
  return parseOptions(exportSchema, values, { arguments: ["runFolder"] });
}
