/** Charts over two runs: each line says of which run it is, and what it compares. */
import { expect, test } from "vitest";
import { runCurves } from "../../../src/charts/curves.ts";
import type { FscResult } from "../../../src/evaluate/fsc.ts";
import {
  type Compared,
  compareCriticLoss,
  compareFsc,
  compareFscText,
  compareLikelihood,
} from "../../../src/web/page/charts/compare.ts";
import { syntheticEvents } from "../syntheticRun.ts";

const fsc = { frequency: [0.1, 0.2], fsc: [1, 0], fscCorrected: [1, 0.5], resolutionCurve: "fscCorrected" },
  whole: Compared = { name: "whole", curves: runCurves(syntheticEvents()) },
  halves: Compared = {
    name: "halves",
    fsc: fsc as FscResult,
    comparison: "halfMaps",
    curves: runCurves([...syntheticEvents(1), ...syntheticEvents(2)]),
  },
  evaluated: Compared = {
    ...whole,
    fsc: { ...fsc, resolutionCurve: "fsc" } as FscResult,
    comparison: "reference",
  };

test("a curve of a map and its reference is told from one of half-maps", () => {
  expect(compareFsc([evaluated, halves]).lines.map(({ label, y, color }) => [label, y, color])).toEqual([
    ["whole: map and reference, unmasked", [1, 0], "blue"],
    ["halves: half-maps, corrected", [1, 0.5], "orange"],
  ]);
  expect(compareFscText([evaluated, halves])).toMatch(
    /^The curves do not tell the same: whole: map and reference; halves: half-maps\. /,
  );
  expect(compareFscText([halves, { ...halves, name: "again" }])).toBeUndefined();
  expect(compareFscText([whole, halves])).toBe("whole has none.");
  const unknown = { ...halves, name: "old", comparison: undefined };
  expect(compareFsc([halves, unknown]).lines[1]!.label).toBe("old: not known of what, corrected");
  expect(compareFscText([halves, unknown])).toMatch(/halves: half-maps; old: not known of what\./);
  expect(compareFscText([unknown, { ...unknown, name: "older" }])).toMatch(/^The curves do not tell the same/);
});

test("courses are named by run and half", () => {
  for (const chart of [compareLikelihood([whole, halves]), compareCriticLoss([whole, halves])]) {
    expect(chart.lines.map(({ label, color }) => [label, color])).toEqual([
      ["whole", "blue"],
      ["halves, half 1", "orange"],
      ["halves, half 2", "orange"],
    ]);
    expect(new Set(chart.lines.map(({ dash }) => String(dash))).size).toBe(3);
    for (const { x, y } of chart.lines) expect(x.length).toBe(y.length);
  }
});
