import { expect, test } from "vitest";
import { compareOptions } from "../../src/charts/optionRows.ts";

test("of two runs the options that differ are told from those that are alike", () => {
  const first = { symmetry: "C1", seed: 1, mask: null, used: { stages: [{ kind: "refine", box: 16 }], particles: 9 } },
    second = { seed: 2, symmetry: "C1", halfMaps: true, used: { stages: [{ kind: "refine", box: 16 }, "more"] } };
  expect(compareOptions(first, second)).toEqual({
    differ: [
      { name: "seed", values: ["1", "2"] },
      { name: "mask", values: ["null", undefined] },
      { name: "used.particles", values: ["9", undefined] },
      { name: "halfMaps", values: [undefined, "true"] },
      { name: "used.stages 2", values: [undefined, "more"] },
    ],
    alike: [
      { name: "symmetry", values: ["C1", "C1"] },
      { name: "used.stages 1", values: ["kind refine, box 16", "kind refine, box 16"] },
    ],
  });
  expect(compareOptions(first, first).differ).toEqual([]);
});
