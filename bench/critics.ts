/**
 * How far each critic gets by itself and how soon, without likelihood, on the ribosome at 32 px and SNR 0.1: FSC with
 * the truth against time. Writes a line for each density to FOLDER/critics.jsonl; `plot_critics.py` draws it.
 *
 *     npm run bench:critics -- [--only paper,convolutional,likelihood-ratio,volume] [--limit 1h] [--core 0] [--seed 1]
 *     [--folder tmp/critics]
 *
 * One thread on one core; what is measured is wall time from the start of the process, so nothing else may run there.
 */
import { appendFileSync, copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { evaluateAgainstReference } from "../src/evaluate/evaluate.ts";
import { disk } from "../src/io/disk.ts";
import { densityFile } from "../src/reconstruct/folder/events.ts";
import { runChild } from "./childProcess.ts";
import { commandLine } from "./contestants.ts";
import { ensureDataSet } from "./paper/dataSet.ts";
import { ribosome } from "./simulated.ts";

/** Options of `cryogan reconstruct` beside those that all have. */
const critics: Record<string, readonly string[]> = {
  paper: ["--recipe", "paper"],
  convolutional: ["--method", "cryogan", "--critic", "convolutional"],
  "likelihood-ratio": ["--method", "cryogan", "--critic", "likelihood-ratio"],
  volume: ["--method", "cryogan", "--critic", "volume"],
};
/** A density is kept when this much more time has gone since the start than at the last. */
const kept = 1.15;

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    only: { ...text, default: Object.keys(critics).join() },
    limit: { ...text, default: "1h" },
    core: { ...text, default: "0" },
    seed: { ...text, default: "1" },
    folder: { ...text, default: "tmp/critics" },
  },
});
const names = values.only.split(","),
  unknown = names.find((name) => !(name in critics));
if (unknown !== undefined) throw new Error(`--only: ${unknown} is none of ${Object.keys(critics).join(", ")}`);

const folder = resolve(values.folder),
  data = join(folder, "data");
await ensureDataSet(data, ribosome(32, 20_000, 0.1));

for (const name of names) {
  const own = join(folder, `${name}-${values.seed}`),
    run = join(own, "run"),
    densities: { path: string; seconds: number; stage: number; iteration: number }[] = [];
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own, { recursive: true });
  const [node, main] = commandLine,
    start = performance.now();
  const options = ["--out", run, "--max-shift", "0", "--seed", values.seed, "--time-limit", values.limit],
    machine = ["--threads", "1", "--device", "cpu", "--json"];
  const { peakBytes } = await runChild(
    node,
    [main, "reconstruct", join(data, "particles.star"), ...options, ...machine, ...critics[name]!],
    {
      cores: values.core,
      limitSeconds: 86_400,
      onLine(line) {
        const event = JSON.parse(line) as { type: string; stage?: number; iteration?: number };
        const seconds = (performance.now() - start) / 1000,
          last = densities.at(-1)?.seconds ?? 0;
        const from = event.type === "finished" ? "map.mrc" : densityFile;
        if (event.type !== "finished" && (event.type !== "density" || seconds < kept * last)) return;
        if (!existsSync(join(run, from))) return; // the next one is being written
        const path = join(own, `${densities.length}.mrc`);
        copyFileSync(join(run, from), path);
        densities.push({ path, seconds, stage: event.stage ?? 0, iteration: event.iteration ?? 0 });
      },
    },
  );
  for (const { path, ...at } of densities) {
    const { report } = await evaluateAgainstReference(disk.at(path), disk.at(join(data, "truth.mrc")), {
      mask: "none",
    });
    const row = {
      critic: name,
      seed: Number(values.seed),
      ...at,
      fsc: report.fsc.fsc.map((v) => Number(v.toFixed(3))),
    };
    appendFileSync(join(folder, "critics.jsonl"), `${JSON.stringify(row)}\n`);
  }
  console.error(`${name}: ${densities.length} densities, ${Math.round(peakBytes / 1e6)} MB at most`);
}
