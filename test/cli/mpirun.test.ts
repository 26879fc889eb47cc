/** Whole runs under the real mpirun: the map of one process, from any number of them, of either library. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { program } from "../program.ts";
import { smallParticleSet } from "../reconstruct/data.ts";
import { likeness } from "../reconstruct/likeness.ts";
import { asRoot, installMpi, type Kind, launch } from "../runtime/mpiLaunch.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)),
  shells = 8,
  stages = "adversarial 12:12, refine 12:2:1500, local 16:2";
let folder: string, particles: string, alone: string;

const argumentsOf = (out: string): string[] => [
  program,
  "reconstruct",
  particles,
  "--out",
  out,
  "--stages",
  stages,
  "--threads",
  "1",
  "--device",
  "cpu",
];

beforeAll(async () => {
  installMpi();
  folder = await mkdtemp(join(tmpdir(), "cryogan-mpirun-"));
  particles = await smallParticleSet(folder);
  alone = join(folder, "alone");
  execFileSync(process.execPath, argumentsOf(alone), { cwd: root, stdio: "pipe" });
});
afterAll(() => rm(folder, { recursive: true }));

const withAlone = (out: string): Promise<number> => likeness(join(alone, "map.mrc"), join(out, "map.mrc"), shells);

// MPICH never gives up a core while it waits: no more processes than cores.
test.each<[Kind, number]>([
  ["Open MPI", 3],
  ["MPICH", 2],
])("%s, %i processes", async (kind, processes) => {
  const out = join(folder, `${kind} ${processes}`),
    ended = await launch(kind, [{ processes, program: argumentsOf(out) }]);
  expect(ended.stderr).toContain("finished in");
  expect(ended.stderr.match(/finished in/g)).toHaveLength(1);
  expect(ended.code).toBe(0);
  expect(await withAlone(out)).toBeGreaterThan(0.999);
});

test("a process that is killed ends the job; three go on from the last checkpoint of two", async () => {
  const out = join(folder, "killed");
  const job = spawn(
    "mpirun.openmpi",
    ["--oversubscribe", "-n", "2", process.execPath, ...argumentsOf(out), "--checkpoint-every", "0.1s"],
    {
      cwd: root,
      env: { ...process.env, ...asRoot },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let said = "";
  job.stderr.on("data", (text) => (said += text));
  const ended = new Promise<number | null>((resolve) => job.on("close", resolve));
  const begun = (): boolean =>
    existsSync(join(out, "events.jsonl")) && readFileSync(join(out, "events.jsonl"), "utf8").includes('"stage":2');
  while (!begun() && job.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
  process.kill(rankOne(job.pid!), "SIGKILL");
  expect(await ended).not.toBe(0);
  expect(said).toMatch(/rank 1 with PID \d+ on node \S+ exited on signal 9/);
  const resumed = await launch("Open MPI", [{ processes: 3, program: [...argumentsOf(out), "--resume"] }]);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(await withAlone(out)).toBeGreaterThan(0.999);
  const events = readFileSync(join(out, "events.jsonl"), "utf8");
  expect(events.match(/"type":"stage","stage":1,/g)).toHaveLength(1);
});

/** The process of rank 1 of a job of Open MPI. */
function rankOne(launcher: number): number {
  const environmentOf = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1");
    } catch {
      return "";
    }
  };
  const parentOf = (pid: string): number =>
    Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  const pid = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .find((name) => environmentOf(name).includes("OMPI_COMM_WORLD_RANK=1\0") && parentOf(name) === launcher);
  return Number(pid);
}
