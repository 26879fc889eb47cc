/**
 * Small runs as jobs of a real Slurm: submitted, followed and cancelled as a user does it, requeued as an administrator
 * does who takes a node out of service.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { RunEvent } from "../../src/reconstruct/folder/events.ts";
import type { JobStatus } from "../../src/slurm/job.ts";
import { readRecord } from "../../src/slurm/record.ts";
import { httpSource } from "../../src/web/live/httpSource.ts";
import type { RunSource, RunSummary } from "../../src/web/live/source.ts";
import { createJobs } from "../../src/web/server/jobs.ts";
import { cryogan } from "../cli/run.ts";
import { smallParticleSet } from "../reconstruct/data.ts";
import { serving, temporaryFolder, token, until } from "../web/server/serving.ts";
import { type Cluster, startCluster } from "./cluster.ts";

const folder = temporaryFolder(),
  runs = join(folder, "runs of today, 50%");
const at = (run: string, file = ""): string => join(runs, run, file);
let cluster: Cluster, source: RunSource, particles: string;

beforeAll(async () => {
  particles = await smallParticleSet(folder, 600);
  cluster = await startCluster();
  const { address } = await serving([runs], { jobs: createJobs(100) });
  source = await httpSource(address, token);
});
afterEach(() => cluster.cancelAll());
afterAll(() => cluster?.close());

const options = ["--device", "cpu", "--max-shift", "0", "--threads", "1", "--checkpoint-every", "0.2s"];
const short = ["--stages", "adversarial 12:400, refine 12:2, local 20:1"],
  between = ["--stages", "adversarial 12:150, refine 12:2, local 20:1"],
  endless = ["--stages", "adversarial 12:100000"];
/** @returns number of the job */
async function submit(run: string, ...more: string[]): Promise<string> {
  const asked = ["slurm", particles, "--out", at(run), "--time", "10m", ...options, ...more, "--submit", "--json"];
  const { code, stdout, stderr } = await cryogan(...asked);
  expect([code, stderr]).toEqual([0, ""]);
  const told = JSON.parse(stdout) as { job: string; script: string; cluster: string };
  expect(told).toEqual({ job: expect.stringMatching(/^\d+$/), script: at(run, "slurm.sh"), cluster: "testing" });
  return told.job;
}

const eventsOf = (run: string): RunEvent[] =>
  existsSync(at(run, "events.jsonl"))
    ? readFileSync(at(run, "events.jsonl"), "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as RunEvent)
    : [];
const summaryOf = async (run: string): Promise<RunSummary | undefined> =>
  (await source.list()).find(({ name }) => name === at(run));
const jobOf = async (run: string): Promise<JobStatus | undefined> => (await summaryOf(run))?.job;
const ends = async (run: string): Promise<JobStatus> => {
  await until(async () => /COMPLETED|FAILED|CANCELLED|TIMEOUT/.test((await jobOf(run))?.state ?? ""));
  return (await jobOf(run))!;
};

test("a run as a job comes to the map that it comes to without Slurm", async () => {
  const job = await submit("whole", ...short);
  expect(await readRecord(at("whole"))).toMatchObject({ job, cluster: "testing", script: at("whole", "slurm.sh") });
  const without = cryogan("reconstruct", particles, "--out", at("alone"), ...options, ...short);
  expect((await without).code).toBe(0);
  expect(await ends("whole")).toEqual({ job, cluster: "testing", state: "COMPLETED", nodes: "node1" });
  expect((await summaryOf("whole"))!.state).toMatch(/found|uncertain|notFound/i);
  expect(readFileSync(at("whole", "map.mrc")).equals(readFileSync(at("alone", "map.mrc")))).toBe(true);
  expect(readFileSync(at("whole", "log.txt"), "utf8")).toMatch(/finished in /);
});

test("requeued from a node that is drained, it goes on from its checkpoint on another, to the same map", async () => {
  const job = await submit("moved", ...short);
  await until(() => eventsOf("moved").some(({ type }) => type === "checkpoint"));
  const { nodes } = (await jobOf("moved"))!;
  cluster.ask("scontrol", "update", `NodeName=${nodes}`, "State=DRAIN", "Reason=maintenance");
  cluster.ask("scontrol", "requeue", job);
  await until(async () => (await summaryOf("moved"))!.state === "queued");
  expect(eventsOf("moved").at(-1)!.type).toBe("stopped");
  // Slurm waits for two minutes before it starts a job again.
  cluster.ask("scontrol", "update", `JobId=${job}`, "StartTime=now");
  expect(await ends("moved")).toMatchObject({ job, state: "COMPLETED" });
  expect((await jobOf("moved"))!.nodes).not.toBe(nodes);
  cluster.ask("scontrol", "update", `NodeName=${nodes}`, "State=RESUME");
  const events = eventsOf("moved"),
    again = events.findLastIndex(({ type }) => type === "start");
  expect(events.filter(({ type }) => type === "start")).toHaveLength(2);
  const [before, after] = [events.slice(0, again), events.slice(again)];
  const reached = before.findLast((event) => event.type === "checkpoint")!;
  expect(after.find((event) => event.type === "progress")!.iteration).toBeGreaterThanOrEqual(reached.iteration);
  expect(readFileSync(at("moved", "map.mrc")).equals(readFileSync(at("alone", "map.mrc")))).toBe(true);
});

test("jobs wait in their order, and are cancelled by the page after a checkpoint", async () => {
  const wide = ["--cpus-per-task", "2", "--sbatch=--nodelist=node1"];
  const first = await submit("first", ...endless, ...wide);
  const third = await submit("third", ...endless, ...wide),
    fourth = await submit("fourth", ...endless, ...wide);
  await until(async () => (await jobOf("fourth"))?.queue?.place === 2);
  expect(await jobOf("third")).toMatchObject({
    job: third,
    state: "PENDING",
    queue: { partition: "main", place: 1, of: 2 },
  });
  expect(await summaryOf("fourth")).toMatchObject({ state: "queued", job: { job: fourth, state: "PENDING" } });
  expect(await summaryOf("first")).toMatchObject({ state: "running", job: { job: first, state: "RUNNING" } });
  const again = await cryogan("slurm", particles, "--out", at("third"), "--time", "10m", ...options);
  expect([again.code, again.stderr]).toEqual([
    1,
    `error: ${at("third")}: job ${third} works on it (PENDING); end that one first: scancel ${third}\n`,
  ]);

  const id = async (run: string): Promise<string> => (await summaryOf(run))!.id;
  for (const run of ["third", "fourth"]) {
    await source.stop(await id(run));
    expect(await ends(run)).toMatchObject({ state: "CANCELLED" });
    expect((await summaryOf(run))!.state).toBe("stopped");
  }
  await until(() => eventsOf("first").some(({ type }) => type === "checkpoint"));
  await source.stop(await id("first"));
  expect(await ends("first")).toMatchObject({ job: first, state: "CANCELLED" });
  expect(eventsOf("first").slice(-2)).toMatchObject([{ type: "checkpoint" }, { type: "stopped" }]);
  await until(async () => (await summaryOf("first"))!.state === "stopped");
  await expect(source.resume(await id("first"))).rejects.toThrow(/submit it again with: sbatch /);
  await expect(source.stop(await id("first"))).rejects.toThrow(/not running|not on this machine, or has ended/);
});

test("before its time is over a job is asked to end, and submitted again it goes on", async () => {
  const job = await submit("asked", ...endless);
  await until(() => eventsOf("asked").some(({ type }) => type === "checkpoint"));
  // What --signal=B:TERM does before the end.
  cluster.ask("scancel", "--batch", "--signal=TERM", job);
  expect(await ends("asked")).toMatchObject({ state: "FAILED", reason: "NonZeroExitCode" });
  expect(eventsOf("asked").slice(-2)).toMatchObject([{ type: "checkpoint" }, { type: "stopped" }]);
  const again = cluster.ask("sbatch", "--parsable", at("asked", "slurm.sh"));
  await until(() => eventsOf("asked").filter(({ type }) => type === "start").length === 2);
  cluster.ask("scancel", again);
});

test("several processes write a checkpoint when they are asked to end, and go on", async () => {
  const job = await submit("ranks", ...between, "--ntasks-per-node", "2");
  await until(() => eventsOf("ranks").some(({ type }) => type === "checkpoint"));
  cluster.ask("scancel", "--batch", "--signal=TERM", job);
  expect(await ends("ranks")).toMatchObject({ state: "FAILED" });
  expect(eventsOf("ranks").slice(-2)).toMatchObject([{ type: "checkpoint" }, { type: "stopped" }]);
  const again = cluster.ask("sbatch", "--parsable", at("ranks", "slurm.sh"));
  await until(() => cluster.ask("squeue", "-h", "-t", "all", "-j", again, "-o", "%T") === "COMPLETED");
  expect(eventsOf("ranks").at(-1)!.type).toBe("finished");
});

test("a script that Slurm refuses, and input that the run would refuse, are told in one line", async () => {
  const refused = await cryogan(
    "slurm",
    particles,
    "--out",
    at("none"),
    "--time",
    "10m",
    "--partition",
    "none",
    "--submit",
  );
  expect([refused.code, refused.stdout]).toEqual([1, ""]);
  expect(refused.stderr).toBe(
    "error: sbatch: invalid partition specified: none; Batch job submission failed: Invalid partition name specified\n",
  );
  const missing = await cryogan("slurm", join(folder, "none.star"), "--out", at("none"), "--time", "10m", "--submit");
  expect(missing.code).toBe(1);
  expect(missing.stderr).toMatch(/^error: cannot read [^\n]*none\.star: no such file or folder\n$/);
  expect(cluster.ask("squeue", "-h", "-n", "none")).toBe("");
});
