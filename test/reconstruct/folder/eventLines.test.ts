import { expect, test } from "vitest";
import { isPassing, parseEvents, thinEvents } from "../../../src/reconstruct/folder/eventLines.ts";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + 1000 * seconds).toISOString();
const stage = (seconds: number, number: number): RunEvent => ({
  type: "stage",
  time: at(seconds),
  stage: number,
  stages: 3,
  kind: "refinement",
  boxSize: 32,
  resolutionAngstrom: 10,
  iterations: 100_000,
});
const progress = (seconds: number, number: number, iteration: number, more: object = {}): RunEvent => ({
  type: "progress",
  time: at(seconds),
  stage: number,
  iteration,
  iterations: 100_000,
  elapsedSeconds: seconds,
  remainingSeconds: 1,
  ...more,
});
const thin = (events: RunEvent[], limit: number) => thinEvents(events, (event) => event, limit);

test("a spoilt line is left out, and no other", () => {
  const events = [stage(0, 1), progress(1, 1, 1), progress(2, 1, 2), progress(3, 1, 3)];
  const lines = events.map((event) => JSON.stringify(event));
  for (const spoilt of ["", "{", '{"type":"progr', "null", "3", '"x"', "[]", '{"type":1}', '{"type":"stage"}', "\0\0"])
    expect(parseEvents([...lines.slice(0, 2), spoilt, ...lines.slice(2), ""].join("\n"))).toEqual(events);
  expect(parseEvents(`${lines.join("\n")}\n{"type":"stopped","time":"x"}`)).toEqual(events); // no line feed yet
  expect(parseEvents("")).toEqual([]);
  expect(parseEvents("{}")).toEqual([]);
});

test("a day of progress is thinned all along its time, however it was thinned before; what matters stays", () => {
  const limit = 500;
  let events: RunEvent[] = [stage(0, 1), progress(0.5, 1, 1)];
  let most = 0;
  for (let second = 1; second <= 86_400; second++) {
    if (second % 20_000 === 0) events.push(progress(second, 1, second, { logLikelihood: second }));
    else events.push(progress(second, 1, second + 1));
    if (events.length >= 2 * limit) events = thin(events, limit);
    most = Math.max(most, events.length);
  }
  events = thin(events, limit);
  expect(most).toBeLessThanOrEqual(2 * limit);
  const passing = events.filter(isPassing);
  expect(passing.length).toBeLessThanOrEqual(limit);
  expect(events.filter((event) => !isPassing(event))).toEqual([
    stage(0, 1),
    ...[20_000, 40_000, 60_000, 80_000].map((second) => progress(second, 1, second, { logLikelihood: second })),
  ]);
  expect(passing.at(-1)).toEqual(progress(86_400, 1, 86_401));
  // Each tenth of the day keeps its share, or half of it: what is left of old events is no multiple of the new step.
  const tenths = Array.from({ length: 10 }, (_, i) =>
    passing.filter(({ time }) => time >= at(8640 * i) && time < at(8640 * (i + 1))),
  );
  for (const tenth of tenths) expect(tenth.length).toBeGreaterThanOrEqual(25);
  expect(events.map(({ time }) => time)).toEqual(events.map(({ time }) => time).sort());
});

test("a short stage keeps its events beside a long one", () => {
  const short = Array.from({ length: 20 }, (_, i) => progress(i, 1, i)),
    long = Array.from({ length: 5000 }, (_, i) => progress(20 + i, 2, i));
  const left = thin([stage(0, 1), ...short, stage(20, 2), ...long], 100);
  expect(left.slice(0, 22)).toEqual([stage(0, 1), ...short, stage(20, 2)]);
  expect(left.length).toBeGreaterThan(90);
  expect(left.length).toBeLessThanOrEqual(102);
  expect(left.at(-1)).toEqual(long.at(-1));
});

test("times that stand still or are none do not keep events, and few are left as they are", () => {
  const still = Array.from({ length: 1000 }, (_, i) => progress(7, 1, i));
  expect(thin(still, 100).length).toBe(100);
  const none = Array.from({ length: 1000 }, (_, i) => ({ ...progress(7, 1, i), time: "?" }));
  expect(thin(none, 100).length).toBe(100);
  expect(thin(still.slice(0, 100), 100)).toEqual(still.slice(0, 100));
});
