import type { z } from "zod";
import { InputError } from "../../base/errors.ts";
import type { DataFile, Files } from "../../base/files.ts";
import type { Volume } from "../../base/types.ts";
import type { FscResult } from "../../evaluate/fsc.ts";
import { folderAt, readText } from "../../io/files.ts";
import { readMap } from "../../io/mrc.ts";
import type { RunClasses, RunDirections } from "../stage.ts";
import { readConfig } from "./config.ts";
import { parseEvents } from "./eventLines.ts";
import type { RunEvent, RunExamples, RunSpectra, RunVerdict } from "./events.ts";
import {
  classesSchema,
  directionsSchema,
  evaluationSchema,
  examplesSchema,
  fscSchema,
  resultSchema,
  spectraSchema,
} from "./schemas.ts";

/** What fsc.json compares, as evaluation.json tells. */
export type Comparison = "reference" | "halfMaps";

/** What a run folder holds now. A run that is going on, or was stopped, has only some of it. */
export interface RunFolder {
  path: string;
  config?: Record<string, unknown>;
  events: RunEvent[];
  map?: Volume;
  halfMaps: { half: 1 | 2; map: Volume }[];
  examples?: RunExamples;
  spectra?: RunSpectra;
  classes?: RunClasses;
  directions?: RunDirections;
  fsc?: FscResult;
  /** The verdict, and what it rests on. */
  result?: RunVerdict;
  /** Absent: not known. */
  comparison?: Comparison;
  /** Files that are there but cannot be read, one line each. */
  problems: string[];
}

/** Reads a file of a run folder; undefined where it is not there, or cannot be read. */
export type ReadPart = <T>(name: string, parse: (file: DataFile) => Promise<T>) => Promise<T | undefined>;

/** @param problems gets a line for each file that is there but cannot be read */
export function partReader(files: Files, path: string, problems: string[]): ReadPart {
  const folder = folderAt(files, path);
  return async (name, parse) => {
    const file = folder(name);
    if (!(await file.exists())) return undefined;
    return parse(file).catch((error: Error) => {
      problems.push(`${name}: ${error.message}`);
      return undefined;
    });
  };
}

/**
 * Read what a run folder tells, but for the particles and the maps of a motion (runMotion.ts), which take long. Missing
 * files are left out; broken ones too, with a line in `problems`.
 * @throws InputError when the folder does not exist or holds no file of a run
 */
export async function readRunFolder(files: Files, path: string): Promise<RunFolder> {
  if (!(await files.at(path).exists()))
    throw new InputError(`${path}: no such folder; give the --out folder of cryogan reconstruct`);
  const problems: string[] = [],
    read = partReader(files, path, problems);
  const config = await read("config.json", readConfig);
  const events = await read("events.jsonl", readEvents);
  const readOneMap = (file: DataFile): Promise<Volume> => readMap(file);
  const map = await read("map.mrc", readOneMap);
  const half1 = await read("half1.mrc", readOneMap);
  const half2 = await read("half2.mrc", readOneMap);
  const examples = await read("examples.json", jsonOf(examplesSchema));
  const spectra = await read("spectra.json", jsonOf(spectraSchema));
  const classes = await read("classes.json", jsonOf(classesSchema));
  const directions = await read("directions.json", jsonOf(directionsSchema));
  const fsc = await read("fsc.json", jsonOf(fscSchema));
  const result = await read("result.json", jsonOf(resultSchema));
  const evaluation = await read("evaluation.json", jsonOf(evaluationSchema));
  if (
    [config, events, map, half1, half2, examples, spectra, fsc].every((part) => part === undefined) &&
    problems.length === 0
  )
    throw new InputError(`${path}: not a run folder: it holds neither config.json nor events.jsonl nor map.mrc`);
  return {
    path,
    config,
    events: events ?? [],
    map,
    examples,
    spectra,
    classes,
    directions,
    fsc,
    result,
    comparison: evaluation?.kind,
    problems,
    halfMaps: [
      ...(half1 ? [{ half: 1 as const, map: half1 }] : []),
      ...(half2 ? [{ half: 2 as const, map: half2 }] : []),
    ],
  };
}

const jsonOf =
  <T>(schema: z.ZodType<T>) =>
  async (file: DataFile): Promise<T> => {
    const text = await readText(file);
    let content: unknown;
    try {
      content = JSON.parse(text);
    } catch (error) {
      throw new InputError(`is not valid JSON: ${(error as Error).message}`);
    }
    const found = schema.safeParse(content);
    if (found.success) return found.data;
    const field = found.error.issues[0]!.path.join(".");
    throw new InputError(`${field === "" ? "it" : `its ${field}`} is missing, or not what a run writes`);
  };

async function readEvents(file: DataFile): Promise<RunEvent[]> {
  return parseEvents(await readText(file));
}
