/**
 * Times one adversarial iteration of this program against the same in PyTorch, side by side in one run.
 *
 *     npm run bench:iteration -- [--rounds 4] [--block 15] [--threads 2] [--json]
 *
 * The twin first shows that it computes the same numbers; blocks of iterations then take turns. Random batches are prepared beforehand
 * for both and are in neither time.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { compile, type Executable } from "../src/runtime/session.ts";
import { adversarialCase, type AdversarialCase } from "./cases.ts";

const { values: options } = parseArgs({ options: { rounds: { type: "string", default: "4" }, block: { type: "string", default: "15" }, threads: { type: "string", default: "2" }, json: { type: "boolean", default: false } } });
const rounds = Number(options.rounds), block = Number(options.block);
const device = { name: "cpu", threads: Number(options.threads) } as const;
const cases = [{ name: "working size 16³, radii 1–8", maxRadius: 8 }, { name: "ribosome box 32³, radii 1–16", maxRadius: 16 }];
const variants = ["harmonics", "dense"] as const;
const feedSets = 3, warmUp = 5;

type Arrays = Record<string, Float32Array>;

/** Writes a case for the twin: sizes and constants, initial state, feeds, and our results after one and after three iterations. */
async function writeCase(folder: string, made: AdversarialCase, executable: Executable, feeds: readonly Arrays[]): Promise<void> {
  const { settings: s, program } = made;
  const n = s.volume.n, maxRadius = n / 2;
  const arrays: Record<string, { file: string; shape: readonly number[] }> = {};
  const put = (name: string, values: Float32Array, shape: readonly number[]): void => {
    const file = `${Object.keys(arrays).length}.f32`;
    writeFileSync(join(folder, file), values);
    arrays[name] = { file, shape };
  };
  put("amplitude", s.volume.amplitude, [n, n, n]);
  put("mask", s.volume.mask, [n, n, n]);
  put("noisePower", Float32Array.from(made.spectra.noise), [made.spectra.noise.length]);
  put("signalPower", Float32Array.from(made.spectra.signal), [made.spectra.signal.length]);
  const shared = new Set(["step", "criticRate", "volumeRate"]);
  feeds.forEach((set, i) => {
    for (const [name, { shape }] of Object.entries(program.feeds)) if (!shared.has(name)) put(`feeds${i}/${name}`, set[name]!, shape);
  });
  for (const [name, values] of Object.entries(made.initial)) put(`initial/${name}`, values, program.state[name]!.input.shape);
  for (const iteration of [1, 2, 3]) {
    const outputs = await executable.run({ ...feeds[iteration - 1]!, step: Float32Array.of(iteration) });
    if (iteration === 2) continue;
    for (const [name, values] of Object.entries(outputs)) put(`expected${iteration}/${name}`, values, []);
    for (const name of ["u", "average", "logAmplitude", "templates", "offsets"]) put(`expected${iteration}/${name}`, (await executable.getState(name)).slice(), program.state[name]!.input.shape);
  }
  writeFileSync(join(folder, "case.json"), JSON.stringify({
    n, maxRadius, angles: 2 * maxRadius, turns: 2 * maxRadius, templates: 16, batch: s.batch, criticSteps: s.criticSteps, feedSets,
    gradientPenalty: s.gradientPenalty, averaging: s.averaging, boxAngstrom: s.boxAngstrom,
    criticRate: feeds[0]!["criticRate"]![0], volumeRate: feeds[0]!["volumeRate"]![0], arrays,
  }));
}

const quantile = (values: readonly number[], q: number): number => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))]!;
const summary = (seconds: readonly number[]) => ({ median: 1e3 * quantile(seconds, 0.5), low: 1e3 * quantile(seconds, 0.1), high: 1e3 * quantile(seconds, 0.9) });

const root = mkdtempSync(join(tmpdir(), "cryogan-bench-"));
try {
  const ready = [];
  for (const c of cases) {
    const made = await adversarialCase(c.maxRadius);
    const folder = mkdtempSync(join(root, "case-"));
    const executable = await compile(made.program, device);
    for (const [name, values] of Object.entries(made.initial)) executable.setState(name, values);
    const feeds = Array.from({ length: feedSets }, (_, i) => made.feeds(i + 1));
    await writeCase(folder, made, executable, feeds);
    ready.push({ ...c, made, folder, executable, feeds });
  }

  const twinArguments = ready.flatMap((c) => variants.flatMap((v) => [c.folder, v]));
  const twin = spawn("/usr/bin/python3", [new URL("pytorch_twin.py", import.meta.url).pathname, options.threads, ...twinArguments], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<never>((_, reject) => twin.on("exit", (code) => reject(new Error(`the PyTorch twin ended with status ${code}`))));
  ended.catch(() => {});
  const lines = createInterface({ input: twin.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => (await Promise.race([lines.next(), ended])).value as string;
  const theirs = async (index: number, count: number): Promise<number[]> => {
    twin.stdin.write(`${index} ${count}\n`);
    return JSON.parse(await answer()) as number[];
  };
  await answer(); // "ready"

  const results = [];
  for (const [index, c] of ready.entries()) {
    const ours = async (count: number): Promise<number[]> => {
      const times: number[] = [];
      for (let i = 0; i < count; i++) {
        const start = performance.now();
        await c.executable.run(c.feeds[i % feedSets]!);
        times.push((performance.now() - start) / 1e3);
      }
      return times;
    };
    const hostStart = performance.now();
    for (let i = 0; i < block; i++) c.made.feeds(i + 1);
    const batchesMs = (performance.now() - hostStart) / block;

    const runners = { ours, ...Object.fromEntries(variants.map((v, j) => [v, (count: number) => theirs(variants.length * index + j, count)])) };
    const times: Record<string, number[]> = Object.fromEntries(Object.keys(runners).map((name) => [name, []]));
    for (const run of Object.values(runners)) await run(warmUp);
    for (let round = 0; round < rounds; round++) for (const [name, run] of Object.entries(runners)) times[name]!.push(...await run(block));
    const rows = Object.fromEntries(Object.entries(times).map(([name, t]) => [name, summary(t)]));
    results.push({ case: c.name, batchesMs, ...rows });
    if (!options.json) {
      console.log(`\n${c.name}: one iteration, ms (${rounds} blocks of ${block} in turn, ${device.threads} threads)`);
      console.log("                                          median     10 % … 90 %   ratio");
      const titles: Record<string, string> = { ours: "this program, ONNX Runtime", harmonics: "PyTorch, same mathematics", dense: "PyTorch, dense turned templates" };
      for (const [name, r] of Object.entries(rows)) {
        console.log(`${titles[name]!.padEnd(36)} ${r.median.toFixed(1).padStart(10)} ${`${r.low.toFixed(1)} … ${r.high.toFixed(1)}`.padStart(16)} ${(r.median / rows["ours"]!.median).toFixed(2).padStart(7)}`);
      }
      console.log(`random batches, on this program's side only and in none of the above: ${batchesMs.toFixed(1)} ms an iteration`);
    }
    await c.executable.release();
  }
  twin.stdin.end();
  if (options.json) console.log(JSON.stringify(results, null, 1));
} finally {
  rmSync(root, { recursive: true });
}
