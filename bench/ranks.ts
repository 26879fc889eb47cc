/**
 * A run by several processes under mpirun against one process: time, memory and what goes between them, of each
 * `ranks x threads`, one after the other. The stages are fixed, so that all do the same work. Prints a row each.
 *
 *   npx tsx bench/ranks.ts [--cases 1x1,1x2,2x1,4x1] [--rounds 1] [--box 64] [--particles 20000] [--folder DIR]
 *                          [--stages "…"] [--mpirun mpirun.openmpi] [--machines 1] [--delay-ms 1 --rate-gbit 1]
 *                          [--json FILE]
 *
 * --json adds a line to a file for each run, with all calls between its processes. Without --folder the data and runs
 * are removed. --machines pretends that many machines; with a delay and a rate each is a network namespace, and a line
 * between them is as slow as that (ranks/network.py, as root, Open MPI alone).
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { RankReport } from "./ranks/child.ts";
import { betagal, ensureSimulated } from "./simulated.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    cases: { ...text, default: "1x1,1x2,2x1,4x1" },
    rounds: { ...text, default: "1" },
    particles: { ...text, default: "20000" },
    stages: {
      ...text,
      default: "adversarial 16:500, refine 16:6, refine 24:5, refine 32:4, local 48:3, local 64:3",
    },
    mpirun: { ...text, default: "mpirun.openmpi" },
    machines: { ...text, default: "1" },
    "delay-ms": text,
    "rate-gbit": text,
    folder: text,
    json: text,
  },
});
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
execFileSync("bash", [here("../scripts/install-mpi.sh")], { stdio: "inherit" });
const folder = values.folder ? resolve(values.folder) : mkdtempSync(join(tmpdir(), "cryogan-ranks-")),
  { particles: particlesFile } = await ensureSimulated(join(folder, "data"), betagal(Number(values.particles), 0.1));

const line = values["delay-ms"] === undefined && values["rate-gbit"] === undefined ? undefined : await openLine();

/** The network between machines. */
async function openLine(): Promise<ChildProcess> {
  const { "delay-ms": delay = "1", "rate-gbit": rate = "1", machines } = values,
    network = spawn(
      "/usr/bin/python3",
      [here("ranks/network.py"), "--machines", machines, "--delay-ms", delay, "--rate-gbit", rate],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
  await once(network.stdout, "data");
  return network;
}

/** The processes of a run, by their ranks. */
function run(ranks: number, threads: number): RankReport[] {
  const request = { particlesFile, out: join(folder, `${ranks}x${threads}`), symmetry: "D2", device: "cpu", seed: 1 },
    machineOf = `CRYOGAN_MACHINE=$((OMPI_COMM_WORLD_RANK * ${values.machines} / ${ranks}))`,
    child = [process.execPath, "--import", "tsx", here("ranks/child.ts")],
    report = join(folder, "report-"),
    given = [JSON.stringify({ ...request, stages: values.stages, threads, overwrite: true }), report];
  const started =
    ranks === 1
      ? spawnSync(child[0]!, [...child.slice(1), ...given], options())
      : spawnSync(
          ...onMachines(values.mpirun, [
            ...(values.mpirun.includes("openmpi") ? placing(ranks, threads) : []),
            ...["-n", String(ranks), "bash", "-c"],
            `${values.machines === "1" ? "" : `export ${machineOf}; `}exec ${line ? ownCore : ""} "$@"`,
            "bash",
            ...child,
            ...given,
          ]),
          options(),
        );
  if (started.status !== 0) throw new Error(`${ranks}x${threads} ended with ${started.status}: ${started.stderr}`);
  return Array.from({ length: ranks }, (_, rank) => JSON.parse(readFileSync(`${report}${rank}`, "utf8")) as RankReport);
}
/** Where machines are namespaces all of them see the same cores. */
const ownCore = `taskset -c $((OMPI_COMM_WORLD_RANK % ${cpus().length}))`;
/** Starts on the first of the machines where they are namespaces. */
const onMachines = (command: string, given: string[]): [string, string[]] =>
  line
    ? ["bash", [here("ranks/agent.sh"), "10.77.0.1", ...[command, ...overLine(), ...given].map(quoted)]]
    : [command, given];
const quoted = (argument: string): string => `'${argument.replaceAll("'", String.raw`'\''`)}'`;
function overLine(): string[] {
  const machines = Array.from({ length: Number(values.machines) }, (_, i) => `10.77.0.${i + 1}:${cpus().length}`),
    parameters = {
      plm_rsh_agent: `bash ${here("ranks/agent.sh")}`,
      btl: "tcp,self",
      pml: "ob1",
      btl_tcp_if_include: "line",
      oob_tcp_if_include: "line",
      rmaps_base_mapping_policy: "node",
    };
  return ["-host", machines.join(","), ...Object.entries(parameters).flatMap(([key, value]) => ["--mca", key, value])];
}
/** Open MPI's: as many cores to each as it has threads, or, where there are fewer, none in particular. */
const placing = (ranks: number, threads: number): string[] =>
  line || ranks * threads > cpus().length
    ? ["--oversubscribe", "--bind-to", "none"]
    : ["--map-by", `slot:PE=${threads}`, "--bind-to", "core"];
function options() {
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
  return { cwd: here(".."), env, encoding: "utf8", maxBuffer: 1 << 28 } as const;
}

console.error(`load ${loadavg()[0]!.toFixed(1)}; times compare with others of the same moment only`);
console.log(
  "| ranks x threads | time | CPU time | waiting, of each | sending, of each | bytes, of each " +
    "| memory of a rank, of all | stages |",
);
console.log("| --- | ---: | ---: | --- | --- | ---: | --- | --- |");
for (let round = 0; round < Number(values.rounds); round++)
  for (const name of values.cases.split(",")) {
    const [ranks, threads] = name.split("x").map(Number) as [number, number],
      reports = run(ranks, threads),
      [first] = reports as [RankReport, ...RankReport[]],
      all = (of: (report: RankReport) => number): string => reports.map((report) => of(report).toFixed(1)).join(", "),
      sum = (of: (report: RankReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
    const cells = [
      name,
      `${first.seconds.toFixed(1)} s`,
      `${sum(({ cpuSeconds }) => cpuSeconds).toFixed(1)} s`,
      `${all(({ waitingSeconds }) => waitingSeconds)} s`,
      `${all(({ transferSeconds }) => transferSeconds)} s`,
      `${(first.calls.reduce((total, { bytes, count }) => total + count * bytes, 0) / 1e6).toFixed(0)} MB`,
      [Math.max(...reports.map(({ peakBytes }) => peakBytes)), sum(({ peakBytes }) => peakBytes)]
        .map((bytes) => `${(bytes / 1e9).toFixed(2)} GB`)
        .join(", "),
      `${first.stageSeconds.map((seconds) => seconds.toFixed(1)).join(", ")} s`,
    ];
    console.log(`| ${cells.join(" | ")} |`);
    if (values.json) await appendFile(values.json, `${JSON.stringify({ case: name, ...values, reports })}\n`);
  }
line?.stdin?.end();
if (!values.folder) rmSync(folder, { recursive: true });
