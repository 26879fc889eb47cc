/** Times of one adversarial iteration, of this program and of its PyTorch twin, side by side. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeCpu } from "../src/runtime/onnxRuntimeNode.ts";
import { adversarialCase } from "./cases.ts";
import { prepareCase, startTwin, variants } from "./twin.ts";

export const iterationCases = [
  { name: "working size 16³, radii 1–8", maxRadius: 8 },
  { name: "ribosome box 32³, radii 1–16", maxRadius: 16 },
] as const;
export const programs = ["ours", ...variants] as const;
export type ProgramName = (typeof programs)[number];

export interface IterationTimes {
  case: string;
  maxRadius: number;
  /** Milliseconds: median, 10 % and 90 % quantile; `ratio` to this program's median. */
  rows: { name: ProgramName; median: number; low: number; high: number; ratio: number }[];
  /** This program's random batches, made beforehand, per iteration. */
  batchesMs: number;
}

const warmUp = 5;
const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))]!;

/**
 * The twin first shows that it computes the same numbers; blocks of iterations then take turns. Random batches are in
 * neither time.
 *
 * @param rounds    how often the programs take turns
 * @param block     iterations of a turn
 * @param agreement is told the relative differences between the programs
 * @throws {Error} if the twin computes something else
 */
export async function timeIterations(
  rounds: number,
  block: number,
  threads: number,
  agreement: (text: string) => void = () => {},
): Promise<IterationTimes[]> {
  const folder = mkdtempSync(join(tmpdir(), "cryogan-bench-"));
  try {
    const ready = [];
    for (const c of iterationCases) {
      const made = await adversarialCase(c.maxRadius);
      ready.push({
        ...c,
        made,
        ...(await prepareCase(join(folder, String(c.maxRadius)), made, nodeCpu(threads))),
      });
    }
    const twin = await startTwin(
      threads,
      ready.flatMap((c) => variants.map((variant) => ({ folder: c.folder, variant }))),
    );
    agreement(twin.agreement);

    const results: IterationTimes[] = [];
    for (const [index, c] of ready.entries()) {
      const run = async (name: ProgramName, count: number): Promise<number[]> => {
        if (name !== "ours") return (await twin.run(variants.length * index + variants.indexOf(name), count)).seconds;
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

      const seconds = Object.fromEntries(programs.map((name) => [name, [] as number[]])) as Record<
        ProgramName,
        number[]
      >;
      for (const name of programs) await run(name, warmUp);
      for (let round = 0; round < rounds; round++)
        for (const name of programs) seconds[name].push(...(await run(name, block)));
      const ms = (name: ProgramName, q: number): number => 1e3 * quantile(seconds[name], q);
      results.push({
        case: c.name,
        maxRadius: c.maxRadius,
        batchesMs,
        rows: programs.map((name) => ({
          name,
          median: ms(name, 0.5),
          low: ms(name, 0.1),
          high: ms(name, 0.9),
          ratio: ms(name, 0.5) / ms("ours", 0.5),
        })),
      });
      await c.executable.release();
    }
    twin.end();
    return results;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
