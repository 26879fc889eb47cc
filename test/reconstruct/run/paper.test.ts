/** Runs by the paper's recipe: one stage at the full size of the images. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { iterationsOfEpoch, paperRecipe } from "../../../src/reconstruct/adversarial/paper.ts";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import { parseReconstructOptions } from "../../../src/reconstruct/optionSchema.ts";
import { withDefaults } from "../../../src/reconstruct/options.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import { automaticSchedule, type Budget } from "../../../src/reconstruct/run/schedule.ts";
import { settingOf as settingOfRun } from "../../../src/reconstruct/run/setting.ts";
import type { Part, Stage } from "../../../src/reconstruct/stage.ts";
import { cryogan } from "../../cli/run.ts";
import { boxSize, smallParticleSet } from "../data.ts";
import { budgetOf, goOn, settingOf, virtualRun } from "./virtualRun.ts";

const recipe = paperRecipe(20_000);
const paper = (change: Partial<Budget> = {}): Budget => {
  const { start, finerStart, onward, iterationSeconds } = recipe;
  return budgetOf({ method: "cryogan", start, finerStart, onward, adversarialSeconds: iterationSeconds, ...change });
};
const outline = (stages: readonly Stage[]): string[] =>
  stages.map(({ kind, maxRadius, iterations }) => `${kind} ${2 * maxRadius}:${iterations}`);

it("counts epochs as the authors do, and lets the rates fall by a hundredth with each", () => {
  expect(iterationsOfEpoch(41_123 / 2)).toBe(514);
  expect([0, 499, 500, 1000].map((done) => recipe.decay(done, 1))).toEqual([1, 1, 0.99, 0.99 ** 2]);
});

describe("the schedule", () => {
  it("is one stage of 40 epochs at the full size of the images, whatever the time", () => {
    for (const seconds of [10, 600, 1e6])
      expect(outline(automaticSchedule(96, paper({ seconds })))).toEqual(["adversarial 192:20000"]);
    const setting = settingOf(paper(), 96, { request: {} });
    const { stages, state } = virtualRun(setting, { pace: 1 });
    expect(outline(stages)).toEqual(["adversarial 192:20000"]);
    expect(state.finished).toBe(true);
  });

  it("goes as fine as the options allow, where the images show less, too", () => {
    const set = { boxSize: 192, pixelSizeAngstrom: 1.274, count: 500, source: "p.star" } as never;
    const part: Part = { set, label: "all", map: "map.mrc", checkpoint: "checkpoint.bin" };
    const limitOf = (more: object): number =>
      settingOfRun(
        part,
        1,
        withDefaults({ particlesFile: "p.star", out: "o", recipe: "paper", ...more }),
        [[1]],
        recipe,
      ).limit;
    expect(limitOf({})).toBe(96);
    expect(limitOf({ box: 128 })).toBe(64);
  });

  it.each([0.5, 1, 4])("keeps to a time limit at pace %d, and fills it", (pace) => {
    const each = recipe.iterationSeconds(96, 1),
      budget = paper({ seconds: 40 * each });
    const run = virtualRun(settingOf(budget, 96), { pace });
    expect(run.seconds).toBeLessThan(budget.seconds);
    expect(run.seconds).toBeGreaterThan(budget.seconds - 2 * pace * each - 10);
    expect(run.state.volume).toBeDefined();
    expect(run.state.cutOff).toBeUndefined();
  });

  it("goes on with more time from the map that is there, at the same shell, again and again", () => {
    const each = recipe.iterationSeconds(96, 1),
      under = (iterations: number) => settingOf(paper({ seconds: iterations * each }), 96);
    const first = virtualRun(under(20), { pace: 1 }),
      second = goOn(first.state, under(50), { pace: 1 }),
      third = goOn(second.state, under(90), { pace: 1 });
    for (const [run, iterations] of [
      [second, 30],
      [third, 40],
    ] as const) {
      expect(run.stages).toHaveLength(1);
      expect(run.stages[0]).toMatchObject({ maxRadius: 96, onward: true });
      expect(Math.abs(run.stages[0]!.iterations - iterations)).toBeLessThan(6);
      expect(run.state.finished).toBe(true);
    }
  });
});

describe("a run", () => {
  let folder: string, particles: string;
  const stages: Stage[] = [{ kind: "adversarial", maxRadius: boxSize / 2, iterations: 4 }];
  const start = async (name: string, more: object, signal?: AbortSignal, onEvent?: (event: RunEvent) => unknown) => {
    const events: RunEvent[] = [];
    const request = {
      particlesFile: particles,
      out: join(folder, name),
      recipe: "paper",
      maxShift: 0,
      stages,
    } as const;
    await reconstruct(
      nodeHost,
      { ...request, device: "cpu", threads: 1, ...more },
      (event) => {
        events.push(event);
        onEvent?.(event);
      },
      signal,
    );
    return events;
  };
  const map = (name: string): Promise<Buffer> => readFile(join(folder, name, "map.mrc"));
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryogan-paper-"));
    particles = await smallParticleSet(folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("stopped and resumed makes the same map, byte for byte, and density is not negative", async () => {
    const events = await start("whole", {});
    expect(events[0]).toMatchObject({ type: "start", method: "cryogan" });
    const scales = events.flatMap((event) => (event.type === "progress" ? [event.noiseScale] : []));
    expect(scales.at(-1)).toBeGreaterThan(0);
    expect(scales.at(-1)).not.toBe(1);
    const controller = new AbortController();
    const stopped = start("parts", {}, controller.signal, (event) => {
      if (event.type === "progress") setTimeout(() => controller.abort());
    });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    await start("parts", { resume: true });
    const whole = await map("whole");
    expect((await map("parts")).equals(whole)).toBe(true);
    const voxels = new Float32Array(whole.buffer.slice(whole.byteOffset + 1024, whole.byteOffset + whole.length));
    expect(voxels.reduce((least, v) => Math.min(least, v), Infinity)).toBeGreaterThan(
      -0.2 * voxels.reduce((most, v) => Math.max(most, v), 0),
    );
    const asked = JSON.parse((await readFile(join(folder, "whole", "config.json"))).toString()) as object;
    expect(asked).toMatchObject({ recipe: "paper", method: "cryogan" });
  });

  test("by the command line", async () => {
    const out = join(folder, "command"),
      ended = await cryogan(
        ...["reconstruct", particles, "--out", out, "--recipe", "paper", "--max-shift", "0"],
        ...["--stages", "adversarial 8:2"],
      );
    expect(ended.stderr).toContain("CryoGAN alone");
    expect(ended.code).toBe(0);
    const refused = await cryogan("reconstruct", particles, "--out", out, "--recipe", "paper", "--critic", "volume");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("--critic: cannot be combined with --recipe paper, which has its own");
  });
});

describe("what does not go with it is refused in one line", () => {
  const refusal = (more: Record<string, unknown>): string => {
    try {
      parseReconstructOptions({ particlesFile: "p.star", out: "o", recipe: "paper", ...more });
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  test.each([
    [{ critic: "convolutional" }, "--critic: cannot be combined with --recipe paper, which has its own"],
    [{ loss: "wgan-gp" }, "--loss: cannot be combined with --recipe paper, which has its own"],
    [{ method: "refined" }, "--method: cannot be refined with --recipe paper, which is CryoGAN alone"],
    [{ stages: "adversarial 16:5, refine 16:4" }, "--stages: must be adversarial stages alone with --recipe paper"],
    [{ recipe: "papers" }, "--recipe: expected one of paper"],
  ])("%j", (options, message) => {
    expect(refusal(options)).toContain(message);
    expect(refusal(options)).not.toContain("\n");
  });
  test.each([{}, { method: "cryogan" }, { stages: "adversarial 16:5" }, { timeLimit: "1h", halfMaps: true }])(
    "and %j is not",
    (options) => expect(refusal(options)).toBe(""),
  );
});
