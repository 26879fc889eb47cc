/**
 * Where the time of a program goes, by ONNX Runtime's own profiler.
 *
 *     npx tsx bench/profile.ts [adversarial|volume|convolutional|paper|expectation] [maxRadius] [threads] [runs]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convolutionalRecipe, likelihoodRatioRecipe, volumeRecipe } from "../src/reconstruct/adversarial/recipes.ts";
import { compile } from "../src/runtime/session.ts";
import * as op from "../src/tensor/ops.ts";
import { input } from "../src/tensor/tensor.ts";
import { adversarialCase, device, expectationCase, paperCase } from "./cases.ts";

const [kind = "adversarial", radius = "16", threads = "2", count = "20"] = process.argv.slice(2);
const runs = Number(count),
  warm = Math.ceil(runs / 4);
const folder = mkdtempSync(join(tmpdir(), "cryogan-profile-"));
const maxRadius = Number(radius);
const recipes = { adversarial: likelihoodRatioRecipe, volume: volumeRecipe, convolutional: convolutionalRecipe };
const { program, feeds } =
  kind === "expectation"
    ? expectationCase(maxRadius)
    : await (async () => {
        const made =
          kind === "paper"
            ? await paperCase(2 * maxRadius)
            : await adversarialCase(maxRadius, recipes[kind as keyof typeof recipes]);
        return { program: made.program, feeds: made.feeds(1) };
      })();

const executable = await compile(
  program,
  { ...device, threads: Number(threads) },
  { enableProfiling: true, profileFilePrefix: join(folder, "ort") },
);
const times: number[] = [];
for (let i = 0; i < warm + runs; i++) {
  const start = performance.now();
  await executable.run(feeds);
  if (i >= warm) times.push(performance.now() - start);
}

await executable.release();

interface Event {
  cat: string;
  name: string;
  dur: number;
  args?: {
    op_name?: string;
    node_index?: string;
    input_type_shape?: Record<string, number[]>[];
    output_type_shape?: Record<string, number[]>[];
  };
}
const file = readdirSync(folder)[0]!;
const events = JSON.parse(readFileSync(join(folder, file), "utf8")) as Event[];
rmSync(folder, { recursive: true });

// The median over the runs for every node: a machine shared with others adds outliers.
const nodes = new Map<string, { event: Event; times: number[] }>();
for (const event of events) {
  if (event.cat !== "Node" || !event.name.endsWith("_kernel_time") || !event.args?.op_name) continue;
  const node = nodes.get(event.name) ?? { event, times: [] };
  node.times.push(event.dur);
  nodes.set(event.name, node);
}
const kernels = [...nodes.values()].map(({ event, times }) => ({
  event,
  time: times.sort((a, b) => a - b)[times.length >> 1]! / 1e3,
}));
const total = kernels.reduce((sum, k) => sum + k.time, 0);
const shapes = (list: Record<string, number[]>[] | undefined): string =>
  (list ?? []).map((t) => `[${Object.values(t)[0]}]`).join(" ");

function table(key: (e: Event) => string, rows: number): void {
  const groups = new Map<string, { time: number; count: number }>();
  for (const { event, time } of kernels) {
    const g = groups.get(key(event)) ?? { time: 0, count: 0 };
    g.time += time;
    g.count++;
    groups.set(key(event), g);
  }
  for (const [name, g] of [...groups].sort((a, b) => b[1].time - a[1].time).slice(0, rows)) {
    console.log(
      `${g.time.toFixed(2).padStart(8)} ms ${((100 * g.time) / total).toFixed(1).padStart(5)} % ` +
        `${String(g.count).padStart(4)}×  ${name}`,
    );
  }
}
/** Operations of a matrix product, from the shapes of its first factor and its result. */
function operations(event: Event): number {
  const first = Object.values(event.args!.input_type_shape![0]!)[0]!,
    result = Object.values(event.args!.output_type_shape![0]!)[0]!;
  const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const rows = first.length > 2 ? product(result.slice(0, -1)) : result[result.length - 2]!;
  return 2 * product(result) * (product(first) / rows);
}
const products = kernels.filter((k) => ["MatMul", "FusedMatMul", "Gemm"].includes(k.event.args!.op_name!));
const flop = products.reduce((sum, k) => sum + operations(k.event), 0),
  productMs = products.reduce((sum, k) => sum + k.time, 0);

/** Best rate of a 1024³ product here and now, GFLOP/s. */
async function largeProductRate(): Promise<number> {
  const n = 1024,
    a = input("a", [n, n]),
    b = input("b", [n, n]);
  const executable = await compile(
    { name: "product", state: {}, feeds: { a, b }, outputs: { y: op.slice(op.matmul(a, b), 0, 0, 1) } },
    { ...device, threads: Number(threads) },
  );
  const feeds = { a: new Float32Array(n * n).fill(1), b: new Float32Array(n * n).fill(1) };
  let best = Infinity;
  for (let i = 0; i < 8; i++) {
    const start = performance.now();
    await executable.run(feeds);
    best = Math.min(best, performance.now() - start);
  }
  await executable.release();
  return (2 * n ** 3) / best / 1e6;
}

times.sort((a, b) => a - b);
console.log(
  `matrix products: ${(flop / 1e9).toFixed(2)} GFLOP in ${productMs.toFixed(1)} ms, ` +
    `${(flop / productMs / 1e6).toFixed(0)} GFLOP/s; ` +
    `a 1024³ product reaches ${(await largeProductRate()).toFixed(0)}`,
);
console.log(
  `${program.name}, radius ${maxRadius}, ${threads} threads: ` +
    `median ${times[runs >> 1]!.toFixed(1)} ms with the profiler on, kernels ${total.toFixed(1)} ms\n`,
);
table((e) => e.args!.op_name!, 20);
console.log();
table((e) => `${e.args!.op_name} ${shapes(e.args!.input_type_shape)} -> ${shapes(e.args!.output_type_shape)}`, 40);
