import { expect, test } from "vitest";
import type { Checkpoint } from "../../../src/reconstruct/folder/checkpoint.ts";
import { afterReading, afterStage, begin } from "../../../src/reconstruct/run/next.ts";
import { firstBox } from "../../../src/reconstruct/run/setting.ts";
import { budgetOf, settingOf } from "./virtualRun.ts";

const shells = 32,
  count = 20_000,
  // As a run with two classes of no symmetry has it.
  setting = settingOf(budgetOf({ seconds: 600, count, groupOrder: 1 / 2, severalClasses: true }), shells, {
    request: {},
  });
/** All particles together show shell 20 with a third of the noise or a little more, half of them 18, 0.8 of them 19. */
const spectra = {
  noise: new Float64Array(shells + 1).fill(1),
  signal: Float64Array.from({ length: shells + 1 }, (_, k) => ((1.01 * 4 * k) / count / 3) * 2 ** ((20 - k) / 2)),
};

/** After the last stage of refinement over all poses, from the shares that it ends with. */
function afterParting(shares: number[], change: (state: Checkpoint) => Checkpoint = (state) => state): Checkpoint {
  const first = afterReading(begin(firstBox(setting), {}, {}), spectra, { setting, loaded: 0 }).state,
    { stages } = first.schedule,
    stage = stages.findIndex(({ kind }) => kind === "local") - 1;
  const n = 2 * stages[stage]!.maxRadius,
    data = new Float32Array(2 * n ** 3),
    volume = { n, data, unmasked: data };
  return afterStage(
    change({ ...first, stage }),
    { volume, shares: Float32Array.from(shares), logLikelihood: 1 },
    { share: () => 1, agreement: () => 1 },
    { setting, loaded: 32 },
  ).state;
}
const finestOf = ({ schedule: { goal, stages } }: Checkpoint) => [goal, stages.at(-1)!.maxRadius];

test("classes of equal shares end where a part of the particles as large as theirs does", () => {
  expect(finestOf(afterParting([0.5, 0.5]))).toEqual([19, 19]);
});

test("where one has most of the particles stages go on to what it shows", () => {
  const state = afterParting([0.2, 0.8]);
  expect(finestOf(state)).toEqual([20, 20]);
  expect(state.schedule.stages[state.stage]!.kind).toBe("local");
  expect(finestOf(afterParting([1, 0]))).toEqual([21, 21]);
});

test("the share of junk is no class's", () => {
  expect(finestOf(afterParting([0.1, 0.1, 0.8]))).toEqual([19, 19]);
});

test("a goal that was given up for want of time is not taken up again", () => {
  const state = afterParting([0.2, 0.8], (before) => ({ ...before, schedule: { ...before.schedule, goal: 17 } }));
  expect(state.schedule.goal).toBe(17);
});
