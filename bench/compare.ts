/**
 * This program, the PyTorch loop and RELION 3.1 on the same STAR file and the same two cores: time per iteration, time
 * to FSC 0.5 against the truth at given shells, and peak memory. Prints one table and writes bench/results/CASE.json.
 *
 *     npm run bench -- [--case ribosome-32|ribosome-64] [--only cryogan,pytorch,relion] [--limit 1800] …
 *
 * See README.md in this folder for what is compared and how.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { evaluateAgainstReference } from "../src/evaluate/evaluate.ts";
import { disk } from "../src/io/disk.ts";
import {
  commandLine,
  msPerIteration,
  type Problem,
  type Run,
  runCryogan,
  runPytorch,
  runRelion,
} from "./contestants.ts";
import { installRelion } from "./installRelion.ts";
import { timeIterations } from "./iterationTimes.ts";
import { goodShells, markdownTable, type Progress, type Row, secondsTo } from "./table.ts";

/** The ribosome of data/: 65 voxels of 5 Å. */
const boxAngstrom = 325;
/** `stages` and `mapSeconds` (between maps, each of which takes seconds to evaluate) are PyTorch's. */
const cases = {
  "ribosome-32": {
    boxSize: 32,
    particles: 20_000,
    snr: 0.1,
    shells: [8, 10, 12, 14],
    stages: "16:500,24:1000,32:2000",
    mapSeconds: 2,
  },
  "ribosome-64": {
    boxSize: 64,
    particles: 40_000,
    snr: 0.05,
    shells: [16, 20, 24, 28],
    stages: "16:500,24:1000,32:1000,48:1000,64:1000",
    mapSeconds: 10,
  },
};

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    case: { ...text, default: "ribosome-32" },
    only: { ...text, default: "cryogan,pytorch,relion" },
    particles: text,
    snr: text,
    seed: { ...text, default: "1" },
    cores: { ...text, default: "0,1" },
    threads: { ...text, default: "2" },
    limit: { ...text, default: "1800" },
    /** Further options of `cryogan reconstruct`, separated by blanks. */
    cryogan: { ...text, default: "" },
    /** Stages of pytorch_train.py. */
    stages: text,
    "relion-iterations": { ...text, default: "50,200,50" },
    "offset-range": { ...text, default: "0" },
    "no-iterations": { type: "boolean", default: false },
    /** Where data and maps are kept; without it they are removed. */
    folder: text,
    /** The results file. */
    out: text,
  },
});
const name = values.case as keyof typeof cases;
if (!(name in cases)) throw new Error(`--case must be one of ${Object.keys(cases).join(", ")}`);
const chosen = {
  ...cases[name],
  particles: Number(values.particles ?? cases[name].particles),
  snr: Number(values.snr ?? cases[name].snr),
};
const threads = Number(values.threads),
  only = values.only.split(",");
const unknown = only.find((program) => !["cryogan", "pytorch", "relion"].includes(program));
if (unknown !== undefined) throw new Error(`--only: ${unknown} is none of cryogan, pytorch, relion`);
const iterations = values["relion-iterations"].split(",").map(Number) as [number, number, number];
const schedule = { iterations, offsetRange: Number(values["offset-range"]) };
const stages = values.stages ?? chosen.stages;
const say = (line: string): void => console.error(line);

const scripts = fileURLToPath(new URL("../scripts/", import.meta.url));
execFileSync("bash", [join(scripts, "install-bench-debs.sh")], { stdio: "inherit" });
if (only.includes("relion")) installRelion();

const folder = values.folder ? resolve(values.folder) : mkdtempSync(join(tmpdir(), "cryogan-bench-"));
const data = join(folder, "data"),
  truth = join(data, "truth.mrc");
const [node, main] = commandLine;
execFileSync(
  node,
  [
    main,
    "simulate",
    fileURLToPath(new URL("../data/ribosome-70s-65.mrc", import.meta.url)),
    "--map-pixel-size",
    String(boxAngstrom / 65),
    "--box",
    String(chosen.boxSize),
    "--particles",
    String(chosen.particles),
    "--snr",
    String(chosen.snr),
    "--defocus-range",
    "1,2.5",
    "--out",
    data,
    "--device",
    "cpu",
  ],
  { stdio: ["ignore", "ignore", "inherit"] },
);
const problem: Problem = {
  star: join(data, "particles.star"),
  boxSize: chosen.boxSize,
  boxAngstrom,
  threads,
  seed: Number(values.seed),
  cores: values.cores,
  limitSeconds: Number(values.limit),
};

/** How far the maps are right, in order of time, up to the first that is right to the last shell asked for. */
async function follow(run: Run): Promise<Progress[]> {
  const progress: Progress[] = [];
  for (const { path, seconds } of run.maps) {
    const { report } = await evaluateAgainstReference(disk.at(path), disk.at(truth), { mask: "none" });
    progress.push({ seconds, shell: goodShells(report.fsc.fsc) });
    if (secondsTo(Math.max(...chosen.shells), progress) !== undefined) break;
  }
  return progress;
}

const loadBefore = loadavg()[0]!;
say(
  `${name}: ${chosen.particles} particles, load ${loadBefore.toFixed(2)}; ` +
    "results of one moment only compare with each other",
);
const times = values["no-iterations"] ? [] : await timeIterations(4, 15, threads);
const median = (program: "ours" | "harmonics", maxRadius: number): number | undefined =>
  times.find((t) => t.maxRadius === maxRadius)?.rows.find((row) => row.name === program)?.median;

const rows: Row[] = [];
const out = resolve(values.out ?? fileURLToPath(new URL(`results/${name}.json`, import.meta.url)));
mkdirSync(dirname(out), { recursive: true });
const conditions = {
  case: name,
  ...chosen,
  stages,
  seed: problem.seed,
  threads,
  cores: problem.cores,
  limitSeconds: problem.limitSeconds,
  relion: schedule,
  cryoganOptions: values.cryogan,
  date: new Date().toISOString(),
  commit: execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim(),
  machine: cpus()[0]?.model,
  loadBefore,
};

/** Runs a program and adds its row. */
async function contest(
  title: string,
  run: (out: string) => Promise<Run>,
  iterationMs: (run: Run) => Pick<Row, "coarseMs" | "fineMs">,
): Promise<void> {
  const own = join(folder, `run-${rows.length + 1}`);
  rmSync(own, { recursive: true, force: true });
  const done = await run(own);
  say(`${title}: ${done.seconds.toFixed(1)} s, ${done.maps.length} maps; evaluating them`);
  rows.push({
    title,
    ...iterationMs(done),
    progress: await follow(done),
    totalSeconds: done.seconds,
    stopped: done.stopped,
    peakBytes: done.peakBytes,
  });
  writeFileSync(out, `${JSON.stringify({ ...conditions, iterationTimes: times, rows }, null, 1)}\n`);
}
const adversarial = (program: "ours" | "harmonics") => () => ({
  coarseMs: median(program, 8),
  fineMs: median(program, 16),
});
if (only.includes("cryogan"))
  await contest(
    "cryogan",
    (out) => runCryogan(problem, out, values.cryogan.split(" ").filter(Boolean)),
    adversarial("ours"),
  );
if (only.includes("pytorch"))
  await contest(
    "PyTorch, adversarial",
    (out) => runPytorch(problem, out, stages, chosen.mapSeconds),
    adversarial("harmonics"),
  );
if (only.includes("relion")) {
  const [initial, between, final] = iterations;
  await contest(
    "RELION 3.1, SGD",
    (out) => runRelion(problem, out, schedule),
    ({ maps }) => ({
      coarseMs: msPerIteration(maps, 0, initial),
      fineMs: msPerIteration(maps, initial + between, initial + between + final),
    }),
  );
}

console.log(markdownTable(rows, chosen.shells, boxAngstrom));
say(`written to ${out}`);
if (!values.folder) rmSync(folder, { recursive: true });
