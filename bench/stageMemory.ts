/**
 * Memory and processor time of the steps of a local pass with the finest radius given: the transform of images, the
 * table, a cell's templates, and the maximisation. Random numbers stand for data, as the sizes alone count.
 *
 *     npx tsx bench/stageMemory.ts [--radius 64] [--images 512] [--threads 2] [--steps store,table,maximisation]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { disk } from "../src/io/disk.ts";
import { type PolarGrid, polarGrid } from "../src/physics/frequencies.ts";
import { randomRotation } from "../src/physics/rotations.ts";
import { flatOptics } from "../src/physics/simulate.ts";
import { pointGroup } from "../src/physics/symmetry.ts";
import { openTableMaker } from "../src/physics/tablePlanes.ts";
import { flatten } from "../src/physics/viewGrid.ts";
import type { RefinementContext } from "../src/reconstruct/likelihood/context.ts";
import { viewsPerCell } from "../src/reconstruct/likelihood/localSearch.ts";
import { openMaximisation } from "../src/reconstruct/likelihood/maximisation.ts";
import { createParticleStore } from "../src/reconstruct/likelihood/particleStore.ts";
import { templateProgram } from "../src/reconstruct/likelihood/refinement.ts";
import { nodeCpu } from "../src/runtime/onnxRuntimeNode.ts";
import { alone } from "../src/runtime/processes.ts";
import { createStream } from "../src/runtime/random.ts";
import { compile } from "../src/runtime/session.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    radius: { ...text, default: "64" },
    images: { ...text, default: "512" },
    threads: { ...text, default: "2" },
    steps: { ...text, default: "store,table,maximisation" },
  },
});
const radius = Number(values.radius),
  count = Number(values.images),
  n = 2 * radius,
  device = nodeCpu(Number(values.threads)),
  stream = createStream(1, "memory"),
  normal = (size: number): Float32Array => {
    const out = new Float32Array(size);
    stream.fillNormal(out);
    return out;
  };
const spectra = {
  noise: new Float64Array(radius + 1).fill(n * n),
  signal: new Float64Array(radius + 1).fill(n ** 3),
} as unknown as RefinementContext["spectra"];

async function step<T>(name: string, run: () => Promise<T>): Promise<T> {
  const before = process.cpuUsage(),
    start = performance.now();
  const result = await run();
  const { user, system } = process.cpuUsage(before),
    gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);
  console.log(
    `${name.padEnd(28)} ${((user + system) / 1e6).toFixed(2)} s of CPU, ` +
      `${((performance.now() - start) / 1e3).toFixed(2)} s; ` +
      `${gigabytes(process.memoryUsage().rss)} GB held, ${gigabytes(1024 * process.resourceUsage().maxRSS)} GB at most`,
  );
  return result;
}

const steps = values.steps.split(",");
await step("start", async () => undefined);
if (steps.includes("store")) {
  const folder = mkdtempSync(join(tmpdir(), "cryogan-memory-"));
  const store = await step(`store of ${count} images`, () =>
    createParticleStore(
      {
        count,
        optics: flatOptics(count, 300),
        boxSize: n,
        boxAngstrom: 2 * n,
        spectra,
        processes: alone,
        read: async (_, size) => normal(size * n * n),
      },
      radius,
      0,
      disk.at(join(folder, "scratch")),
      device,
      () => undefined,
    ),
  );
  await store.close();
  rmSync(folder, { recursive: true });
}
if (steps.includes("table")) {
  const grid = polarGrid(radius, n),
    whitening = new Float32Array(grid.count).fill(1),
    volume = normal(n ** 3),
    rotations = flatten(Array.from({ length: viewsPerCell }, () => randomRotation(stream)));
  const makeTable = await step("table, made ready", () => openTableMaker(n, 1, device)),
    makeTemplates = await step("templates, made ready", () =>
      compile(templateProgram(n, grid, viewsPerCell, whitening), device),
    );
  const table = await step("table", async () => (await makeTable.run({ volume })).table);
  for (let i = 0; i < 3; i++) await step("templates of a cell", () => makeTemplates.run({ table, rotations }));
}
if (steps.includes("maximisation")) {
  const grid: PolarGrid = polarGrid(radius, n),
    views = viewsPerCell;
  const maximisation = await step("maximisation, made ready", () =>
    openMaximisation(n, grid, views, new Float32Array(grid.count).fill(1), {
      device,
      processes: alone,
      spectra,
      groups: [pointGroup("D2")],
      maskRadius: 0.45,
    } as unknown as RefinementContext),
  );
  const poses = Array.from({ length: views }, () => randomRotation(stream)),
    numerator = normal(grid.angles * views * 2 * radius),
    denominator = new Float32Array(views * radius).fill(1);
  for (let pass = 0; pass < 3; pass++) {
    for (const half of [0, 1] as const)
      await step("back-projection of a cell", () =>
        maximisation.add(numerator, denominator, [{ of: 0, first: 0, poses }], half),
      );
    const { data } = await step("solve", () => maximisation.solve());
    const halves = await step("halves", () => maximisation.halfSamples());
    console.log([data, ...halves].map((v) => Math.hypot(v[0]!, ...v.slice(1000, 2000))).join(" "));
  }
  await maximisation.release();
}
