import { expect, test } from "vitest";
import { spearman } from "../../bench/classes/motion.ts";
import { scoreClasses } from "../../bench/classes/score.ts";
import { type ClassesRun, summary, tableRow } from "../../bench/classes/table.ts";

test("each structure is matched with one class, and what is elsewhere is wrong", () => {
  const truth = [1, 1, 1, 1, 2, 2, 2, 3, 3],
    classes = [2, 2, 2, 1, 1, 1, 2, 2, 2];
  expect(scoreClasses(truth, classes)).toEqual({ right: 5 / 9, classOf: [2, 1, 0] });
});

test("kinds of junk are one", () => {
  expect(scoreClasses([1, 1, 2, 3, 4], [1, 1, 2, 2, 1], 2)).toEqual({ right: 4 / 5, classOf: [1, 2] });
});

const run = (name: string, seed: number, right: number, more: Partial<ClassesRun> = {}): ClassesRun => ({
  case: name,
  what: "a mixture",
  seed,
  time: "2026-01-01T00:00:00Z",
  arguments: [],
  verdict: { kind: "found", resolutionAngstrom: 10, reason: "It is there." },
  wallSeconds: 61,
  peakMemoryMiB: 500,
  particles: 100,
  right,
  shares: [0.6, 0.4],
  shells: [20, 19],
  finestShell: 22,
  ...more,
});

test("a case comes to the median and the worst of its seeds, and how many fall short", () => {
  const runs = [
    ...[1, 0.98, 0.995].map((right, i) => run("mixture", i + 1, right)),
    run("junk", 1, 0.97, { junkFound: 1, lost: 0.03 }),
    run("junk", 2, 0.99, { junkFound: 0.96, lost: 0.01 }),
    run("one", 1, 0.5),
  ];
  expect(summary(runs)).toBe(
    "mixture: right, median 99.50 %, worst 98.00 %; failures 1 of 3\n" +
      "junk: right, median 98.00 %, worst 97.00 %; failures 1 of 2\n" +
      "one: right, median 50.00 %, worst 50.00 %",
  );
  expect(tableRow(runs[3]!)).toContain("| 97.00 % | 100.00 % | 3.00 % | 0.600, 0.400 | 20, 19 | 22 |");
});

test("rank correlation: of any rising course 1, of a falling one -1, with equal values at their mean rank", () => {
  const values = [3, -1, 8, 0.5, 2];
  expect(
    spearman(
      values,
      values.map((v) => v ** 3),
    ),
  ).toBeCloseTo(1, 12);
  expect(
    spearman(
      values,
      values.map((v) => -Math.exp(v)),
    ),
  ).toBeCloseTo(-1, 12);
  // Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: Pearson's correlation of these.
  expect(spearman([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
});
