/**
 * What a run by many processes takes, by a model: work that is dealt out to all, work that each machine does for its
 * own particles, and what goes between them. The constants are measured ones (docs/scaling.md tells where); the network
 * is given. Prints a table and writes what bench/plot_ranks.py draws; or, of calls that bench/ranks.ts measured
 * (--json), how long they took, and how long they do by the model.
 *
 *   npx tsx bench/ranks/model.ts [--plot docs/ranks.svg] [--calls FILE]
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { sumsSize } from "../../src/reconstruct/likelihood/backprojection.ts";
import { climb, finestGlobalSearch, searchesAgain } from "../../src/reconstruct/run/radii.ts";
import { headOf } from "../seededExperiment.ts";
import type { RankReport } from "./child.ts";

/** A run of one class without symmetry. */
export interface Job {
  particles: number;
  /** Edge of the images in pixels, on disk as 16-bit floats. */
  boxSize: number;
  /** The finest shell. */
  finest: number;
}

export interface Cluster {
  machines: number;
  /** Of a machine, each with a process of one thread. */
  cores: number;
  network: Network;
}

export interface Network {
  name: string;
  /** From one machine to another, one way. */
  latencySeconds: number;
  /** Of each machine, and of the file system for all. */
  bytesPerSecond: number;
  diskBytesPerSecond: number;
}

/** Seconds of one core, measured. */
export const measured = {
  /** To read, normalise and crop a pixel. */
  pixel: 29e-9,
  /** To transform an image of a stage, for the fourth power of its shell: matrix products. */
  transform: 2e-10,
  /** The search of all poses before a local stage, for a particle. */
  search: 105e-6,
  /** A particle in a pass near its pose at shell 16, and how that grows with the shell. */
  particle: 89e-6,
  particleGrowth: 1.33,
  /** A view of a cell at shell 16: its templates, and back into the volume; it grows with the square. */
  view: 65e-6,
  /** The volume from the sums, for a voxel: each process does it. */
  voxel: 0.22e-6,
  /** Adversarial starts and all poses at shells 8 and 11, of a sample of the particles: each process did it then. */
  starts: 90,
  /** A call, whatever its size. */
  call: 0.5e-3,
  /** How many times as long a large sum and a broadcast take as the line alone would. */
  sum: 2.5,
  broadcast: 1.2,
};

/** Passes of a local stage, and of the last. */
const passes = 2,
  lastPasses = 3;
/** Views of all cells of a pass, which overlap, for the square of the shell. */
const viewsOfSquare = 3.2 * 2.24;

/** Bytes of the arrays that go between processes in a pass: two halves' sums, the volume, what particles have. */
export function bytesOfPass(maxRadius: number, particles: number): { sums: number; volume: number; exchange: number } {
  const n = 2 * maxRadius;
  return {
    sums: 2 * 4 * sumsSize(n),
    volume: 4 * n ** 3,
    exchange: 13 * 4 * particles, // pose, shift, fit and scale
  };
}

/**
 * Seconds of a sum over all, by a ring or halves (Thakur, Rabenseifner & Gropp 2005, Int. J. High Perform. Comput.
 * Appl. 19, 49): each machine sends and receives what is summed twice, less its share.
 */
export function sumSeconds(bytes: number, { machines, network }: Pick<Cluster, "machines" | "network">): number {
  if (machines === 1) return measured.call;
  return (
    measured.call +
    2 * Math.ceil(Math.log2(machines)) * network.latencySeconds +
    (measured.sum * 2 * (1 - 1 / machines) * bytes) / network.bytesPerSecond
  );
}

/** The same of an array that one sends to all. */
export function broadcastSeconds(bytes: number, { machines, network }: Pick<Cluster, "machines" | "network">): number {
  if (machines === 1) return measured.call;
  const steps = Math.ceil(Math.log2(machines));
  return (
    measured.call +
    steps * network.latencySeconds +
    (measured.broadcast * Math.min(2, steps) * bytes) / network.bytesPerSecond
  );
}

export interface Prediction {
  total: number;
  reading: number;
  /** Dealt out to all processes. */
  particles: number;
  /** Views, of the machines that each make all. */
  views: number;
  /** What every process does. */
  each: number;
  sending: number;
}

export function predict({ particles, boxSize, finest }: Job, cluster: Cluster): Prediction {
  const { machines, cores, network } = cluster,
    processes = machines * cores;
  const shells = climb(finestGlobalSearch, finest);
  let work = particles * measured.transform * finest ** 4,
    views = 0,
    each = measured.starts,
    sending = 0;
  for (const [i, maxRadius] of shells.entries()) {
    const times = i === shells.length - 1 ? lastPasses : passes,
      scale = maxRadius / 16;
    if (searchesAgain({ kind: "local", maxRadius, iterations: times, particles })) work += particles * measured.search;
    work += times * particles * measured.particle * scale ** measured.particleGrowth;
    views += times * viewsOfSquare * maxRadius ** 2 * measured.view * scale ** 2;
    each += times * measured.voxel * (2 * maxRadius) ** 3;
    const bytes = bytesOfPass(maxRadius, particles);
    sending +=
      times *
      (sumSeconds(bytes.sums, cluster) + sumSeconds(bytes.exchange, cluster) + broadcastSeconds(bytes.volume, cluster));
  }
  const reading = Math.max(
    (particles * measured.pixel * boxSize ** 2) / processes,
    (2 * particles * boxSize ** 2) / network.diskBytesPerSecond,
  );
  const parts = { reading, particles: work / processes, views: views / cores, each, sending };
  return { total: Object.values(parts).reduce((sum, seconds) => sum + seconds, 0), ...parts };
}

export const networks: Record<"slow" | "fast", Network> = {
  slow: { name: "1 Gbit/s, 1 ms", latencySeconds: 1e-3, bytesPerSecond: 1.25e8, diskBytesPerSecond: 1e9 },
  fast: { name: "25 Gbit/s, 20 µs", latencySeconds: 20e-6, bytesPerSecond: 3.1e9, diskBytesPerSecond: 5e9 },
};

/** Processes on machines of so many cores at most. */
export function clusterOf(processes: number, coresOfMachine: number, network: Network): Cluster {
  const cores = Math.min(processes, coresOfMachine);
  return { machines: processes / cores, cores, network };
}

export const jobs: Record<string, Job> = {
  "10⁶ particles, box 64, to shell 24": { particles: 1e6, boxSize: 64, finest: 24 },
  "10⁶ particles, box 256, to shell 100": { particles: 1e6, boxSize: 256, finest: 100 },
  "10⁷ particles, box 256, to shell 100": { particles: 1e7, boxSize: 256, finest: 100 },
};

const counts = [1, 2, 4, 8, 16, 32, 64, 128, 256],
  coresOfMachine = 32;

/** Where half of the processors' time is no longer what one process would need. */
const paysTo = (job: Job, network: Network): number | undefined => {
  const alone = predict(job, clusterOf(1, coresOfMachine, network)).total;
  return counts.findLast((n) => alone / predict(job, clusterOf(n, coresOfMachine, network)).total >= n / 2);
};

/** A line of what bench/ranks.ts writes. */
interface MeasuredRun {
  case: string;
  machines: string;
  "delay-ms"?: string;
  "rate-gbit"?: string;
  reports: RankReport[];
}

/** Seconds of the calls of a run, by kind and size of arrays, as they took and by the model. */
function compareCalls({ case: name, machines, "delay-ms": delay, "rate-gbit": rate, reports }: MeasuredRun): void {
  if (delay === undefined || rate === undefined) return;
  const network: Network = {
    name: `${rate} Gbit/s, ${delay} ms`,
    latencySeconds: Number(delay) / 1000,
    bytesPerSecond: Number(rate) * 1.25e8,
    diskBytesPerSecond: Number.POSITIVE_INFINITY,
  };
  const cluster = { machines: Number(machines), network },
    sizes = [1, 1e4, 1e6, Number.POSITIVE_INFINITY];
  for (const kind of ["sum", "xor", "broadcast"] as const)
    for (const [i, below] of sizes.entries()) {
      const some = reports.map(({ calls }) =>
        calls.filter((c) => c.kind === kind && c.bytes < below && c.bytes >= (sizes[i - 1] ?? 0)),
      );
      const count = some[0]!.reduce((sum, c) => sum + c.count, 0);
      if (count === 0) continue;
      const seconds = kind === "broadcast" ? broadcastSeconds : sumSeconds,
        predicted = some[0]!.reduce((sum, c) => sum + c.count * seconds(c.bytes, cluster), 0),
        took = some.map((calls) => calls.reduce((sum, c) => sum + c.seconds, 0).toFixed(2));
      const size = `${i === 0 ? 0 : sizes[i - 1]} to ${below}`,
        megabytes = some[0]!.reduce((sum, c) => sum + (c.count * c.bytes) / 1e6, 0);
      const cells = [name, machines, network.name, kind, size, count, megabytes.toFixed(1), took.join(", ")];
      console.log(`| ${[...cells, predicted.toFixed(2)].join(" | ")} |`);
    }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const options = { plot: { type: "string", default: "docs/ranks.svg" }, calls: { type: "string" } } as const,
    { values } = parseArgs({ options });
  if (values.calls) {
    const columns = ["processes", "machines", "network", "kind", "bytes", "calls", "MB", "took, s", "model, s"];
    console.log(headOf(columns));
    for (const line of readFileSync(values.calls, "utf8").trim().split("\n"))
      compareCalls(JSON.parse(line) as MeasuredRun);
    process.exit();
  }
  const hours = (seconds: number): string =>
    seconds < 5400 ? `${(seconds / 60).toFixed(seconds < 600 ? 1 : 0)} min` : `${(seconds / 3600).toFixed(1)} h`;
  const rows = Object.entries(jobs).flatMap(([name, job]) =>
    Object.values(networks).map((network) => [
      name,
      network.name,
      ...[1, 32, 64, 256].map((n) => hours(predict(job, clusterOf(n, coresOfMachine, network)).total)),
      String(paysTo(job, network)),
    ]),
  );
  console.log(headOf(["run", "network", "1", "32", "64", "256 processes", "half of their speed up to"]));
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
  const curves = Object.entries(jobs).flatMap(([name, job]) =>
    Object.values(networks).map((network) => ({
      name,
      network: network.name,
      points: counts.map((processes) => ({
        processes,
        ...predict(job, clusterOf(processes, coresOfMachine, network)),
      })),
    })),
  );
  const file = join(tmpdir(), `cryogan-ranks-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(curves));
  execFileSync("/usr/bin/python3", [fileURLToPath(new URL("../plot_ranks.py", import.meta.url)), file, values.plot], {
    stdio: "inherit",
  });
}
