import { expect, test } from "vitest";
import type { Checkpoint } from "../../../src/reconstruct/folder/checkpoint.ts";
import { afterStage, begin } from "../../../src/reconstruct/run/next.ts";
import type { Stage } from "../../../src/reconstruct/stage.ts";
import { budgetOf, settingOf } from "./virtualRun.ts";

const adversarial: Stage = { kind: "adversarial", maxRadius: 8, iterations: 10 };
const refinement: Stage = { kind: "refinement", maxRadius: 8, iterations: 4, particles: 1000 };
const starts: Stage[] = [0, 1].flatMap((start) => [
  { ...adversarial, start },
  { ...refinement, endsStart: true },
]);
const circumstances = { setting: settingOf(budgetOf(), 16, { request: {} }), loaded: 16 };

/** A run through its stages; those of refinement find the weights and log-likelihoods given. */
function through(stages: Stage[], found: [number, number][]): (Float32Array | undefined)[] {
  let state: Checkpoint = begin(32, {}, {});
  state = { ...state, schedule: { ...state.schedule, stages } };
  const results = [...found];
  return stages.map((stage) => {
    const data = Float32Array.of(stage.maxRadius),
      [weight, logLikelihood] = stage.kind === "adversarial" ? [] : results.shift()!;
    ({ state } = afterStage(
      state,
      {
        volume: { n: 16, data, unmasked: data },
        logLikelihood,
        ...(weight === undefined ? {} : { viewWeights: Float32Array.of(weight) }),
        ...(stage.kind === "adversarial" ? {} : { shifts: Float32Array.of(0, 0) }),
      },
      { share: () => 1, agreement: () => 0 },
      circumstances,
    ));
    return state.viewWeights;
  });
}

test("the distribution of views goes on from stage to stage, and a new start knows nothing of it", () => {
  const after = through(
    [adversarial, refinement, { ...refinement, maxRadius: 11 }, adversarial],
    [
      [0.1, 1],
      [0.2, 2],
    ],
  );
  expect(after.map((weights) => weights?.[0])).toEqual([undefined, Math.fround(0.1), Math.fround(0.2), undefined]);
});

test.each([
  [[1, 2], 0.2],
  [[2, 1], 0.1],
])("of starts with log-likelihoods %j the chosen one's own is gone on with", (likelihoods, expected) => {
  const [first, second] = likelihoods as [number, number];
  const after = through(
    [...starts, { ...refinement, maxRadius: 11 }],
    [
      [0.1, first],
      [0.2, second],
      [0.3, 3],
    ],
  );
  expect(after[2]).toBeUndefined();
  expect(after[3]![0]).toBe(Math.fround(expected));
});
