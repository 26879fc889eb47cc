import { describe, expect, it } from "vitest";
import { goodShells, markdownTable, secondsTo } from "../../bench/table.ts";

describe("how far a map is right", () => {
  it("ends before the first shell below 0.5, even if later ones are above", () => {
    expect(goodShells([0.99, 0.8, 0.5, 0.49, 0.9])).toBe(3);
    expect(goodShells([0.2, 0.9])).toBe(0);
    expect(goodShells([0.9, 0.7])).toBe(2);
  });

  it("ends where the correlation is no number", () => {
    expect(goodShells([0.9, NaN, 0.9])).toBe(1);
  });

  it("a shell is reached by the first map that is right that far or farther, whatever follows", () => {
    const progress = [
      { seconds: 3, shell: 6 },
      { seconds: 5, shell: 11 },
      { seconds: 9, shell: 4 },
    ];
    expect(secondsTo(6, progress)).toBe(3);
    expect(secondsTo(8, progress)).toBe(5);
    expect(secondsTo(12, progress)).toBeUndefined();
  });
});

it("the table has a row a program, with what was not reached and what was stopped said so", () => {
  const table = markdownTable(
    [
      {
        title: "ours",
        coarseMs: 12.94,
        fineMs: 135,
        progress: [
          { seconds: 2.04, shell: 8 },
          { seconds: 123.4, shell: 10 },
        ],
        totalSeconds: 130,
        stopped: false,
        peakBytes: 250e6,
      },
      { title: "other", coarseMs: 11_500, progress: [], totalSeconds: 1800, stopped: true, peakBytes: 23_288 * 1024 },
    ],
    [8, 10, 12],
    320,
  );
  expect(table.split("\n")).toEqual([
    "| program | iteration, first | iteration, last | FSC 0.5 at shell 8 (40.0 Å) | FSC 0.5 at " +
      "shell 10 (32.0 Å) | FSC 0.5 at shell 12 (26.7 Å) | finest shell | whole run | peak memory |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    "| ours | 12.9 ms | 135 ms | 2.0 s | 123 s | not reached | 10 | 130 s | 250 MB |",
    "| other | 11.5 s |  | not reached | not reached | not reached | 0 | 1800 s, stopped | 24 MB |",
  ]);
});
