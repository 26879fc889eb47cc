/** Runs from a map that is given: against the truth as it lies, with nothing searched. */

import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Volume } from "../../../src/base/types.ts";
import { lowPass } from "../../../src/evaluate/filter.ts";
import { fourierShellCorrelation } from "../../../src/evaluate/fsc.ts";
import { resample, windowed } from "../../../src/evaluate/resample.ts";
import { mirrorX } from "../../../src/evaluate/rotate.ts";
import { disk } from "../../../src/io/disk.ts";
import { readMap, writeMap } from "../../../src/io/mrc.ts";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import { parseReconstructOptions } from "../../../src/reconstruct/optionSchema.ts";
import type { RunRequest } from "../../../src/reconstruct/options.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import { automaticSchedule } from "../../../src/reconstruct/run/schedule.ts";
import { writeReport } from "../../../src/report/report.ts";
import { inputError } from "../../io/helpers.ts";
import { smallParticleSet } from "../data.ts";
import { budgetOf, settingOf, virtualRun } from "./virtualRun.ts";

let folder: string, particles: string, truth: Volume;
const at = (...names: string[]) => join(folder, ...names);
/** 40 Å is shell 3.6 of the box of 144 Å: refinement has to find all shells beyond. */
const request = (name: string, more: Partial<RunRequest> = {}): RunRequest => ({
  particlesFile: particles,
  out: at(name),
  startResolution: 40,
  maxShift: 0,
  device: "cpu",
  ...more,
});
const run = async (name: string, more: Partial<RunRequest>) => {
  const events: RunEvent[] = [];
  const { maps } = await reconstruct(nodeHost, request(name, more), (event) => events.push(event));
  return { map: maps[0]!, events };
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-start-"));
  particles = await smallParticleSet(folder);
  truth = await readMap(disk.at(at("truth.mrc")));
  await writeMap(disk.at(at("start.mrc")), lowPass(truth, 40));
});
afterAll(() => rm(folder, { recursive: true }));

test("the truth at 40 Å, on another grid, leads far beyond; the other hand to the mirror image", async () => {
  const known = lowPass(truth, 40),
    onAnother = resample(windowed(known, 32), 36, 5.5);
  await writeMap(disk.at(at("another.mrc")), onAnother);
  await writeMap(disk.at(at("mirrored.mrc")), mirrorX(known));
  const { map, events } = await run("from another", { start: at("another.mrc") });
  const mirrored = (await run("from mirrored", { start: at("mirrored.mrc") })).map;
  const mean = (a: Volume, b: Volume): number => {
    const { fsc } = fourierShellCorrelation(a, b);
    return fsc.slice(4, 7).reduce((sum, c) => sum + c, 0) / 3; // shells 5 to 7, of which the start knew nothing
  };
  expect(mean(map, truth)).toBeGreaterThan(0.9);
  expect(mean(mirrored, mirrorX(truth))).toBeGreaterThan(0.9);
  expect(mean(mirrored, truth)).toBeLessThan(0.5);
  expect(events.filter(({ type }) => type === "warning")).toEqual([]);
  const kinds = events.flatMap((event) => (event.type === "stage" ? [event.kind] : []));
  expect(kinds[0]).toBe("refinement");
  expect(kinds).not.toContain("adversarial");

  const config = JSON.parse(await readFile(at("from another", "config.json"), "utf8")) as Record<string, unknown>;
  expect(config).toMatchObject({
    start: at("another.mrc"),
    startResolution: 40,
    used: { start: { map: at("another.mrc"), resolutionAngstrom: 40 } },
  });
  expect(await readFile(at("from another", "input.json"), "utf8")).toContain(at("another.mrc"));
  const report = await readFile(await writeReport(at("from another")), "utf8");
  expect(report).toContain("Not ab initio: the map was begun from");
});

test("a run that goes on needs the start that it began with", async () => {
  await copyFile(at("start.mrc"), at("own.mrc"));
  const stages = [{ kind: "refinement", maxRadius: 6, iterations: 1, particles: 1000 }] as const;
  await run("kept", { start: at("own.mrc"), stages: [...stages] });
  const resume = (more: Partial<RunRequest>) =>
    inputError(() => run("kept", { start: at("own.mrc"), stages: [...stages], resume: true, ...more }));
  expect(await resume({ start: at("start.mrc") })).toMatch(/another --start \(/);
  expect(await resume({ startResolution: 30 })).toMatch(/another --start-resolution \(40, now 30\)/);
  await writeMap(disk.at(at("own.mrc")), lowPass(truth, 30));
  expect(await resume({})).toMatch(/own\.mrc is another file than when the run began/);
});

test("a start whose axes are not those of the group is told", async () => {
  const stages = [{ kind: "refinement", maxRadius: 6, iterations: 1, particles: 200 }] as const;
  const { events } = await run("asymmetric", { start: at("start.mrc"), symmetry: "C4", stages: [...stages] });
  expect(events.flatMap((event) => (event.type === "warning" ? [event.message] : []))).toEqual([
    expect.stringMatching(/start\.mrc does not have the symmetry C4 about its axes: .* \d+ % is left/),
  ]);
});

describe("what is no start is said in one line", () => {
  const wrong = (more: Partial<RunRequest>) => inputError(() => run("wrong", more));
  const mapOf = async (name: string, map: Volume): Promise<string> => {
    await writeMap(disk.at(at(name)), map);
    return at(name);
  };
  test("constant; no cube; far too small; coarse voxels; coarser than the box; no file", async () => {
    const constant = await mapOf("constant.mrc", { ...truth, data: new Float32Array(truth.data.length).fill(2) });
    expect(await wrong({ start: constant })).toMatch(/constant\.mrc is empty: all voxels are 2/);
    const oblong = await mapOf("oblong.mrc", {
      ...truth,
      data: truth.data.slice(0, 24 * 24 * 20),
      shape: [20, 24, 24],
    });
    expect(await wrong({ start: oblong })).toMatch(/oblong\.mrc has 24 x 24 x 20 voxels; a start needs a cubic box/);
    const small = await mapOf("small.mrc", { ...truth, pixelSizeAngstrom: 1 });
    expect(await wrong({ start: small })).toMatch(/small\.mrc is 24 Å wide, which says nothing of particles in a box/);
    const coarse = await mapOf("coarse.mrc", { ...truth, pixelSizeAngstrom: 12 });
    expect(await wrong({ start: coarse, startResolution: 20 })).toMatch(/nothing finer than 24\.0 Å/);
    expect(await wrong({ start: at("start.mrc"), startResolution: 60 })).toMatch(/a start at 60 Å .* box of 144 Å/);
    expect(await wrong({ start: at("none.mrc") })).toMatch(/cannot read .*none\.mrc: no such file/);
  });

  test.each([
    [{ startResolution: "20" }, "--start-resolution: is that of a map to start from: give it by --start"],
    [{ start: "a.mrc", stages: "adversarial 16:500, refine 16:2" }, "--stages: must be refine and local stages alone"],
    [{ stages: "refine 16:2" }, "--stages: expected stages with even boxes that do not shrink, the first one adv"],
  ])("%j", (options, message) => {
    expect(() => parseReconstructOptions({ particlesFile: "p.star", out: "o", ...options })).toThrow(message);
  });
  test("stages of one's own go with a start", () => {
    const { stages } = parseReconstructOptions({ particlesFile: "p", out: "o", start: "a.mrc", stages: "local 24:2" });
    expect(stages).toMatchObject([{ kind: "local", maxRadius: 12 }]);
  });
});

describe("the stages of a start that is given", () => {
  test.each([
    [4, 22, [8, 11, 14, 18, 22]],
    [16, 32, [16, 20, 25, 32]],
    [40, 32, [22, 28, 32]],
    [16, 12, [12]],
  ])("at shell %d, to shell %d", (given, finest, radii) => {
    const stages = automaticSchedule(finest, budgetOf({ given }));
    expect(stages.map(({ maxRadius }) => maxRadius)).toEqual(radii);
    expect(stages[0]!.kind).toBe("refinement");
    expect(stages.filter(({ kind, maxRadius }) => kind === "local" && maxRadius === radii[0])).toEqual([]);
  });

  test.each([20, 90, 600])(
    "keep a limit of %d s, with no adversarial stage, on slow machines and quick ones",
    (seconds) => {
      for (const pace of [0.5, 1, 3]) {
        const budget = budgetOf({ seconds, given: 10 });
        const { stages, seconds: taken } = virtualRun(settingOf(budget, 20), { pace });
        expect(taken).toBeLessThan(1.1 * seconds);
        expect(stages.map(({ kind }) => kind)).not.toContain("adversarial");
        expect(stages[0]!.maxRadius).toBe(10);
      }
    },
  );
});
