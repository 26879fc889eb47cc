/**
 * How often a run fails: small cases with defaults over many seeds, blind. Prints a line of JSON a run, what the
 * verdict rests on included, and a table at the end; asserts nothing. A run fails where its map is not right
 * (simulated.ts).
 *
 *   npx tsx bench/seeds.ts [--seeds 25] [--from 1] [--case ribosome-32 ...] [--threads 2] [--data folder]
 *                          [--limit seconds] [--max-shift Å]
 *   npx tsx bench/seeds.ts --table runs.jsonl       the table of runs that were printed before
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nodeHost } from "../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../src/reconstruct/run/run.ts";
import { judge } from "../src/reconstruct/verdict/judge.ts";
import type { Evidence, Verdict } from "../src/reconstruct/verdict/verdict.ts";
import { betagal, ensureSimulated, fscWithTruth, isRight, ribosome, type Simulated } from "./simulated.ts";
import { goodShells } from "./table.ts";

interface Row {
  case: string;
  seed: number;
  /** FSC with the truth, shells 1, 2, … */
  fsc: number[];
  seconds: number;
  cpuSeconds: number;
  evidence: Evidence;
}

const cases: Record<string, { simulated: Simulated; symmetry: string }> = {
  "ribosome-32": { simulated: ribosome(32, 20_000, 0.1), symmetry: "C1" },
  "ribosome-32-noisy": { simulated: ribosome(32, 40_000, 0.02), symmetry: "C1" },
  "ribosome-64": { simulated: ribosome(64, 40_000, 0.05), symmetry: "C1" },
  "betagal-64": { simulated: betagal(20_000, 0.1), symmetry: "D2" },
};

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "25" },
    from: { type: "string", default: "1" },
    case: { type: "string", multiple: true },
    threads: { type: "string", default: "2" },
    data: { type: "string" },
    limit: { type: "string" },
    "max-shift": { type: "string" },
    table: { type: "string" },
  },
});

if (values.table === undefined) await runAll();
else {
  const lines = (await readFile(values.table, "utf8")).trim().split("\n");
  console.log(table(lines.filter((line) => line.startsWith(`{"case"`)).map((line) => JSON.parse(line) as Row)));
}

async function runAll(): Promise<void> {
  const folder = values.data ?? (await mkdtemp(join(tmpdir(), "cryogan-seeds-"))),
    first = Number(values.from),
    rows: Row[] = [];
  for (const name of values.case ?? Object.keys(cases)) {
    const data = await ensureSimulated(join(folder, name), cases[name]!.simulated);
    for (let seed = first; seed < first + Number(values.seeds); seed++) {
      const row = await runOne(name, seed, data, join(folder, `run-${process.pid}`));
      rows.push(row);
      console.log(JSON.stringify(row));
    }
  }
  console.log(table(rows));
}

async function runOne(
  name: string,
  seed: number,
  { particles, truth }: { particles: string; truth: string },
  out: string,
): Promise<Row> {
  const before = process.cpuUsage();
  const { maps, elapsedSeconds } = await reconstruct(nodeHost, {
    particlesFile: particles,
    symmetry: cases[name]!.symmetry,
    out,
    device: "cpu",
    seed,
    threads: Number(values.threads),
    overwrite: true,
    ...(values.limit === undefined ? {} : { timeLimit: Number(values.limit) }),
    ...(values["max-shift"] === undefined ? {} : { maxShift: Number(values["max-shift"]) }),
  });
  const { user, system } = process.cpuUsage(before);
  const { evidence } = JSON.parse(await readFile(join(out, "result.json"), "utf8")) as { evidence: Evidence };
  const fsc = await fscWithTruth(maps[0]!, truth);
  await rm(out, { recursive: true, force: true });
  return {
    case: name,
    seed,
    fsc: fsc.map((v) => Number(v.toFixed(3))),
    seconds: Math.round(elapsedSeconds),
    cpuSeconds: Math.round((user + system) / 1e6),
    evidence,
  };
}

function table(rows: readonly Row[]): string {
  const sorted = (list: number[]): number[] => list.sort((a, b) => a - b);
  const median = (list: number[]): number => sorted(list)[list.length >> 1]!;
  const line = (name: string, of: readonly Row[]): string => {
    const judged = of.map((row) => ({
        ...row,
        right: isRight(row.fsc, row.evidence),
        verdict: judge(row.evidence),
      })),
      right = judged.filter((row) => row.right),
      failed = judged.filter((row) => !row.right);
    const kinds = (from: typeof judged): string =>
      (["found", "uncertain", "notFound"] as Verdict["kind"][])
        .map((kind) => from.filter(({ verdict }) => verdict.kind === kind).length)
        .join(", ");
    const shells = sorted(right.map(({ fsc }) => goodShells(fsc)));
    const cells = [
      name,
      of.length,
      `${failed.length}${failed.length > 0 ? ` (seeds ${failed.map(({ seed }) => seed).join(", ")})` : ""}`,
      shells.length > 0 ? `${shells[0]}, ${shells[shells.length >> 1]}, ${shells.at(-1)}` : "",
      kinds(right),
      failed.length > 0 ? kinds(failed) : "",
      `${median(of.map(({ seconds }) => seconds))} s`,
      `${median(of.map(({ cpuSeconds }) => cpuSeconds))} s`,
    ];
    return `| ${cells.join(" | ")} |`;
  };
  const names = [...new Set(rows.map((row) => row.case))];
  return [
    "| case | runs | failed | shell reached: least, median, most | right: found, uncertain, not found " +
      "| failed: found, uncertain, not found | median time | median CPU |",
    "| --- | ---: | --- | --- | --- | --- | ---: | ---: |",
    ...names.map((name) =>
      line(
        name,
        rows.filter((row) => row.case === name),
      ),
    ),
  ].join("\n");
}
