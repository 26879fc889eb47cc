/**
 * What the adversarial start is worth, by each critic and loss: default runs, and the stages of the first of them with
 * one adversarial iteration in the place of all. Prints a line of JSON a run and a table at the end; asserts nothing.
 *
 *   npx tsx bench/ablation.ts [--seeds 10] [--from 1] [--case ribosome-32] [--case betagal-64-C1]
 *                             [--case betagal-64-D2] [--case apoferritin] [--start likelihood-ratio] [--start wgan-gp]
 *                             [--start volume] [--start one-iteration] [--threads 2] [--data folder]
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "../src/base/errors.ts";
import { meanOfShells } from "../src/evaluate/hands.ts";
import type { RunRequest } from "../src/reconstruct/options.ts";
import { nodeHost } from "../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../src/reconstruct/run/run.ts";
import type { Stage } from "../src/reconstruct/stage.ts";
import { betagal, ensureSimulated, fscWithTruth, ribosome, type Simulated } from "./simulated.ts";
import { goodShells } from "./table.ts";

/** Options of `reconstruct` for each start. */
const starts: Record<string, Partial<RunRequest>> = {
  "likelihood-ratio": { critic: "likelihood-ratio" },
  "wgan-gp": { critic: "likelihood-ratio", loss: "wgan-gp" },
  volume: { critic: "volume" },
  "one-iteration": {},
};

interface Row {
  case: string;
  seed: number;
  start: string;
  fsc: number[];
  wallSeconds: number;
  cpuSeconds: number;
}

interface Case {
  symmetry: string;
  data(folder: string): Promise<{ particles: string; truth: string }>;
  /** Of the simulated ones, which are centred. */
  maxShift?: number;
  /** What a curve of FSC comes to. */
  score(fsc: readonly number[]): string;
}

/** Last shell up to which the FSC against the truth is at least 0.5. */
const shellOf = (fsc: readonly number[]): string => String(goodShells(fsc));

const made = (name: string, symmetry: string, simulated: Simulated): Case => ({
  symmetry,
  data: (folder) => ensureSimulated(join(folder, name), simulated),
  maxShift: 0,
  score: shellOf,
});

const apoferritin = new URL("../data/apoferritin/", import.meta.url).pathname,
  /** 20 to 11.4 Å in its box. */
  finerShells = [12, 21] as const;

const cases: Record<string, Case> = {
  "ribosome-32": made("ribosome", "C1", ribosome(32, 20_000, 0.1)),
  "betagal-64-C1": made("betagal", "C1", betagal(20_000, 0.1)),
  "betagal-64-D2": made("betagal", "D2", betagal(20_000, 0.1)),
  apoferritin: {
    symmetry: "O",
    data: async () => ({ particles: `${apoferritin}particles.star`, truth: `${apoferritin}reference.mrc` }),
    score: (fsc) => meanOfShells(fsc, finerShells).toFixed(2),
  },
};

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "10" },
    from: { type: "string", default: "1" },
    case: { type: "string", multiple: true },
    start: { type: "string", multiple: true },
    threads: { type: "string", default: "2" },
    data: { type: "string" },
  },
});

const folder = values.data ?? (await mkdtemp(join(tmpdir(), "cryogan-ablation-"))),
  first = Number(values.from);
const rows: Row[] = [];
for (const name of values.case ?? Object.keys(cases)) {
  const data = await cases[name]!.data(folder);
  for (let seed = first; seed < first + Number(values.seeds); seed++) {
    let stages: Stage[] | undefined;
    for (const start of values.start ?? Object.keys(starts)) {
      const out = join(folder, `${name}-${seed}`),
        one = start === "one-iteration" ? withOneIteration(stages) : undefined;
      const row = await run(name, seed, start, data, out, one);
      stages ??= await stagesOf(out);
      rows.push(row);
      console.log(JSON.stringify({ ...row, fsc: row.fsc.map((c) => Number(c.toFixed(2))) }));
      await rm(out, { recursive: true, force: true });
    }
  }
}
console.log(table(rows));

async function run(
  name: string,
  seed: number,
  start: string,
  { particles, truth }: { particles: string; truth: string },
  out: string,
  stages: Stage[] | undefined,
): Promise<Row> {
  const { symmetry, maxShift } = cases[name]!,
    before = process.cpuUsage();
  const { maps, elapsedSeconds } = await reconstruct(nodeHost, {
    particlesFile: particles,
    out,
    symmetry,
    device: "cpu",
    seed,
    threads: Number(values.threads),
    overwrite: true,
    ...(maxShift === undefined ? {} : { maxShift }),
    ...starts[start]!,
    ...(stages ? { stages } : {}),
  });
  const { user, system } = process.cpuUsage(before);
  return {
    case: name,
    seed,
    start,
    fsc: await fscWithTruth(maps[0]!, truth),
    wallSeconds: Math.round(elapsedSeconds),
    cpuSeconds: Math.round((user + system) / 1e6),
  };
}

/** Those of a run as its config.json has them. */
async function stagesOf(out: string): Promise<Stage[]> {
  const { used } = JSON.parse(await readFile(join(out, "config.json"), "utf8")) as { used: { stages: Stage[] } };
  return used.stages;
}

/** Stages with one adversarial iteration in the place of all. */
function withOneIteration(stages: readonly Stage[] | undefined): Stage[] {
  if (!stages) throw new InputError("--start one-iteration takes the stages of another start before it");
  return stages.map(
    (stage) =>
      stage.kind === "adversarial"
        ? { ...stage, iterations: 1 }
        : { ...stage, particles: stage.particles ?? Number.POSITIVE_INFINITY }, // JSON has no infinity
  );
}

function table(all: readonly Row[]): string {
  const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]!;
  const lines = [
    "| case | start | runs | shells reached (apoferritin: mean FSC) | median CPU s |",
    "| --- | --- | --- | --- | --- |",
  ];
  for (const key of new Set(all.map((row) => `${row.case} | ${row.start}`))) {
    const group = all.filter((row) => `${row.case} | ${row.start}` === key);
    const scores = group.map((row) => cases[row.case]!.score(row.fsc)).join(" ");
    lines.push(`| ${key} | ${group.length} | ${scores} | ${median(group.map((row) => row.cpuSeconds))} |`);
  }
  return lines.join("\n");
}
