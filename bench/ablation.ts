/**
 * What the adversarial start is worth: default runs on centred particles (--max-shift 0), and the same stages with one
 * adversarial iteration in the place of all. Prints a line of JSON a run and a table at the end; asserts nothing.
 *
 *   npx tsx bench/ablation.ts [--seeds 10] [--case ribosome-32] [--case betagal-64-C1] [--case betagal-64-D2]
 *                             [--threads 2] [--data folder]
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nodeHost } from "../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../src/reconstruct/run/run.ts";
import type { Stage } from "../src/reconstruct/stage.ts";
import { betagal, ensureSimulated, fscWithTruth, ribosome, type Simulated } from "./simulated.ts";
import { goodShells } from "./table.ts";

interface Row {
  case: string;
  seed: number;
  start: "adversarial" | "one iteration";
  /** Last shell up to which the FSC against the truth is at least 0.5. */
  shell: number;
  wallSeconds: number;
  cpuSeconds: number;
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "10" },
    case: { type: "string", multiple: true },
    threads: { type: "string", default: "2" },
    data: { type: "string" },
  },
});
const cases: Record<string, { symmetry: string; simulated: Simulated }> = {
  "ribosome-32": { symmetry: "C1", simulated: ribosome(32, 20_000, 0.1) },
  "betagal-64-C1": { symmetry: "C1", simulated: betagal(20_000, 0.1) },
  "betagal-64-D2": { symmetry: "D2", simulated: betagal(20_000, 0.1) },
};

const folder = values.data ?? (await mkdtemp(join(tmpdir(), "cryogan-ablation-")));
const rows: Row[] = [];
for (const name of values.case ?? Object.keys(cases)) {
  const { symmetry, simulated } = cases[name]!,
    { particles, truth } = await ensureSimulated(join(folder, name.split("-")[0]!), simulated);
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    let stages: Stage[] | undefined;
    for (const start of ["adversarial", "one iteration"] as const) {
      const out = join(folder, `${name}-${seed}`),
        before = process.cpuUsage();
      const { maps, elapsedSeconds } = await reconstruct(nodeHost, {
        particlesFile: particles,
        out,
        symmetry,
        device: "cpu",
        seed,
        maxShift: 0,
        threads: Number(values.threads),
        overwrite: true,
        ...(stages ? { stages } : {}),
      });
      const { user, system } = process.cpuUsage(before);
      stages = await withOneIteration(join(out, "config.json"));
      const fsc = await fscWithTruth(maps[0]!, truth);
      const row: Row = {
        case: name,
        seed,
        start,
        shell: goodShells(fsc),
        wallSeconds: Math.round(elapsedSeconds),
        cpuSeconds: Math.round((user + system) / 1e6),
      };
      rows.push(row);
      console.log(JSON.stringify({ ...row, fsc: fsc.map((c) => Number(c.toFixed(2))) }));
      await rm(out, { recursive: true, force: true });
    }
  }
}
console.log(table(rows));

/** The stages of a run as its config.json has them, with one adversarial iteration in the place of all. */
async function withOneIteration(config: string): Promise<Stage[]> {
  const { used } = JSON.parse(await readFile(config, "utf8")) as { used: { stages: Stage[] } };
  return used.stages.map(
    (stage) =>
      stage.kind === "adversarial"
        ? { ...stage, iterations: 1 }
        : { ...stage, particles: stage.particles ?? Number.POSITIVE_INFINITY }, // JSON has no infinity
  );
}

function table(all: readonly Row[]): string {
  const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]!;
  const lines = ["| case | start | runs | shells reached | median CPU s |", "| --- | --- | --- | --- | --- |"];
  for (const key of new Set(all.map((row) => `${row.case} | ${row.start}`))) {
    const group = all.filter((row) => `${row.case} | ${row.start}` === key);
    const shells = group.map((row) => row.shell).join(" ");
    lines.push(`| ${key} | ${group.length} | ${shells} | ${median(group.map((row) => row.cpuSeconds))} |`);
  }
  return lines.join("\n");
}
