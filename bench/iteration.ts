/**
 * Times one adversarial iteration of this program against the same in PyTorch, side by side in one run.
 *
 *     npm run bench:iteration -- [--rounds 4] [--block 15] [--threads 2] [--json]
 *
 * The twin first shows that it computes the same numbers; blocks of iterations then take turns. Random batches are prepared beforehand
 * for both and are in neither time.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { adversarialCase } from "./cases.ts";
import { prepareCase, startTwin, variants } from "./twin.ts";

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "4" }, block: { type: "string", default: "15" }, threads: { type: "string", default: "2" }, json: { type: "boolean", default: false } },
});
const rounds = Number(options.rounds), block = Number(options.block), threads = Number(options.threads);
const cases = [{ name: "working size 16³, radii 1–8", maxRadius: 8 }, { name: "ribosome box 32³, radii 1–16", maxRadius: 16 }];
const titles = { ours: "this program, ONNX Runtime", harmonics: "PyTorch, same mathematics", dense: "PyTorch, dense turned templates" };
const names = ["ours", ...variants] as const;
const warmUp = 5;

const quantile = (values: readonly number[], q: number): number => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))]!;
const summary = (seconds: readonly number[]) => ({ median: 1e3 * quantile(seconds, 0.5), low: 1e3 * quantile(seconds, 0.1), high: 1e3 * quantile(seconds, 0.9) });

const folder = mkdtempSync(join(tmpdir(), "cryogan-bench-"));
try {
  const ready = [];
  for (const c of cases) {
    const made = await adversarialCase(c.maxRadius);
    ready.push({ ...c, made, ...(await prepareCase(join(folder, String(c.maxRadius)), made, { name: "cpu", threads })) });
  }
  const twin = await startTwin(threads, ready.flatMap((c) => variants.map((variant) => ({ folder: c.folder, variant }))));
  if (!options.json) console.log(`Relative differences between the programs:\n${twin.agreement}`);

  const results = [];
  for (const [index, c] of ready.entries()) {
    const run = async (name: (typeof names)[number], count: number): Promise<number[]> => {
      if (name !== "ours") return twin.run(variants.length * index + variants.indexOf(name), count);
      const times: number[] = [];
      for (let i = 0; i < count; i++) {
        const start = performance.now();
        await c.executable.run(c.feeds[i % c.feeds.length]!);
        times.push((performance.now() - start) / 1e3);
      }
      return times;
    };
    const start = performance.now();
    for (let i = 0; i < block; i++) c.made.feeds(i + 1);
    const batchesMs = (performance.now() - start) / block;

    const times = { ours: [] as number[], harmonics: [] as number[], dense: [] as number[] };
    for (const name of names) await run(name, warmUp);
    for (let round = 0; round < rounds; round++) for (const name of names) times[name].push(...(await run(name, block)));
    const rows = names.map((name) => ({ name, ...summary(times[name]), ratio: quantile(times[name], 0.5) / quantile(times.ours, 0.5) }));
    results.push({ case: c.name, threads, rows, batchesMs });
    if (!options.json) {
      console.log(`${c.name}: one iteration in ms, ${rounds} blocks of ${block} in turn, threads: ${threads}`);
      console.log("                                      median     10 % … 90 %   ratio");
      for (const { name, median, low, high, ratio } of rows) {
        console.log(`${titles[name].padEnd(32)} ${median.toFixed(1).padStart(11)} ${`${low.toFixed(1)} … ${high.toFixed(1)}`.padStart(15)} ${ratio.toFixed(2).padStart(7)}`);
      }
      console.log(`(this program's random batches, made beforehand: ${batchesMs.toFixed(1)} ms an iteration)\n`);
    }
    await c.executable.release();
  }
  twin.end();
  if (options.json) console.log(JSON.stringify(results, null, 1));
} finally {
  rmSync(folder, { recursive: true });
}
