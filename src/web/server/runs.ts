/** The runs that a server shows: folders given to it, and runs directly in them. */
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { disk } from "../../io/disk.ts";
import { recordName } from "../../slurm/record.ts";
import type { RunSummary } from "../live/source.ts";
import type { Jobs } from "./jobs.ts";
import { type RunCondition, runCondition } from "./runState.ts";

export interface Runs {
  list(): Promise<RunSummary[]>;
  /** @returns the folder of a run; undefined if there is none of this id */
  folder(id: string): Promise<string | undefined>;
}

/**
 * @param folders   run folders, or folders whose sub-folders are such; looked at anew every time
 * @param startedIn where the page starts runs; of what is there, only such runs, which have a log, are shown
 * @param jobs      of Slurm, that may work on them
 */
export function runsIn(folders: readonly string[], startedIn?: string, jobs?: Pick<Jobs, "of">): Runs {
  /** Folder by id. */
  const find = async (): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    const add = (run: string): unknown => found.has(runId(run)) || found.set(runId(run), run);
    for (const folder of folders) (await runFolders(folder)).forEach(add);
    for (const run of startedIn === undefined ? [] : await runFolders(startedIn))
      if (await disk.at(join(run, "log.txt")).exists()) add(run);
    return found;
  };
  return {
    list: async () =>
      Promise.all(
        [...(await find())].map(async ([id, folder]) => {
          const job = await jobs?.of(folder).catch(() => undefined); // where slurm.json cannot be read
          const condition = await runCondition(folder, job).catch(unreadable);
          return { id, name: folder, ...condition, ...(job ? { job } : {}) };
        }),
      ),
    folder: async (id) => (await find()).get(id),
  };
}

const unreadable = (error: Error): RunCondition => ({ state: "failed", message: error.message });

/** A name that stays the same when the server is started again, from wherever. */
export function runId(folder: string): string {
  const path = resolve(folder);
  const readable = basename(path)
    .replaceAll(/[^A-Za-z0-9]+/g, "-")
    .slice(0, 40)
    .replaceAll(/^-|-$/g, "");
  return `${readable}-${createHash("sha256").update(path).digest("hex").slice(0, 8)}`;
}

export const isRunFolder = async (folder: string): Promise<boolean> =>
  (await disk.at(join(folder, "events.jsonl")).exists()) ||
  (await disk.at(join(folder, "run.pid")).exists()) ||
  disk.at(join(folder, recordName)).exists();

async function runFolders(folder: string): Promise<string[]> {
  if (await isRunFolder(folder)) return [folder];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const inside = entries
    .filter((entry) => !entry.name.startsWith(".") && (entry.isDirectory() || entry.isSymbolicLink()))
    .map((entry) => join(folder, entry.name))
    .sort();
  const areRuns = await Promise.all(inside.map(isRunFolder));
  return inside.filter((_, i) => areRuns[i]);
}
