/** slurm.json in a run folder: which job of Slurm works on the run. For Node only. */
import { join } from "node:path";
import { z } from "zod";
import { disk } from "../io/disk.ts";
import { writeFileAtomic } from "../io/files.ts";
import { readPlainJson } from "../io/plainJson.ts";
import type { JobRecord } from "./job.ts";

/** Run folders may come from anyone: what the commands of Slurm are given, or a page shows, is no more than this. */
const schema = z.object({
  job: z.string().regex(/^[1-9]\d{0,11}$/),
  cluster: z.string().regex(/^[\w.-]{1,100}$/),
  script: z.string().max(4096),
  submitted: z.iso.datetime(),
});
const largestBytes = 65_536;
export const recordName = "slurm.json";
const pathOf = (folder: string): string => join(folder, recordName);

export const writeRecord = (folder: string, record: JobRecord): Promise<void> =>
  writeFileAtomic(disk.at(pathOf(folder)), JSON.stringify(record, null, 2));

/** @returns undefined where there is none, or it is not what was written */
export const readRecord = async (folder: string): Promise<JobRecord | undefined> =>
  schema.safeParse(await readPlainJson(pathOf(folder), largestBytes)).data;
