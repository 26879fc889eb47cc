import { describe, expect, it } from "vitest";
import { comesAfterStarts, isJudging } from "../../../src/reconstruct/run/course.ts";
import type { LocalStage, Stage } from "../../../src/reconstruct/stage.ts";
import { budgetOf, type Outcome, settingOf, virtualRun } from "./virtualRun.ts";

const finest = 32;
const run = (
  seconds: number,
  share: number,
  more: { pace?: number; groupOrder?: number; limited?: boolean; agreement?: (starts: number) => number } = {},
) =>
  virtualRun(
    settingOf(
      budgetOf({ seconds, shiftSigma: 0, groupOrder: more.groupOrder ?? 24, count: 3000 }),
      finest,
      more.limited ? {} : { request: {} },
    ),
    { pace: more.pace ?? 1, share, agreement: more.agreement ?? (() => 0) },
  );
const finerOnes = (stages: readonly Stage[]) =>
  stages.filter((stage) => stage.kind === "adversarial" && stage.maxRadius > 8);
const finestOf = ({ stages }: Outcome) => stages.at(-1)!.maxRadius;

describe("starts at a finer shell", () => {
  it("are not made where the shape found explains the images", () => {
    const { stages, warnings } = run(600, 0.8);
    expect(finerOnes(stages)).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it("are made where it does not, and judged at one shell like what was found before", () => {
    const { stages, warnings, state } = run(600, 0.1);
    const from = stages.findIndex((stage) => stage.kind === "adversarial" && stage.maxRadius > 8) - 1,
      judging = stages.slice(from).filter(isJudging);
    expect(finerOnes(stages)).toHaveLength(8);
    expect(judging).toHaveLength(9);
    expect(new Set(judging.map(({ maxRadius }) => maxRadius)).size).toBe(1);
    expect(stages[from]).toEqual(judging[0]); // the map found at low resolution
    const numbers = stages.flatMap((stage) => (stage.kind === "adversarial" ? [stage.start] : []));
    expect(numbers).toEqual(numbers.map((_, i) => i)); // each with a random stream of its own
    expect(warnings.join()).toMatch(/explains 10 % of what the images show there: up to 8 further starts/);
    expect(state.starts).toBeUndefined();
    expect(stages.at(-1)!.maxRadius).toBe(finest);
  });

  it("end once the two likeliest came to one shape", () => {
    const { stages, warnings, state } = run(600, 0.1, { agreement: (starts) => (starts >= 3 ? 0.97 : 0.3) });
    expect(finerOnes(stages)).toHaveLength(2); // the third that is judged, with the coarse map
    expect(warnings).toHaveLength(1);
    expect(state.starts).toBeUndefined();
    expect(stages.at(-1)!.maxRadius).toBe(finest);
  });

  it("are followed by local refinement whose poses are searched for where the shape was found", () => {
    const { stages } = run(600, 0.1),
      judged = stages.findLast(isJudging)!.maxRadius,
      after = stages.slice(stages.findLastIndex(isJudging) + 1);
    expect(judged).toBeGreaterThan(16);
    expect(after.every((stage) => stage.kind === "local")).toBe(true);
    expect(after.every((stage) => (stage as LocalStage).searchRadius === judged)).toBe(true);
    expect(after[0]!.maxRadius).toBeGreaterThan(judged);
  });

  it("are judged by more particles without symmetry, and at a coarser shell where that takes too long", () => {
    const [octahedral, none] = [24, 1].map((groupOrder) => run(600, 0.1, { groupOrder }).stages.findLast(isJudging)!);
    expect(none!.particles).toBeGreaterThan(octahedral!.particles);
    expect(none!.maxRadius).toBeLessThanOrEqual(octahedral!.maxRadius);
    expect(none!.maxRadius).toBeGreaterThanOrEqual(16);
  });

  it("are not made in short runs, or where the images end before", () => {
    expect(finerOnes(run(100, 0.1).stages)).toEqual([]);
    const small = virtualRun(settingOf(budgetOf({ seconds: 600, shiftSigma: 0 }), 12, { request: {} }), {
      pace: 1,
      share: 0.1,
    });
    expect(finerOnes(small.stages)).toEqual([]);
  });

  it.each([0.5, 1, 2, 4, 8])("keep to the time limit at pace %d", (pace) => {
    for (const seconds of [300, 600]) {
      const outcome = run(seconds, 0.1, { pace, limited: true });
      expect(outcome.seconds).toBeLessThan(1.15 * seconds);
      expect(outcome.state.cutOff).toBeUndefined();
      expect(outcome.stages.some(comesAfterStarts)).toBe(true);
      if (pace <= 1) expect(finestOf(outcome)).toBe(finest);
    }
  });
});
