/** Runs without likelihood (--method cryogan), from their schedule to their verdict. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { InputError } from "../../../src/base/errors.ts";
import { evaluateAgainstReference } from "../../../src/evaluate/evaluate.ts";
import { disk } from "../../../src/io/disk.ts";
import {
  type AdversarialRecipe,
  likelihoodRatioRecipe,
  volumeRecipe,
} from "../../../src/reconstruct/adversarial/recipes.ts";
import { type Checkpoint, readCheckpoint } from "../../../src/reconstruct/folder/checkpoint.ts";
import type { RunEvent, RunVerdict } from "../../../src/reconstruct/folder/events.ts";
import { parseReconstructOptions } from "../../../src/reconstruct/optionSchema.ts";
import type { RunRequest } from "../../../src/reconstruct/options.ts";
import { stageSeconds } from "../../../src/reconstruct/run/cost.ts";
import { afterStage, begin, nextStep } from "../../../src/reconstruct/run/next.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { adversarialClimb } from "../../../src/reconstruct/run/radii.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import { affordableRadius, automaticSchedule, type Budget } from "../../../src/reconstruct/run/schedule.ts";
import type { Stage } from "../../../src/reconstruct/stage.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { cryogan } from "../../cli/run.ts";
import { boxSize, smallParticleSet } from "../data.ts";
import { budgetOf, goOn, settingOf, virtualRun } from "./virtualRun.ts";

const alone = (change: Partial<Budget> = {}): Budget => budgetOf({ method: "cryogan", seconds: 540, ...change });
const outline = (stages: readonly Stage[]): string =>
  stages.map((stage) => `${stage.kind[0]}${stage.maxRadius}${"endsStart" in stage ? "*" : ""}`).join(" ");
const starts = (stages: readonly Stage[]): number => stages.filter((stage) => "endsStart" in stage).length;
const finest = (stages: readonly Stage[]): number => Math.max(...stages.map((stage) => stage.maxRadius));

describe("the schedule", () => {
  it("makes starts, then climbs to the finest shell with more iterations at each", () => {
    const stages = automaticSchedule(24, alone());
    expect(outline(stages)).toBe("a8* a8* a8* a11 a16 a24");
    const iterations = stages.map((stage) => stage.iterations);
    expect(iterations).toEqual(iterations.toSorted((a, b) => a - b));
    expect(stages.map((stage) => stage.kind === "adversarial" && stage.start)).toEqual([
      ...[0, 1, 2],
      ...[undefined, undefined, undefined],
    ]);
  });

  it("is one start where time is short, and that alone where the images show no finer shell", () => {
    expect(outline(automaticSchedule(16, alone({ seconds: 60 })))).toBe("a8 a11 a16");
    expect(outline(automaticSchedule(8, alone({ seconds: 60 })))).toBe("a8");
  });

  it("begins from a given map at its own shell", () => {
    expect(outline(automaticSchedule(32, alone({ given: 11 })))).toBe("a11 a16 a23 a32");
  });

  it.each([9, 12, 13, 16, 22, 40, 96])("climbs to %i in steps of 1.2 to 1.7", (last) => {
    const radii = [8, ...adversarialClimb(8, last)];
    expect(radii.at(-1)).toBe(last);
    for (const [i, radius] of radii.slice(1).entries()) {
      const step = radius / radii[i]!;
      expect(step).toBeLessThan(1.71);
      if (last > 9) expect(step).toBeGreaterThan(1.19);
    }
  });

  it("goes as fine as the time allows", () => {
    const radii = [60, 150, 600, 3600].map((seconds) => affordableRadius(alone({ seconds })));
    expect(radii).toEqual(radii.toSorted((a, b) => a - b));
    expect(new Set(radii).size).toBe(4);
  });

  it("goes less fine with a critic that takes longer, more so without symmetry", () => {
    const { start, iterationSeconds } = volumeRecipe;
    const reached = (change: Partial<Budget>): number => affordableRadius(alone({ start, ...change }));
    const byVolume = { adversarialSeconds: iterationSeconds };
    expect(reached(byVolume)).toBeLessThan(reached({}));
    expect(reached({ ...byVolume, groupOrder: 4 })).toBeGreaterThan(reached(byVolume));
  });
});

describe("a time limit", () => {
  it.each([30, 60, 150, 540])("of %d s is kept on machines of any pace, and ends with a map", (seconds) => {
    const budget = alone({ seconds });
    for (const pace of [0.3, 1, 2, 3, 10]) {
      const run = virtualRun(settingOf(budget, 32), { pace, overheadSeconds: 0.1 * pace });
      expect(run.stages.every(({ kind }) => kind === "adversarial")).toBe(true);
      expect(run.seconds).toBeLessThan(1.1 * seconds + pace);
      expect(run.state.volume).toBeDefined();
      expect(run.state.cutOff).toBeUndefined();
      expect(run.state.finished).toBe(true);
      expect(outline(run.state.schedule.stages)).toBe(outline(run.stages));
    }
  });

  it("on a slower machine makes fewer starts and gets less fine, and says so", () => {
    const budget = alone({ seconds: 300 });
    const [planned, slow] = [1, 5].map((pace) => virtualRun(settingOf(budget, 64), { pace }));
    expect(starts(slow!.stages)).toBeLessThan(starts(planned!.stages));
    expect(finest(slow!.stages)).toBeLessThan(finest(planned!.stages));
    expect(planned!.warnings).toEqual([]);
    expect(slow!.warnings.join()).toMatch(/to keep to the time limit.*to [\d.]+ Å instead of/);
  });

  it("goes on with more of it from the map that is there, to finer shells alone", () => {
    const under = (seconds: number) =>
      settingOf(alone({ seconds }), 64, { request: { timeLimit: seconds }, boxSize: 128 });
    const first = virtualRun(under(60), { pace: 1 }),
      more = goOn(first.state, under(600), { pace: 1 });
    expect(first.state.finished).toBe(true);
    expect(starts(more.stages)).toBe(0);
    expect(more.stages[0]!.maxRadius).toBeGreaterThan(finest(first.stages));
    expect(more.state.schedule.workingBox).toBeGreaterThan(first.state.schedule.workingBox);
    expect(more.seconds).toBeLessThan(600);
    const again = goOn(more.state, settingOf(alone({ seconds: 900 }), finest(more.stages)), { pace: 1 });
    expect(again.stages).toEqual([]);
    expect(again.warnings.join()).toContain("is as fine as the images, or the options, allow");
  });

  it("a stage that has become slow is cut, and the map still stands", () => {
    const budget = alone({ seconds: 150, shiftSigma: 0 }),
      run = virtualRun(settingOf(budget, 16), { pace: (_, seconds) => (seconds < 60 ? 1 : 6) });
    expect(run.seconds).toBeLessThan(1.1 * 150);
    expect(
      run.stages.at(-1)!.iterations * 6 * stageSeconds({ ...run.stages.at(-1)!, iterations: 1 }, budget),
    ).toBeGreaterThan(10);
  });
});

describe("a run", () => {
  let folder: string, particles: string, whole: RunEvent[];
  const recipe: AdversarialRecipe = {
    ...likelihoodRatioRecipe,
    batch: 32,
    start: [{ kind: "adversarial", maxRadius: 8, iterations: 20 }],
  };
  const requestFor = (name: string, more: Partial<RunRequest> = {}): RunRequest => ({
    particlesFile: particles,
    out: join(folder, name),
    method: "cryogan",
    maxShift: 0,
    device: "cpu",
    threads: 1,
    ...more,
  });
  const run = async (name: string, more: Partial<RunRequest> = {}, by = recipe): Promise<RunEvent[]> => {
    const events: RunEvent[] = [];
    await reconstruct(nodeHost, requestFor(name, more), (event) => events.push(event), undefined, by);
    return events;
  };
  const file = (name: string, of: string) => readFile(join(folder, name, of));
  const resultOf = async (name: string) => JSON.parse((await file(name, "result.json")).toString()) as RunVerdict;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryogan-alone-"));
    particles = await smallParticleSet(folder);
    whole = await run("whole");
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("makes starts, climbs from one of them, and says what its map is", async () => {
    const stages = whole.filter((event) => event.type === "stage");
    expect(stages.map(({ kind, boxSize: box }) => `${kind} ${box}`)).toEqual([
      ...["adversarial 16", "adversarial 16", "adversarial 16"],
      "adversarial 24",
    ]);
    expect(whole[0]).toMatchObject({ type: "start", method: "cryogan" });
    expect(whole.at(-1)).toMatchObject({ type: "finished", method: "cryogan", verdict: { kind: "uncertain" } });
    const { evidence, reason } = await resultOf("whole");
    expect(evidence.method).toBe("cryogan");
    expect(evidence.parts[0]!.startAgreement).toHaveLength(1);
    expect(evidence.parts[0]!.startShell).toBe(8);
    expect(reason).toContain("by adversarial stages alone, without likelihood");
    expect((await file("whole", "map.mrc")).toString("latin1", 224, 304)).toContain("adversarial stages alone");
    expect(existsSync(join(folder, "whole", "directions.json"))).toBe(false);
  });

  test.each([
    [2, "a start"],
    [4, "the climb"],
  ])("stopped in stage %i and resumed it makes the same map, byte for byte (%s)", async (stage, name) => {
    const controller = new AbortController(),
      stop = (event: RunEvent): unknown =>
        event.type === "progress" && event.stage === stage && setTimeout(() => controller.abort());
    await expect(reconstruct(nodeHost, requestFor(name), stop, controller.signal, recipe)).rejects.toMatchObject({
      name: "AbortError",
    });
    const { progress, ...stopped } = (await readCheckpoint(disk.at(join(folder, name, "checkpoint.bin"))))!;
    expect(stopped.stage).toBe(stage - 1);
    expect(progress!.iteration).toBeGreaterThan(0);
    await run(name, { resume: true });
    for (const of of ["map.mrc", "result.json"])
      expect((await file(name, of)).equals(await file("whole", of)), of).toBe(true);
  });

  test("goes on as it began: another method is refused in one line", async () => {
    const error = await reconstruct(nodeHost, requestFor("whole", { method: "refined", resume: true })).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toContain("the run began with another --method (cryogan, now refined)");
    expect((error as Error).message).not.toContain("\n");
  });

  test("goes on from a given map at finer shells, and comes nearer to the truth", async () => {
    const start = join(folder, "truth.mrc");
    const events = await run(
      "given",
      { start, startResolution: 36 },
      { ...recipe, batch: 64, start: [{ ...recipe.start[0]!, iterations: 60 }] },
    );
    expect(events.flatMap((event) => (event.type === "stage" ? [event.boxSize] : []))).toEqual([16, 24]);
    const { report } = await evaluateAgainstReference(disk.at(join(folder, "given", "map.mrc")), disk.at(start), {
      mask: "none",
    });
    // 36 Å is shell 4: what follows was not given.
    expect(Math.min(...report.fsc.fsc.slice(0, 6))).toBeGreaterThan(0.5);
  });

  test("of two halves: their correlation tells, and both maps are there", async () => {
    const stages: Stage[] = [{ kind: "adversarial", maxRadius: 8, iterations: 150 }];
    const events = await run("halves", { halfMaps: true, stages }, { ...recipe, batch: 64 });
    for (const name of ["half1.mrc", "half2.mrc", "fsc.json", "map.mrc"])
      expect(existsSync(join(folder, "halves", name))).toBe(true);
    const { kind, evidence } = await resultOf("halves");
    expect(evidence).toMatchObject({ method: "cryogan", halves: { angularFsc: expect.any(Array) as number[] } });
    expect(kind).toBe("found");
    expect(events.filter((event) => event.type === "start").map(({ half, method }) => [half, method])).toEqual([
      [1, "cryogan"],
      [2, "cryogan"],
    ]);
  });

  test("of noise alone finds nothing, with halves or without", async () => {
    const stack = await readFile(join(folder, "particles.mrcs")),
      noise = new Float32Array(2000 * boxSize ** 2);
    createStream(1, "noise").fillNormal(noise);
    Buffer.from(noise.buffer).copy(stack, 1024);
    await writeFile(join(folder, "noise.mrcs"), stack);
    const star = (await readFile(particles, "utf8")).replaceAll("particles.mrcs", "noise.mrcs");
    await writeFile(join(folder, "noise.star"), star);
    const ofNoise = {
      particlesFile: join(folder, "noise.star"),
      stages: [{ kind: "adversarial", maxRadius: 8, iterations: 60 }] as Stage[],
    };
    await run("noise", ofNoise);
    expect((await resultOf("noise")).kind).toBe("uncertain");
    await run("noise halves", { ...ofNoise, halfMaps: true });
    expect((await resultOf("noise halves")).kind).not.toBe("found");
  });

  test("by the command line, within a time limit: report, verdict and what has no poses", async () => {
    const out = join(folder, "command");
    const ended = await cryogan("reconstruct", particles, "--out", out, "--method", "cryogan", "--time-limit", "8s");
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain("CryoGAN alone");
    expect(ended.stderr).not.toContain("log-likelihood");
    expect(ended.stderr).toMatch(/\nuncertain: The map is by adversarial stages alone, without likelihood/);
    const report = (await file("command", "report.html")).toString();
    expect(report).toContain("<dt>Method</dt><dd>CryoGAN alone</dd>");
    expect(report).toContain("no likelihood was computed, and no image has a pose");
    const refused = await cryogan("export", out, "--relion", join(folder, "relion"), "--poses");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toBe(
      `error: ${out} has no poses: adversarial stages alone (--method cryogan) give no image one; ` +
        "export without --poses\n",
    );
  });
});

test("of several starts the one is gone on with whose images the critic tells least from real ones", () => {
  const budget = alone(),
    setting = settingOf(budget, 16, { request: {} }),
    stages = automaticSchedule(16, budget);
  let state: Checkpoint = { ...begin(32, {}, {}), schedule: { workingBox: 32, request: {}, stages, goal: 16 } };
  for (const [i, criticLoss] of [1.1, 1.3, 1.2].entries()) {
    const data = Float32Array.of(i);
    ({ state } = afterStage(
      state,
      { volume: { n: 16, data, unmasked: data }, criticLoss },
      { share: () => 1, agreement: () => 0 },
      {
        setting,
        loaded: 0,
      },
    ));
  }
  expect([...state.volume!.data]).toEqual([1]);
  expect(state.choice).toEqual({ start: 2, merits: [1.1, 1.3, 1.2] });
  expect(state.otherStarts!.map(({ data }) => data[0])).toEqual([2, 0]); // best first
  expect(nextStep(state, { boxSize: 32, loaded: 0 })).toMatchObject({ stage: { maxRadius: 11, onward: true } });
});

describe("what does not go together is refused in one line", () => {
  const refusal = (more: Record<string, unknown>): string => {
    try {
      parseReconstructOptions({ particlesFile: "p.star", out: "o", ...more });
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  test.each([
    [
      { method: "cryogan", stages: "adversarial 16:500, refine 16:4" },
      "--stages: must be adversarial stages alone with --method cryogan, which is without likelihood",
    ],
    [{ method: "cryogan", stages: "refine 16:4", start: "m.mrc" }, "--stages: must be adversarial stages alone with"],
    [
      { stages: "adversarial 16:500", start: "m.mrc" },
      "--stages: must be refine and local stages alone with --start, which gives the map that adversarial ones find; " +
        "adversarial ones go on from it with --method cryogan",
    ],
    [{ method: "gan" }, "--method: expected one of cryogan, refined"],
  ])("%j", (options, message) => {
    expect(refusal(options)).toContain(message);
    expect(refusal(options)).not.toContain("\n");
  });

  test.each([
    { method: "cryogan", stages: "adversarial 16:500, adversarial 24:500" },
    { method: "cryogan", stages: "adversarial 24:500", start: "m.mrc" },
    { method: "cryogan", start: "m.mrc", halfMaps: true, timeLimit: "5m" },
    { method: "refined", stages: "adversarial 16:500, adversarial 24:500" },
  ])("and %j is not", (options) => expect(refusal(options)).toBe(""));
});
