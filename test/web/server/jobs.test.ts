/** Jobs as the server tells of them, from what Slurm's commands printed; a real Slurm is asked in test/slurm. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parseAccounts, parseQueue, placeIn } from "../../../src/slurm/commands.ts";
import { jobText } from "../../../src/slurm/job.ts";
import { createJobs } from "../../../src/web/server/jobs.ts";
import { type RecordedSlurm, recordedSlurm } from "../../slurm/recorded.ts";
import { temporaryFolder } from "./serving.ts";

let folder: string, slurm: RecordedSlurm;
beforeEach(() => {
  folder = temporaryFolder();
  slurm = recordedSlurm(folder, join(folder, "run", "log.txt"));
  vi.stubEnv("PATH", `${slurm.bin}:${process.env.PATH}`);
});
afterEach(() => vi.unstubAllEnvs());

function run(name: string, record: unknown): string {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, "slurm.json"), JSON.stringify(record));
  return join(folder, name);
}
const record = (job: string, cluster = "cryogan") => ({
  ...{ job, cluster, script: "/data/run/slurm.sh", submitted: "2026-11-27T04:45:42.000Z" },
});

test("state, nodes and place in the queue", async () => {
  const jobs = createJobs();
  const texts = await Promise.all(
    ["19", "21", "22", "7"].map(async (job) => jobText((await jobs.of(run(job, record(job))))!)),
  );
  expect(texts).toEqual([
    "Job 19 of cryogan: RUNNING on node[1-2]",
    "Job 21 of cryogan: PENDING (Priority), place 2 of 3 in the queue of main",
    "Job 22 of cryogan: PENDING (Priority), place 3 of 3 in the queue of main",
    "Job 7 of cryogan: Slurm no longer knows it",
  ]);
});

test("where Slurm is not, or is that of another cluster, it says so", async () => {
  expect(jobText((await createJobs().of(run("other", record("21", "far"))))!)).toBe(
    "Job 21 of far: its state is not known, as the Slurm of this machine is that of cryogan",
  );
  vi.stubEnv("PATH", "/nowhere");
  const jobs = createJobs();
  expect(jobText((await jobs.of(run("run", record("21"))))!)).toBe(
    "Job 21 of cryogan: its state is not known, as Slurm is not on this machine",
  );
  expect(await jobs.cancel(join(folder, "run"))).toBe(false);
  await jobs.checkResume(join(folder, "run"));
});

test("a job is cancelled, and one that another folder names is not", async () => {
  const jobs = createJobs();
  await expect(jobs.cancel(run("stranger", record("21")))).rejects.toThrow("does not show itself to be this run's");
  expect(slurm.cancelled()).toBeUndefined();
  await expect(jobs.checkResume(run("run", record("21")))).rejects.toThrow("job 21 works on it");
  expect(await jobs.cancel(join(folder, "run"))).toBe(true);
  expect(slurm.cancelled()).toBe("21");
  expect(await jobs.of(join(folder, "run"))).toEqual({ job: "21", cluster: "cryogan", state: "CANCELLED" });
  await expect(jobs.checkResume(join(folder, "run"))).rejects.toThrow("with: sbatch /data/run/slurm.sh");
});

test.each([
  ["options in place of a number", record("--user=root")],
  ["several", record("1,2")],
  ["no cluster", { ...record("21"), cluster: undefined }],
  ["a cluster of many lines", record("21", "a\nb")],
])("a record that holds %s is none", async (_, content) => {
  const jobs = createJobs();
  expect(await jobs.of(run("run", content))).toBeUndefined();
  expect(await jobs.cancel(join(folder, "run"))).toBe(false);
});

test("rows of squeue and sacct", () => {
  expect(parseQueue("8|FAILED|main|n1|NonZeroExitCode\n9|RUNNING|a|n[2-4]|None\n")).toEqual(
    new Map([
      ["8", { state: "FAILED", reason: "NonZeroExitCode", nodes: "n1" }],
      ["9", { state: "RUNNING", nodes: "n[2-4]" }],
    ]),
  );
  // sacct(1): the state of a cancelled job names who did it.
  expect(parseAccounts("8|CANCELLED by 1000|None assigned\n9|TIMEOUT|n1\n")).toEqual(
    new Map([
      ["8", { state: "CANCELLED" }],
      ["9", { state: "TIMEOUT", nodes: "n1" }],
    ]),
  );
  expect(placeIn("3\n1\n2\n", "1", "main")).toEqual({ partition: "main", place: 2, of: 3 });
  expect(placeIn("", "1", "main")).toBeUndefined();
});
