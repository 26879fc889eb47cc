/** The PyTorch twin: what it is given, and how it is asked. */

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Device } from "../src/runtime/device.ts";
import { compile, type Executable } from "../src/runtime/session.ts";
import type { AdversarialCase } from "./cases.ts";

/** Ways of turning templates, see pytorch_twin.py. */
export const variants = ["harmonics", "dense"] as const;
/** The paper's critic, see pytorch_network.py. */
export type Variant = (typeof variants)[number] | "network";

type Arrays = Record<string, Float32Array>;

/** A case compiled, with random batches made beforehand. */
export interface ReadyCase {
  folder: string;
  executable: Executable;
  /** Of the iterations before; later ones take turns with them. */
  feeds: readonly Arrays[];
}

/**
 * Runs some iterations of a case and writes to `folder` what the twin needs: sizes, constants, initial state, feeds,
 * and the results after those that are to be compared.
 * @param tolerance largest relative difference in the 2-norm with which the twin goes on
 */
export async function prepareCase(
  folder: string,
  made: AdversarialCase,
  device: Device,
  compared: readonly number[] = [1, 3],
  tolerance = 1e-3,
): Promise<ReadyCase> {
  const { settings: s, program } = made;
  const n = s.volume.n,
    maxRadius = n / 2;
  const executable = await compile(program, device);
  const sets = Math.max(...compared);
  for (const [name, values] of Object.entries(made.initial)) executable.setState(name, values);
  const feeds = Array.from({ length: sets }, (_, i) => made.feeds(i + 1));

  mkdirSync(folder, { recursive: true });
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
  const rates = new Set(["step", "criticRate", "volumeRate"]);
  feeds.forEach((set, i) => {
    for (const [name, { shape }] of Object.entries(program.feeds))
      if (!rates.has(name)) put(`feeds${i}/${name}`, set[name]!, shape);
  });
  for (const [name, values] of Object.entries(made.initial))
    put(`initial/${name}`, values, program.state[name]!.input.shape);
  const states = Object.keys(program.state).filter((name) => !/\.(first|second)$/.test(name) && name !== "averageLoss");
  for (const [i, feed] of feeds.entries()) {
    const outputs = await executable.run(feed),
      iteration = i + 1;
    if (!compared.includes(iteration)) continue;
    for (const [name, values] of Object.entries(outputs)) put(`expected${iteration}/${name}`, values, []);
    for (const name of states)
      put(`expected${iteration}/${name}`, (await executable.getState(name)).slice(), program.state[name]!.input.shape);
  }
  writeFileSync(
    join(folder, "case.json"),
    JSON.stringify({
      n,
      maxRadius,
      angles: 2 * maxRadius,
      turns: 2 * maxRadius,
      templates: (program.state.offsets?.input.shape[0] ?? 0) / 2,
      blocks: states.filter((name) => name.startsWith("kernels")).length,
      positive: s.volume.positive,
      criticClipNorm: s.criticClipNorm,
      volumeClipNorm: s.volumeClipNorm,
      batch: s.batch,
      criticSteps: s.criticSteps,
      feedSets: sets,
      compared,
      tolerance,
      gradientPenalty: s.gradientPenalty,
      averaging: s.averaging,
      boxAngstrom: s.boxAngstrom,
      criticRate: feeds[0]!.criticRate![0],
      volumeRate: feeds[0]!.volumeRate![0],
      arrays,
    }),
  );
  return { folder, executable, feeds };
}

export interface TwinTimes {
  /** Of each iteration, by the clock. */
  seconds: number[];
  /** Of processors, for all of them together. */
  cpuSeconds: number;
  /** Largest memory of the process until then. */
  peakKib: number;
}

export interface Twin {
  /** The twin's report on its agreement, one line for each case, variant and iteration. */
  agreement: string;
  /** Runs iterations of a case. */
  run(index: number, count: number): Promise<TwinTimes>;
  end(): void;
}

/** Starts the twin. @throws {Error} with its report if it does not compute what the cases say */
export async function startTwin(
  threads: number,
  cases: readonly { folder: string; variant: Variant }[],
): Promise<Twin> {
  const script = fileURLToPath(new URL("pytorch_twin.py", import.meta.url));
  const twin = spawn("/usr/bin/python3", [script, String(threads), ...cases.flatMap((c) => [c.folder, c.variant])], {
    // As in this program, waiting threads sleep. Spinning ones, OpenMP's default, make the twin many times slower on
    // cores shared with others.
    env: { OMP_WAIT_POLICY: "PASSIVE", ...process.env },
  });
  let agreement = "";
  twin.stderr.on("data", (text) => (agreement += text));
  const exited = new Promise<void>((resolve) => twin.on("close", () => resolve()));
  const lines = createInterface({ input: twin.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const line = await lines.next();
    if (!line.done) return line.value;
    await exited;
    throw new Error(`the PyTorch twin stopped:\n${agreement}`);
  };
  await answer(); // "ready"
  return {
    agreement,
    async run(index, count) {
      twin.stdin.write(`${index} ${count}\n`);
      return JSON.parse(await answer()) as TwinTimes;
    },
    end: () => twin.stdin.end(),
  };
}
