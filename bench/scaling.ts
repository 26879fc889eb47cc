/**
 * How time and memory grow with the box (32, 64, 128 at 10,000 particles) and with the number of particles (10⁴, 10⁵,
 * 10⁶ at box 32, on disk as 16-bit floats), under the schedule that the program itself picks. β-galactosidase, D2, SNR
 * 0.1, centred particles, no limit of time. Writes bench/results/scaling.json after every run and draws
 * docs/scaling.svg.
 *
 *     npx tsx bench/scaling.ts [--boxes 32,64,128] [--counts 10000,100000,1000000] [--folder DIR] [--draw-only]
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { RunEvent } from "../src/reconstruct/folder/events.ts";
import { runChild } from "./childProcess.ts";
import { commandLine } from "./contestants.ts";

interface ScalingPoint {
  boxSize: number;
  particles: number;
  /** Size of the stack on disk. */
  stackBytes: number;
  seconds: number;
  /** Of those, until all images had been read once. */
  loadingSeconds: number;
  peakBytes: number;
  /** Finest resolution of the schedule, Å. */
  resolutionAngstrom: number;
}

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    boxes: { ...text, default: "32,64,128" },
    counts: { ...text, default: "10000,100000,1000000" },
    cores: { ...text, default: "0,1" },
    threads: { ...text, default: "2" },
    /** Where there is room for data and runs (2 GB for 10⁶ particles); they are removed. */
    folder: text,
    out: text,
    plot: text,
    "draw-only": { type: "boolean", default: false },
  },
});
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const results = resolve(values.out ?? here("results/scaling.json")),
  plot = resolve(values.plot ?? here("../docs/scaling.svg"));
const boxes = values.boxes.split(",").map(Number),
  counts = values.counts.split(",").map(Number);
/** Edge of the box in Å, whatever its pixels. */
const boxAngstrom = 243.2,
  baseParticles = counts[0]!,
  baseBox = boxes[0]!;
const unlimitedSeconds = 1e6;

execFileSync("bash", [here("../scripts/install-bench-debs.sh"), "python3-matplotlib"], { stdio: "inherit" });
const [node, main] = commandLine;

async function measure(boxSize: number, particles: number, folder: string): Promise<ScalingPoint> {
  const data = join(folder, "data"),
    run = join(folder, "run");
  execFileSync(
    node,
    [
      main,
      "simulate",
      here("../data/5a1a.cif.gz"),
      "--symmetric-frame",
      "--box",
      String(boxSize),
      "--pixel-size",
      String(boxAngstrom / boxSize),
      "--particles",
      String(particles),
      "--snr",
      "0.1",
      "--defocus-table",
      here("../data/betagal-defocus.csv"),
      "--voltage",
      "300",
      "--cs",
      "2.7",
      "--amplitude-contrast",
      "0.07",
      "--float16",
      "--out",
      data,
      "--device",
      "cpu",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const events: RunEvent[] = [];
  const result = await runChild(
    node,
    [
      main,
      "reconstruct",
      join(data, "particles.star"),
      "--out",
      run,
      "--overwrite",
      "--symmetry",
      "D2",
      "--max-shift",
      "0",
      "--time-limit",
      `${unlimitedSeconds}s`,
      "--device",
      "cpu",
      "--threads",
      values.threads,
      "--json",
    ],
    {
      cores: values.cores,
      limitSeconds: unlimitedSeconds,
      onLine: (line) => events.push(JSON.parse(line) as RunEvent),
    },
  );
  const stages = events.filter((event) => event.type === "stage");
  return {
    boxSize,
    particles,
    stackBytes: particles * boxSize ** 2 * 2,
    seconds: result.seconds,
    loadingSeconds: (Date.parse(stages[0]!.time) - result.startMs) / 1000,
    peakBytes: result.peakBytes,
    resolutionAngstrom: Math.min(...stages.map((stage) => stage.resolutionAngstrom)),
  };
}

if (!values["draw-only"]) {
  const folder = resolve(values.folder ?? tmpdir());
  const sizes = [
    ...boxes.map((boxSize) => ({ boxSize, particles: baseParticles })),
    ...counts.slice(1).map((particles) => ({ boxSize: baseBox, particles })),
  ];
  const earlier = existsSync(results)
    ? (JSON.parse(readFileSync(results, "utf8")) as { points: ScalingPoint[] }).points
    : [];
  for (const { boxSize, particles } of sizes) {
    const own = mkdtempSync(join(folder, "cryogan-scaling-"));
    const point = await measure(boxSize, particles, own);
    rmSync(own, { recursive: true });
    const others = earlier.filter((p) => p.boxSize !== boxSize || p.particles !== particles);
    earlier.splice(0, earlier.length, ...others, point);
    mkdirSync(dirname(results), { recursive: true });
    const commit = execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
    const all = {
      date: new Date().toISOString(),
      commit,
      machine: cpus()[0]?.model,
      threads: Number(values.threads),
      points: earlier,
    };
    writeFileSync(results, `${JSON.stringify(all, null, 1)}\n`);
    console.log(
      `box ${boxSize}, ${particles} particles: ${point.seconds.toFixed(1)} s, ` +
        `${Math.round(point.peakBytes / 1e6)} MB, to ${point.resolutionAngstrom.toFixed(1)} Å`,
    );
  }
}
execFileSync("/usr/bin/python3", [here("plot_scaling.py"), results, plot], { stdio: "inherit" });
