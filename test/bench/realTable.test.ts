import { expect, test } from "vitest";
import { isVerdictRight, type RealRun, summary, tableHead, tableRow } from "../../bench/realTable.ts";
import type { VerdictKind } from "../../src/reconstruct/verdict/verdict.ts";

const run = (meanFsc: number, kind?: VerdictKind, more: Partial<RealRun> = {}): RealRun => ({
  case: "defaults",
  start: "none",
  seed: 3,
  meanFsc,
  at05: { angstrom: 7.512, orBetter: false },
  at0143: { angstrom: 6.1, orBetter: true },
  seconds: 238,
  ...(kind ? { verdict: { kind, resolutionAngstrom: 8, reason: "Because." } } : {}),
  ...more,
});

test("a row tells start, agreement, time and verdict under the heads of the table", () => {
  const cells = (line: string): string[] => line.split(" | ").map((cell) => cell.replaceAll("|", "").trim());
  const heads = cells(tableHead.split("\n")[0]!),
    of = (row: RealRun) => Object.fromEntries(cells(tableRow(row)).map((cell, i) => [heads[i], cell]));
  expect(of(run(0.774, "found"))).toMatchObject({
    start: "none",
    seed: "3",
    "mean FSC": "0.77",
    "FSC 0.5": "7.51 Å",
    "FSC 0.143": "6.1 Å or better",
    "halves, FSC 0.143": "",
    time: "3:58",
    verdict: "structure found to 8 Å",
  });
  const relion = of(
    run(0.4, undefined, {
      at05: { angstrom: null, orBetter: false },
      halves0143: { angstrom: 12, orBetter: false },
    }),
  );
  expect(relion).toMatchObject({ "FSC 0.5": "none", "halves, FSC 0.143": "12 Å", verdict: "none is given" });
});

test("a verdict is right where it finds a right map and no wrong one", () => {
  const rights = (["found", "uncertain", "notFound"] as const).map((kind) => [
    isVerdictRight(run(0.77, kind)),
    isVerdictRight(run(0.14, kind)),
  ]);
  expect(rights).toEqual([
    [true, false],
    [false, true],
    [false, true],
  ]);
});

test("the summary counts good maps and right verdicts of each case", () => {
  const runs = [run(0.8, "found"), run(0.14, "found"), run(0.72, "found", { seconds: 600 })],
    other = run(0.4, undefined, { case: "RELION 3.1 auto-refine" });
  expect(summary([...runs, other]).split("\n")).toEqual([
    "defaults: mean FSC at least 0.7 in 2 of 3 (median 0.72, worst 0.14), longest 10:00, verdict right in 2 of 3",
    "RELION 3.1 auto-refine: mean FSC at least 0.7 in 0 of 1 (median 0.40, worst 0.40), longest 3:58",
  ]);
});
