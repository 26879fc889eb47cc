import { expect, test } from "vitest";
import { formatDuration, formatHistogram, formatNumber, formatTable, histogram } from "../../src/base/format.ts";

test.each([
  [0, "0:00"],
  [59.9, "0:59"],
  [75.2, "1:15"],
  [3675, "1:01:15"],
  [-3, "0:00"],
])("%d s is %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test.each([
  [0.6934718, "0.693"],
  [8, "8"],
  [12345.6, "12346"],
  [-0.05, "-0.05"],
  [0, "0"],
  [0.00012345, "1.23e-4"],
  [2.5e9, "2.50e+9"],
  [NaN, "NaN"],
])("%d is %s", (x, text) => {
  expect(formatNumber(x)).toBe(text);
});

test("columns are aligned", () => {
  expect(
    formatTable([
      ["a", "1"],
      ["long", "2"],
    ]),
  ).toBe("a     1\nlong  2");
});

test("the highest value belongs to the last bin", () => {
  expect(histogram([0, 1, 2, 3, 4], 2)).toEqual({ edges: [0, 2, 4], counts: [2, 3] });
  expect(histogram([7, 7, 7])).toEqual({ edges: [7, 7], counts: [3] });
});

test("bars are proportional to counts", () => {
  const [first, second] = formatHistogram({ edges: [0, 1, 2], counts: [2, 8] }).split("\n");
  expect([first, second].map((line) => line!.match(/█*/g)!.join("").length)).toEqual([10, 40]);
});
