/** Runs on made-up machines of known pace, told by the same decisions as real ones. */
import { describe, expect, it } from "vitest";
import { deserialize, serialize } from "../../../src/io/serialize.ts";
import { convolutionalRecipe } from "../../../src/reconstruct/adversarial/recipes.ts";
import type { Checkpoint } from "../../../src/reconstruct/folder/checkpoint.ts";
import { iterationSeconds, readingSeconds, stageSeconds } from "../../../src/reconstruct/run/cost.ts";
import { afterStage, begin, nextStep } from "../../../src/reconstruct/run/next.ts";
import { affordableRadius, automaticSchedule, type Budget } from "../../../src/reconstruct/run/schedule.ts";
import type { Stage } from "../../../src/reconstruct/stage.ts";
import { budgetOf, goOn, type Machine, type Outcome, settingOf, virtualRun } from "./virtualRun.ts";

/** Data sets: what is worked on, and the finest shell that the data show. */
const sets: Record<string, [Partial<Budget>, number]> = {
  "ribosome, box 32": [{}, 16],
  "ribosome, centred": [{ shiftSigma: 0 }, 16],
  "paper's β-galactosidase, half": [{ count: 20_500, groupOrder: 4, readSeconds: 2e-8 * 192 ** 2 }, 96],
  "another critic": [{ start: convolutionalRecipe.start, shiftSigma: 0 }, 32],
};
const limits = [30, 60, 90, 150, 270, 540];
const cases = Object.entries(sets).flatMap(([name, [change, finest]]) =>
  limits.map((seconds) => ({ name, seconds, finest, budget: budgetOf({ ...change, seconds }) })),
);
const goalOf = ({ finest, budget }: { finest: number; budget: Budget }): number =>
  Math.min(finest, affordableRadius(budget));

const refining = (stages: readonly Stage[]): Stage[] =>
  stages.filter((stage) => stage.kind !== "adversarial" && !("endsStart" in stage));
const starts = (stages: readonly Stage[]): number =>
  Math.max(1, stages.filter((stage) => "endsStart" in stage && stage.endsStart).length);
const outlineAfterStarts = ({ stages }: Outcome): unknown[] =>
  refining(stages).map(({ kind, maxRadius }) => [kind, maxRadius]);
const finestOf = ({ stages }: Outcome): number => Math.max(0, ...refining(stages).map((stage) => stage.maxRadius));
const cost = (stages: readonly Stage[], budget: Budget): number =>
  stages.reduce((sum, stage) => sum + stageSeconds(stage, budget), 0);
/** All but how many of the planned passes were needed. */
const shape = (stages: readonly Stage[]): unknown[] =>
  stages.map((stage) => (stage.kind === "refinement" ? { ...stage, iterations: 0 } : stage));

describe.each(cases)("$name, $seconds s", (given) => {
  const { budget, finest } = given;
  const planned = automaticSchedule(goalOf(given), budget),
    fits = cost(planned, budget) < budget.seconds; // of another critic two starts may not

  it("at the pace of the estimate the schedule stands, with and without a limit", () => {
    for (const limited of fits ? [true, false] : [false]) {
      const run = virtualRun(settingOf(budget, finest, limited ? {} : { request: {} }), { pace: 1 });
      expect(shape(run.stages)).toEqual(shape(planned));
      expect(run.warnings).toEqual([]);
      if (fits) expect(run.seconds).toBeLessThanOrEqual(budget.seconds);
    }
  });

  it("without a limit it stands on any machine, so that the numbers do not depend on it", () => {
    for (const pace of [0.1, 10])
      expect(shape(virtualRun(settingOf(budget, finest, { request: {} }), { pace }).stages)).toEqual(shape(planned));
  });

  it.each([2, 3, 10])("%d times slower, it ends in time, refined, and with no time left for another stage", (pace) => {
    const run = virtualRun(settingOf(budget, finest), { pace, overheadSeconds: 0.2 * pace });
    // To read the images alone may take all the time; that of a first pass is known too late.
    const reading = pace * readingSeconds(budget);
    if (reading > 0.3 * budget.seconds) return expect(run.state.cutOff === undefined).toBe(finestOf(run) > 0);
    expect(run.state.cutOff).toBeUndefined();
    expect(finestOf(run)).toBeGreaterThanOrEqual(8);
    expect(run.seconds).toBeLessThan(1.1 * budget.seconds + 0.5 * pace);
    const reached = finestOf(run) === run.state.schedule.goal;
    if (!reached) expect(run.seconds).toBeGreaterThan(0.85 * budget.seconds);
    // The stages in the checkpoint and in config.json are those that were gone through.
    expect(shape(run.state.schedule.stages)).toEqual(shape(run.stages));
  });

  it("a slower machine makes no more starts and gets no finer, and says what is given up", () => {
    const runs = [1, 2, 3, 6, 10].map((pace) => virtualRun(settingOf(budget, finest), { pace }));
    for (const [i, run] of runs.entries()) {
      const before = runs[i - 1];
      if (before) expect(starts(run.stages)).toBeLessThanOrEqual(starts(before.stages));
      if (before && starts(run.stages) === starts(before.stages))
        expect(finestOf(run)).toBeLessThanOrEqual(finestOf(before));
      const fewer = starts(run.stages) < starts(planned),
        coarser = finestOf(run) < 0.9 * goalOf(given);
      if (fewer) expect(run.warnings.join()).toMatch(/to keep to the time limit.*: \d starts? instead of \d/);
      if (coarser && run.state.cutOff === undefined)
        expect(run.warnings.join()).toMatch(/to [\d.]+ Å instead of|time limit is reached|stopped by/);
      if (!fewer && finestOf(run) === goalOf(given) && run.stages[0]!.iterations === planned[0]!.iterations)
        expect(run.warnings).toEqual([]);
    }
  });

  it("a machine that becomes busy, or free, on the way", () => {
    const half = budget.seconds / 2;
    const busy = virtualRun(settingOf(budget, finest), { pace: (_, seconds) => (seconds < half ? 1 : 4) }),
      freed = virtualRun(settingOf(budget, finest), { pace: (_, seconds) => (seconds < half ? 4 : 1) });
    for (const run of [busy, freed]) {
      if (4 * readingSeconds(budget) > 0.3 * budget.seconds) continue;
      expect(run.state.cutOff).toBeUndefined();
      // a stage that had begun when the pace changed may run over, a pass at most
      const longest = Math.max(...refining(run.stages).map((stage) => 4 * iterationSeconds(stage, budget)));
      expect(run.seconds).toBeLessThan(1.1 * budget.seconds + longest);
    }
    expect(finestOf(freed)).toBeGreaterThanOrEqual(finestOf(virtualRun(settingOf(budget, finest), { pace: 4 })));
  });
});

describe("starts", () => {
  const centred = budgetOf({ shiftSigma: 0, seconds: 90 });

  it("are two in 90 s, one on a slower machine; where two differ, and there is the time, three", () => {
    const at = (pace: number, agreement = 0) =>
      virtualRun(settingOf(centred, 16), { pace, agreement: () => agreement }).stages;
    expect([1, 3, 1 / 3].map((pace) => starts(at(pace)))).toEqual([2, 1, 3]);
    expect(starts(at(1 / 3, 1))).toBe(2);
    // Each of several is judged by a refinement of its own; an only one is not.
    expect(at(3).some((stage) => "endsStart" in stage)).toBe(false);
    expect(
      at(1 / 3)
        .map(({ kind }) => kind[0])
        .join(""),
    ).toMatch(/^(ar){3}r/);
    expect(
      virtualRun(settingOf(budgetOf({ shiftSigma: 0, seconds: 30 }), 16), { pace: 0.3 })
        .stages.map(({ kind }) => kind[0])
        .join(""),
    ).toMatch(/^(ar){2}r/);
  });

  it("a third, where two differ, takes its time from what comes after it", () => {
    const budget = budgetOf({ seconds: 240 }),
      run = (agreement: number, limited: boolean) =>
        virtualRun(settingOf(budget, 32, limited ? {} : { request: {} }), { pace: 1, agreement: () => agreement });
    for (const limited of [true, false]) {
      const [same, other] = [run(1, limited), run(0, limited)];
      expect([same, other].map(({ stages }) => starts(stages))).toEqual([2, 3]);
      expect(other.stages.flatMap((stage) => (stage.kind === "adversarial" ? [stage.start] : []))).toEqual([0, 1, 2]);
      expect(other.state.starts).toBeUndefined(); // one of the three is gone on with
      if (limited) expect(finestOf(other)).toBeLessThanOrEqual(finestOf(same));
      else expect(outlineAfterStarts(other)).toEqual(outlineAfterStarts(same));
      if (limited) expect(other.seconds).toBeLessThan(1.1 * budget.seconds);
    }
  });

  it("a third is not made of the user's own stages, after a given start, or where classes cannot be compared", () => {
    const differ = { pace: 1, agreement: () => 0 },
      made = (change: Partial<Budget>) =>
        virtualRun(settingOf(budgetOf({ seconds: 240, ...change }), 16, { request: {} }), differ).stages;
    expect(made({ given: 11 }).some((stage) => stage.kind === "adversarial")).toBe(false);
    expect(starts(made({ severalClasses: true, seconds: 100 }))).toBe(2);
    const own: Stage[] = [
      { kind: "adversarial", maxRadius: 8, iterations: 50 },
      { kind: "refinement", maxRadius: 8, iterations: 4, particles: 20_000 },
    ];
    const run = virtualRun(settingOf(budgetOf({ seconds: 240 }), 16, { stages: own, request: {} }), differ);
    expect(run.stages).toHaveLength(2);
  });

  it("a single slow one is cut short, so that half of the time is left to refine", () => {
    const tight = budgetOf({ shiftSigma: 0, seconds: 30 }),
      { stages, state, seconds } = virtualRun(settingOf(tight, 16), { pace: 10 });
    const start = 10 * stageSeconds(stages[0]!, tight);
    expect(stages[0]!.iterations).toBeLessThan(100);
    expect(start).toBeGreaterThan(0.3 * tight.seconds);
    expect(start).toBeLessThan(0.6 * tight.seconds);
    expect(state.cutOff).toBeUndefined();
    expect(seconds).toBeLessThan(1.1 * tight.seconds);
  });

  it("one that has become slow is cut short on the way, and the next ones are left out", () => {
    const { stages, warnings } = virtualRun(settingOf(budgetOf({ shiftSigma: 0, seconds: 90 }), 16), {
      pace: (_, seconds) => (seconds < 4 ? 1 : 20),
    });
    expect(starts(stages)).toBe(1);
    expect(stages[0]!.iterations).toBeLessThan(500);
    expect(refining(stages).length).toBeGreaterThan(0);
    expect(warnings.join()).toContain("1 start instead of 2");
  });
});

describe("a run cut off", () => {
  const budget = budgetOf({ seconds: 30, readSeconds: 1e-3 }); // 20 s to read

  it("before refinement says so, and keeps what it has", () => {
    const { state, stages } = virtualRun(settingOf(budget, 16), { pace: 2 });
    expect(stages.map(({ kind }) => kind)).toEqual(["adversarial"]);
    expect(state.finished).toBe(true);
    expect(state.volume).toBeDefined();
    expect(state.cutOff).toBe(
      "stopped by the time limit before refinement: the map is what the adversarial start left, at 40.6 Å",
    );
    expect(nextStep(state, { boxSize: 0, loaded: 0 })).toEqual({ kind: "end" });
  });

  it("later does not", () => {
    const { state, warnings } = virtualRun(settingOf(budgetOf({ seconds: 60 }), 16), { pace: 3 });
    expect(state.cutOff).toBeUndefined();
    expect(warnings.at(-1)).toMatch(/^the time limit is reached before 20.3 Å; the map stands/);
  });
});

describe("a stage that no longer fits", () => {
  const budget = budgetOf({ count: 40_000, groupOrder: 4, shiftSigma: 0.025, seconds: 540 }),
    goal = 60;
  /** After the stage to shell 24 so many seconds are left. */
  const left = (secondsLeft: number) => {
    const stages = automaticSchedule(goal, budget),
      index = stages.findIndex((stage) => stage.kind === "local" && stage.maxRadius > 20);
    const unread = begin(2 * goal, {}, { latest: 1 }),
      before: Checkpoint = {
        ...unread,
        schedule: { ...unread.schedule, stages, goal },
        stage: index,
        weighed: true,
      };
    const data = new Float32Array(0),
      result = { volume: { n: 2 * stages[index]!.maxRadius, data, unmasked: data }, logLikelihood: 1 };
    const { state } = afterStage(
      before,
      result,
      { share: () => 1, agreement: () => 0 },
      {
        setting: settingOf(budget, goal),
        secondsLeft,
        loaded: goal,
      },
    );
    return { done: stages[index]!.maxRadius, coming: state.schedule.stages.slice(index + 1), seconds: secondsLeft };
  };

  it("is replaced by what fits: coarser, with fewer passes, with fewer particles, as time runs out", () => {
    const all = left(Infinity);
    expect(all.coming.at(-1)!.maxRadius).toBe(goal);
    let last = goal;
    for (let seconds = cost(all.coming, budget); seconds > 1; seconds /= 1.3) {
      const { coming, done } = left(seconds);
      expect(cost(coming, budget)).toBeLessThanOrEqual(seconds);
      const finest = coming.at(-1)?.maxRadius ?? done;
      expect(finest).toBeLessThanOrEqual(last);
      last = finest;
      if (coming.length > 0) continue;
      // Nothing is left out while half of the particles fit once into the next shell.
      const smallest: Stage = { kind: "local", maxRadius: done + 1, iterations: 1, particles: 20_000 };
      expect(stageSeconds(smallest, budget)).toBeGreaterThan(seconds);
    }
    expect(last).toBe(left(1).done);
  });

  it("one stage alone has fewer passes before it is coarser, and half of the particles at least", () => {
    const finer = left(Infinity).coming[0]!;
    const shorter = left(1.05 * stageSeconds({ ...finer, iterations: 1 }, budget)).coming;
    expect(shorter).toMatchObject([{ kind: "local", iterations: 1, particles: 40_000 }]);
    expect(shorter[0]!.maxRadius).toBeGreaterThanOrEqual(finer.maxRadius);
    const { done } = left(1);
    const next = { kind: "local", maxRadius: done + 1, iterations: 1, particles: 40_000 } as const;
    const fewer = left(0.8 * stageSeconds(next, budget)).coming[0] as typeof next;
    expect(fewer.particles).toBeLessThan(40_000);
    expect(fewer.particles).toBeGreaterThanOrEqual(20_000);
  });
});

describe("going on", () => {
  it("what was decided stands in the checkpoint: the same steps follow, whatever the time then", () => {
    const budget = budgetOf({ seconds: 150 }),
      setting = settingOf(budget, 16),
      machine: Machine = { pace: 3 };
    const { state, stages } = virtualRun(setting, machine);
    // Stopped before the last stage: that stage stands as it was fitted to the time, though none is left.
    const index = stages.length - 1;
    const before = deserialize(
      serialize({ ...state, stage: index, finished: false, placed: false, elapsedSeconds: 1e6 }),
    ) as Checkpoint;
    expect(nextStep(before, { boxSize: before.schedule.workingBox, loaded: 16 })).toMatchObject({
      stage: state.schedule.stages[index],
    });
    const resumed = goOn(before, setting, machine);
    expect(resumed.stages[0]).toMatchObject({ kind: stages[index]!.kind, maxRadius: stages[index]!.maxRadius });
  });

  it("the user's own stages are cut one by one, and never replaced by others", () => {
    const stages: Stage[] = [
      { kind: "adversarial", maxRadius: 8, iterations: 500 },
      { kind: "refinement", maxRadius: 8, iterations: 4, particles: 20_000 },
      { kind: "local", maxRadius: 30, iterations: 5, particles: 20_000 },
    ];
    const run = virtualRun(settingOf(budgetOf({ seconds: 60 }), 30, { stages }), { pace: 2 });
    expect(run.stages.map((stage) => stage.maxRadius)).toEqual([8, 8, 30]);
    expect(run.stages[0]!.iterations).toBe(500);
    expect(run.stages[2]!.iterations).toBeLessThan(5);
  });

  it("where poses stay uncertain all are tried instead, within the time", () => {
    const run = virtualRun(settingOf(budgetOf({ seconds: 60 }), 16), { pace: 2, certainty: 0.3, passes: 100 });
    expect(run.stages.every((stage) => stage.kind !== "local")).toBe(true);
    expect(run.seconds).toBeLessThan(70);
  });
});
