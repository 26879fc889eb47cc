import { expect, test } from "vitest";
import { runCurves } from "../../src/charts/curves.ts";
import { adversarialCharts } from "../../src/charts/runCharts.ts";
import type { RunEvent } from "../../src/reconstruct/folder/events.ts";
import { recordedFile } from "../web/recordedRun.ts";

const titles = (run: Parameters<typeof recordedFile>[0]): string[] => {
  const lines = recordedFile(run, "events.jsonl").toString().trim().split("\n"),
    events = lines.map((line) => JSON.parse(line) as RunEvent);
  return adversarialCharts(runCurves(events)).map(({ title }) => title);
};

test("a critic of free templates has a penalty, which is drawn; one of two volumes has none", () => {
  expect(titles("molecules")).toContain("Gradient penalty");
  expect(titles("hinge")).toEqual(["Loss", "Mean output of the critic", "Signal amplitude relative to the data's"]);
});
