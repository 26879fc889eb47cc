import { expect, test } from "vitest";
import { mapLevels } from "../../../src/charts/mapLevels.ts";
import { parseEvents } from "../../../src/reconstruct/folder/eventLines.ts";
import type { MapGrid } from "../../../src/web/page/map/grid.ts";
import { levelIn, motionIn, nameOfSelection, placeAt } from "../../../src/web/page/motion/series.ts";
import { toPlay } from "../../../src/web/page/motion/toPlay.ts";
import { hasMotion } from "../../../src/web/page/run/words.ts";
import { recordedFile } from "../recordedRun.ts";

test("a series is played to its end and back, over and over", () => {
  expect(Array.from({ length: 9 }, (_, step) => placeAt(step, 4))).toEqual([0, 1, 2, 3, 2, 1, 0, 1, 2]);
  expect([0, 1, 2].map((step) => placeAt(step, 1))).toEqual([0, 0, 0]);
});

test("there is a motion once a run with one has ended, and a tab for it from its first step on", () => {
  const events = parseEvents(recordedFile("hinge", "events.jsonl").toString());
  expect(motionIn(events)!.components[0]!.series.map(({ map }) => map)).toEqual(
    Array.from({ length: 7 }, (_, i) => `motion1_0${i + 1}.mrc`),
  );
  const first = events.findIndex((event) => event.type === "stage" && event.kind === "motion");
  expect(first).toBeGreaterThan(0);
  expect(hasMotion(events.slice(0, first))).toBe(false);
  expect(hasMotion(events.slice(0, first + 1))).toBe(true);
  expect(motionIn(events.slice(0, -1))).toBeUndefined();
  expect(hasMotion(parseEvents(recordedFile("molecules", "events.jsonl").toString()))).toBe(false);
});

/** A Gaussian about the middle of the box. */
function blob(n: number, pixelSizeAngstrom: number, widthAngstrom: number): MapGrid {
  const data = new Float32Array(n ** 3),
    r2 = (i: number) => ((i - Math.floor(n / 2)) * pixelSizeAngstrom) ** 2;
  for (let z = 0, i = 0; z < n; z++)
    for (let y = 0; y < n; y++)
      for (let x = 0; x < n; x++, i++) data[i] = Math.exp(-(r2(x) + r2(y) + r2(z)) / (2 * widthAngstrom ** 2));
  return { data, shape: [n, n, n], pixelSizeAngstrom, originAngstrom: [0, 0, 0], statistics: mapLevels(data) };
}

test("a large map is played on a coarser grid of the same field of view, a small one as it is", () => {
  const small = blob(32, 6, 20);
  expect(toPlay(small)).toBe(small);
  const played = toPlay(blob(200, 1, 20)),
    wanted = blob(66, 3, 20); // means of three by three by three
  expect(played.shape).toEqual([66, 66, 66]);
  expect(played.pixelSizeAngstrom).toBe(3);
  let off = 0;
  played.data.forEach((value, i) => {
    off = Math.max(off, Math.abs(value - wanted.data[i]!));
  });
  expect(off).toBeLessThan(0.01);
  expect(played.statistics.defaultLevelSigma).toBeCloseTo(wanted.statistics.defaultLevelSigma, 1);
});

test("one density is drawn of all maps of a series", () => {
  const of = (mean: number, sigma: number) => ({ statistics: { ...mapLevels([0, 1]), mean, sigma } });
  expect(levelIn(of(1, 2), 3, of(1, 2))).toBe(3);
  expect(levelIn(of(0, 4), 3, of(1, 2))).toBe(7 / 4);
  expect(levelIn(of(0, 0), 3, of(1, 2))).toBe(0);
});

test("a selection is named after its ranges", () => {
  const ranges = new Map([
    [0, { low: -0.5, high: 0.814 }],
    [2, { low: 1, high: 2 }],
  ]);
  expect(nameOfSelection(ranges)).toBe("motion1_-0.50_to_0.81_motion3_1.00_to_2.00.star");
});
