/** How far a run is, as the page tells it at each event of a real run of two halves, against what came after. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseEvents } from "../../../src/reconstruct/folder/eventLines.ts";
import { runProgress } from "../../../src/web/page/run/progress.ts";

const events = parseEvents(readFileSync(new URL("../../data/two-halves/events.jsonl", import.meta.url), "utf8"));
const secondsAt = (i: number): number => (Date.parse(events[i]!.time) - Date.parse(events[0]!.time)) / 1000;
const total = secondsAt(events.length - 1);
/** What the page shows when so many events have come. */
const shown = events.flatMap((event, i) =>
  event.type === "progress" ? [{ ...runProgress(events.slice(0, i + 1)), i, half: event.half }] : [],
);

test("the recording is of two halves, from beginning to end", () => {
  expect(events.filter(({ type }) => type === "start")).toHaveLength(2);
  expect(events.at(-1)!.type).toBe("finished");
  expect(shown.length).toBeGreaterThan(30);
});

test("the time taken is that by the clock, of both halves", () => {
  for (const { elapsedSeconds, i } of shown) expect(Math.abs(elapsedSeconds! - secondsAt(i))).toBeLessThan(1);
});

test("the share done is that of the time, and the time left what is left; neither counts a half twice", () => {
  for (const { fraction, remainingSeconds, i } of shown) {
    expect(Math.abs(fraction - secondsAt(i) / total)).toBeLessThan(0.2);
    if (secondsAt(i) > 0.1 * total) {
      expect(remainingSeconds! / (total - secondsAt(i))).toBeGreaterThan(0.3);
      expect(remainingSeconds! / (total - secondsAt(i))).toBeLessThan(2);
    }
  }
});

test("halfway is where the second half begins, and the share never falls much", () => {
  const first = shown.filter(({ half }) => half === 1),
    second = shown.filter(({ half }) => half === 2);
  expect(first.at(-1)!.fraction).toBeGreaterThan(0.3);
  expect(first.at(-1)!.fraction).toBeLessThan(0.55);
  expect(second[0]!.fraction).toBeGreaterThan(0.4);
  let most = 0;
  for (const { fraction } of shown) {
    expect(fraction).toBeGreaterThan(most - 0.1);
    most = Math.max(most, fraction);
  }
});

test("at the end the time is all of it, the joining of the halves included", () => {
  const end = runProgress(events),
    last = shown.at(-1)!;
  expect(end).toMatchObject({ fraction: 1, remainingSeconds: 0 });
  expect(Math.abs(end.elapsedSeconds! - total)).toBeLessThan(1);
  expect(end.elapsedSeconds!).toBeGreaterThan(last.elapsedSeconds! + 1);
  expect(last.remainingSeconds!).toBeGreaterThan(1); // told while the last stage still worked
});
