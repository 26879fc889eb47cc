/** Whole runs that go on to finer shells than they began with. */
import { readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evaluateAgainstReference } from "../../../src/evaluate/evaluate.ts";
import type { FscResult } from "../../../src/evaluate/fsc.ts";
import { disk } from "../../../src/io/disk.ts";
import { readMap } from "../../../src/io/mrc.ts";
import { likelihoodRatioRecipe } from "../../../src/reconstruct/adversarial/recipes.ts";
import { readCheckpoint } from "../../../src/reconstruct/folder/checkpoint.ts";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import type { RunRequest } from "../../../src/reconstruct/options.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import { boxSize, pixelSizeAngstrom, smallParticleSet } from "../data.ts";

let folder: string, particlesFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-finer-"));
  particlesFile = await smallParticleSet(folder);
});
afterAll(() => rm(folder, { recursive: true }));

/** The automatic schedule with short starts. */
const recipe = {
  ...likelihoodRatioRecipe,
  start: likelihoodRatioRecipe.start.map((stage) => ({ ...stage, iterations: 40 })),
};
const boxAngstrom = boxSize * pixelSizeAngstrom;
/** To shell 6, and to shell 11 of 12. */
const [coarse, fine] = [boxAngstrom / 6, boxAngstrom / 11];
const request = (name: string, more: Partial<RunRequest> = {}): RunRequest => ({
  particlesFile,
  out: join(folder, name),
  resolution: coarse,
  maxShift: 0,
  device: "cpu",
  ...more,
});
async function run(asked: RunRequest, signal?: AbortSignal, onEvent: (event: RunEvent) => void = () => {}) {
  const events: RunEvent[] = [];
  const told = (event: RunEvent): void => {
    events.push(event);
    onEvent(event);
  };
  return { ...(await reconstruct(nodeHost, asked, told, signal, recipe)), events };
}
const stagesOf = (events: readonly RunEvent[]): string[] =>
  events.flatMap((event) => (event.type === "stage" ? [`${event.kind} ${event.boxSize / 2}`] : []));
const fscWithTruth = async (name: string): Promise<number[]> => {
  const map = await readMap(disk.at(join(folder, name, "map.mrc")));
  return (await evaluateAgainstReference(map, disk.at(join(folder, "truth.mrc")), { mask: "none" })).report.fsc.fsc;
};
const bytes = (name: string, of: string): Promise<Buffer> => readFile(join(folder, name, of));

const copy = (name: string, to: string): Promise<void> => cp(join(folder, name), join(folder, to), { recursive: true });
/** Stops a run a little after `stop` says so. */
async function stopped(asked: RunRequest, stop: (event: RunEvent) => boolean): Promise<void> {
  const controller = new AbortController();
  await expect(
    run(asked, controller.signal, (event) => stop(event) && setTimeout(() => controller.abort())),
  ).rejects.toMatchObject({ name: "AbortError" });
}

describe("one set of particles", () => {
  let grown: number[], events: RunEvent[];
  beforeAll(async () => {
    await stopped(request("coarse"), (event) => event.type === "progress" && event.stage === 7);
    await copy("coarse", "stopped");
    const { events: first } = await run(request("coarse", { resume: true }));
    expect(stagesOf(first)).toEqual(["refinement 6"]);
    await copy("coarse", "grown");
    ({ events } = await run(request("grown", { resolution: fine, resume: true })));
    grown = await fscWithTruth("grown");
  });

  test("a finished run goes on in a larger working box, and its map shows the shells between", async () => {
    expect(stagesOf(events)).toEqual(["refinement 11"]);
    const config = JSON.parse((await bytes("grown", "config.json")).toString());
    expect(config).toMatchObject({ resolution: fine, used: { box: 22 } });
    expect(events.at(-1)).toMatchObject({ type: "finished", map: "map.mrc" });
    const coarse = await fscWithTruth("coarse");
    expect(Math.min(...coarse.slice(0, 5))).toBeGreaterThan(0.5);
    expect(Math.max(...coarse.slice(6, 11))).toBeLessThan(0.3);
    expect(Math.min(...grown.slice(0, 8))).toBeGreaterThan(0.5);
  });

  test("as well as a run that was to be as fine from the start, in the same scale of density", async () => {
    await run(request("fine at once", { resolution: fine }));
    const atOnce = await fscWithTruth("fine at once");
    for (let k = 0; k < 9; k++) expect(grown[k]).toBeGreaterThan(atOnce[k]! - 0.1);
    const [one, other] = await Promise.all(
      ["grown", "fine at once"].map(async (name) => {
        const { data } = await readMap(disk.at(join(folder, name, "map.mrc")));
        return data.reduce((sum, v) => sum + v * v, 0);
      }),
    );
    expect(one! / other!).toBeGreaterThan(0.8);
    expect(one! / other!).toBeLessThan(1.25);
  });

  test("stopped on the way and resumed ends in the same map, byte for byte", async () => {
    await copy("coarse", "twice");
    const finer = request("twice", { resolution: fine, resume: true });
    await stopped(finer, (event) => event.type === "progress" && event.iteration >= 1);
    await run(finer);
    expect((await bytes("twice", "map.mrc")).equals(await bytes("grown", "map.mrc"))).toBe(true);
  });

  test("stopped inside a stage it ends that one first, and goes on from there: the same map again", async () => {
    expect((await readCheckpoint(disk.at(join(folder, "stopped", "checkpoint.bin"))))!.stage).toBe(6);
    const { events } = await run(request("stopped", { resolution: fine, resume: true }));
    expect(stagesOf(events)).toEqual(["refinement 6", "refinement 11"]);
    expect((await bytes("stopped", "map.mrc")).equals(await bytes("grown", "map.mrc"))).toBe(true);
  });

  test("coarser is refused, and nothing is lost", async () => {
    const before = await bytes("grown", "checkpoint.bin");
    await expect(run(request("grown", { resume: true }))).rejects.toThrow(
      `the run has worked to ${fine.toFixed(1)} Å, and --resolution ${coarse} is coarser`,
    );
    expect((await bytes("grown", "checkpoint.bin")).equals(before)).toBe(true);
  });
});

test("both halves go on, and are joined again", async () => {
  const fsc = (): FscResult => JSON.parse(readFileSync(join(folder, "halves", "fsc.json"), "utf8")) as FscResult;
  await run(request("halves", { halfMaps: true }));
  expect(fsc().fsc.length).toBe(6);
  const before = await Promise.all(
    ["half1.mrc", "half2_unaligned.mrc", "map.mrc"].map((name) => bytes("halves", name)),
  );
  const { events, elapsedSeconds } = await run(request("halves", { halfMaps: true, resolution: fine, resume: true }));
  expect(stagesOf(events)).toEqual(["refinement 11", "refinement 11"]);
  expect(events.flatMap((event) => (event.type === "stage" ? [event.half] : []))).toEqual([1, 2]);
  expect(fsc().fsc.length).toBe(11);
  for (const [i, name] of ["half1.mrc", "half2_unaligned.mrc", "map.mrc"].entries())
    expect((await bytes("halves", name)).equals(before[i]!)).toBe(false);
  const last = events.findLast((event) => event.type === "progress")!;
  expect(elapsedSeconds).toBeGreaterThan(last.elapsedSeconds); // the joining is in it
});
