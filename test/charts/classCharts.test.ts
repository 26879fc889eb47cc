import { expect, test } from "vitest";
import { agreementChart, classesText, sharesCharts } from "../../src/charts/classCharts.ts";
import { runCurves } from "../../src/charts/curves.ts";
import type { RunEvent } from "../../src/reconstruct/folder/events.ts";

const time = "2026-01-01T00:00:00Z";
const pass = (stage: number, iteration: number, shares?: number[], half?: 1 | 2): RunEvent => ({
  type: "progress",
  time,
  stage,
  iteration,
  iterations: 3,
  elapsedSeconds: 1,
  remainingSeconds: 1,
  ...(shares ? { shares, logLikelihood: 1 } : {}),
  ...(half ? { half } : {}),
});

test("the course of the shares goes through all stages; what a resumed run repeats replaces what was there", () => {
  const events = [
    pass(2, 1, [0.5, 0.4, 0.1]),
    pass(2, 1.5),
    pass(2, 2, [0.9, 0.05, 0.05]),
    pass(2, 2, [0.6, 0.3, 0.1]), // after a resume
    pass(3, 1, [0.7, 0.2, 0.1]),
  ];
  const [chart, ...others] = sharesCharts(runCurves(events), true);
  expect(others).toEqual([]);
  expect(chart!.lines.map(({ label, x, y }) => ({ label, x, y }))).toEqual([
    { label: "class 1", x: [1, 2, 3], y: [0.5, 0.6, 0.7] },
    { label: "class 2", x: [1, 2, 3], y: [0.4, 0.3, 0.2] },
    { label: "junk", x: [1, 2, 3], y: [0.1, 0.1, 0.1] },
  ]);
  expect(chart!.marks!.map(({ x }) => x)).toEqual([0, 2]);
});

test("halves have a chart each; a run of one class has none", () => {
  const halves = ([1, 2] as const).map((half) => pass(2, 1, [0.5, 0.5], half));
  expect(sharesCharts(runCurves(halves), false).map(({ title }) => title)).toEqual([
    "Shares of the classes, half 1",
    "Shares of the classes, half 2",
  ]);
  expect(sharesCharts(runCurves([pass(2, 1)]), false)).toEqual([]);
});

test("sixteen classes are drawn in sixteen ways", () => {
  const [chart] = sharesCharts(runCurves([pass(2, 1, new Array<number>(16).fill(1 / 16))]), false);
  expect(new Set(chart!.lines.map(({ color, dash }) => JSON.stringify([color, dash]))).size).toBe(16);
});

test("the correlation of classes is drawn by resolution, junk left out", () => {
  const shown = { share: 0.5, projections: [], particles: [] };
  const chart = agreementChart({
    boxSize: 8,
    boxAngstrom: 100,
    classes: [
      { ...shown, number: 1, agreement: [1, 0.9] },
      { ...shown, number: 2, junk: true },
    ],
  });
  expect(chart!.lines).toMatchObject([{ label: "class 1", x: [0.01, 0.02], y: [1, 0.9] }]);
  expect(agreementChart({ boxSize: 8, boxAngstrom: 100, classes: [{ ...shown, number: 1 }] })).toBeUndefined();
});

test.each([
  [{}, undefined],
  [{ classes: 3 }, "3 classes"],
  [{ classes: 2, junkClass: true as const }, "2 classes and junk"],
  [{ junkClass: true as const }, "one class and junk"],
])("%j in words", (start, words) => {
  expect(classesText(start)).toBe(words);
});
