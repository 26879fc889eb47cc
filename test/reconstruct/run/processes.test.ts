/** Several processes make the map that one makes alone: all in this one, over whole runs. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shellCorrelation } from "../../../src/evaluate/fsc.ts";
import { spectrumOf } from "../../../src/evaluate/shells.ts";
import { disk } from "../../../src/io/disk.ts";
import { readMap } from "../../../src/io/mrc.ts";
import type { RunRequest } from "../../../src/reconstruct/options.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import { alone } from "../../../src/runtime/processes.ts";
import { eachOf, together } from "../../runtime/together.ts";
import { smallParticleSet } from "../data.ts";

let folder: string, particlesFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-processes-"));
  particlesFile = await smallParticleSet(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const stages: RunRequest["stages"] = [
  { kind: "adversarial", maxRadius: 6, iterations: 12 },
  { kind: "refinement", maxRadius: 6, iterations: 2, particles: 1500 },
  { kind: "local", maxRadius: 8, iterations: 2, particles: 2000 },
];
type Group = ReturnType<typeof together>;

async function run(name: string, processes: Group, more: Partial<RunRequest> = {}, signals: AbortSignal[] = []) {
  const out = join(folder, name);
  const request: RunRequest = { particlesFile, out, stages, device: "cpu", threads: 1, ...more };
  await eachOf(processes, (own) => reconstruct({ ...nodeHost, processes: own }, request, undefined, signals[own.rank]));
  return out;
}

/** Least FSC of two maps over the shells that were worked at. */
async function likeness(one: string, other: string, shells: number): Promise<number> {
  const [a, b] = await Promise.all([one, other].map(async (path) => spectrumOf(await readMap(disk.at(path)))));
  return Math.min(...shellCorrelation(a!, b!).slice(0, shells));
}

describe.each([
  ["two on a machine", [2]],
  ["three machines", [1, 1, 1]],
  ["two machines, of three in all", [2, 1]],
])("%s", (name, machines) => {
  test("make the map of one", async () => {
    const one = await run(`${name}, alone`, [alone]),
      several = await run(name, together(...machines));
    expect(await likeness(join(one, "map.mrc"), join(several, "map.mrc"), 8)).toBeGreaterThan(0.999);
    const events = (await readFile(join(several, "events.jsonl"), "utf8")).trim().split("\n");
    expect(events.filter((line) => line.includes('"finished"'))).toHaveLength(1);
  });
});
