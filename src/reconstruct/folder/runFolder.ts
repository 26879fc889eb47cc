import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../base/errors.ts";
import type { Volume } from "../../base/types.ts";
import type { FscResult } from "../../evaluate/fsc.ts";
import { exists } from "../../io/files.ts";
import { readMap } from "../../io/mrc.ts";
import { parseEvents } from "./eventLines.ts";
import type { RunEvent, RunExamples, RunSpectra } from "./events.ts";

/** What a run folder holds now. A run that is going on, or was stopped, has only some of it. */
export interface RunFolder {
  path: string;
  config?: Record<string, unknown>;
  events: RunEvent[];
  map?: Volume;
  halfMaps: { half: 1 | 2; map: Volume }[];
  examples?: RunExamples;
  spectra?: RunSpectra;
  fsc?: FscResult;
  /** What fsc.json compares; absent: not known. */
  comparison?: "reference" | "halfMaps";
  /** Files that are there but cannot be read, one line each. */
  problems: string[];
}

/**
 * Read all that a report shows. Missing files are left out; broken ones too, with a line in `problems`.
 * @throws InputError when the folder does not exist or holds no file of a run
 */
export async function readRunFolder(path: string): Promise<RunFolder> {
  const isFolder = await stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new InputError(`${path}: no such folder; give the --out folder of cryogan reconstruct`);
  const problems: string[] = [];
  const read = async <T>(name: string, parse: (file: string) => Promise<T>): Promise<T | undefined> => {
    const file = join(path, name);
    if (!(await exists(file))) return undefined;
    if (!(await stat(file)).isFile()) {
      problems.push(`${name}: it is no file`);
      return undefined;
    }
    return parse(file).catch((error: Error) => {
      problems.push(`${name}: ${error.message}`);
      return undefined;
    });
  };
  const config = await read("config.json", readJson<Record<string, unknown>>);
  const events = await read("events.jsonl", readEvents);
  const map = await read("map.mrc", readMap);
  const half1 = await read("half1.mrc", readMap);
  const half2 = await read("half2.mrc", readMap);
  const examples = await read("examples.json", readJson<RunExamples>);
  const spectra = await read("spectra.json", readJson<RunSpectra>);
  const fsc = await read("fsc.json", readJson<FscResult>);
  const evaluation = await read("evaluation.json", readJson<{ kind: "reference" | "halfMaps" }>);
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
    fsc,
    comparison: evaluation?.kind,
    problems,
    halfMaps: [
      ...(half1 ? [{ half: 1 as const, map: half1 }] : []),
      ...(half2 ? [{ half: 2 as const, map: half2 }] : []),
    ],
  };
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, "utf8")) as T;
}

async function readEvents(file: string): Promise<RunEvent[]> {
  return parseEvents(await readFile(file, "utf8"));
}
