import { execFileSync } from "node:child_process";
import { appendFileSync, linkSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { disk } from "../../../src/io/disk.ts";
import { isPassing, parseEvents } from "../../../src/reconstruct/folder/eventLines.ts";
import { openEventLog } from "../../../src/reconstruct/folder/eventLog.ts";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import { inputError, temporaryFolder } from "../../io/helpers.ts";

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + 1000 * seconds).toISOString();
const start: RunEvent = {
  type: "start",
  time: at(0),
  particles: 500,
  boxSize: 24,
  pixelSizeAngstrom: 6,
  symmetry: "C1",
  device: "cpu",
  seed: 1,
};
const stage = (seconds: number, number: number): RunEvent => ({
  type: "stage",
  time: at(seconds),
  stage: number,
  stages: 2,
  kind: "adversarial",
  boxSize: 24,
  resolutionAngstrom: 12,
  iterations: 1e6,
});
const progress = (seconds: number, iteration: number, iterations = 1e6): RunEvent => ({
  type: "progress",
  time: at(seconds),
  stage: 1,
  iteration,
  iterations,
  elapsedSeconds: seconds,
  remainingSeconds: 1,
});
const warning = (message: string): RunEvent => ({ type: "warning", time: at(1), message });
const read = (folder: string): RunEvent[] => parseEvents(readFileSync(join(folder, "events.jsonl"), "utf8"));

async function write(folder: string, events: RunEvent[], goOn: boolean, kept?: number): Promise<void> {
  const log = await openEventLog(disk.at(join(folder, "events.jsonl")), goOn, kept);
  events.forEach(log.append);
  await log.close();
}

test("a new log replaces the old; a resumed run's stands behind it", async () => {
  const folder = temporaryFolder();
  await write(folder, [start, warning("a")], false);
  await write(folder, [warning("b"), warning("c")], true);
  expect(read(folder)).toEqual([start, warning("a"), warning("b"), warning("c")]);
  await write(folder, [start], false);
  expect(read(folder)).toEqual([start]);
});

test("a line torn by a kill costs itself alone", async () => {
  const folder = temporaryFolder();
  await write(folder, [start, warning("a")], false);
  appendFileSync(join(folder, "events.jsonl"), '{"type":"warn');
  await write(folder, [warning("b"), warning("c")], true);
  expect(read(folder)).toEqual([start, warning("a"), warning("b"), warning("c")]);
});

test("of progress one event a second is written, and the first and last of a stage", async () => {
  const folder = temporaryFolder();
  const quick = Array.from({ length: 41 }, (_, i) => progress(i / 4, i));
  await write(folder, [start, stage(0, 1), ...quick, progress(10.1, 1e6), stage(10.2, 2), progress(10.3, 0)], false);
  expect(read(folder)).toEqual([
    start,
    stage(0, 1),
    ...quick.filter((_, i) => i % 4 === 0),
    progress(10.1, 1e6),
    stage(10.2, 2),
    progress(10.3, 0),
  ]);
});

test("a clock that is set back does not silence a run", async () => {
  const folder = temporaryFolder();
  await write(folder, [start, progress(5000, 1), progress(10, 2), progress(11, 3)], false);
  expect(read(folder)).toHaveLength(4);
});

test("the file of a long run stays short, and its first line tells that it was thinned", async () => {
  const folder = temporaryFolder(),
    path = join(folder, "events.jsonl");
  const log = await openEventLog(disk.at(join(folder, "events.jsonl")), false, 100);
  log.append(start);
  log.append(stage(0, 1));
  let most = 0;
  for (let second = 1; second <= 1000; second++) {
    log.append(progress(second, second));
    if (second % 50 === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      most = Math.max(most, read(folder).length);
    }
  }
  await log.close();
  most = Math.max(most, read(folder).length);
  expect(most).toBeLessThan(210);
  const events = read(folder);
  const { thinned } = events[0] as { thinned?: number };
  expect(thinned).toBeGreaterThan(4); // at 200, and after about each hundred
  expect(events[0]).toEqual({ ...start, thinned });
  expect(events[1]).toEqual(stage(0, 1));
  expect(events.at(-1)).toEqual(progress(1000, 1000));
  // Going on counts what is there: as many as are lacking, and no more, have it thinned.
  const lacking = 200 - events.filter(isPassing).length;
  const later = Array.from({ length: lacking }, (_, i) => progress(2000 + i, 2000 + i));
  await write(folder, later.slice(1), true, 100);
  expect(read(folder)[0]).toEqual({ ...start, thinned });
  await write(folder, [progress(3000, 3000)], true, 100);
  expect(read(folder)[0]).toEqual({ ...start, thinned: thinned! + 1 });
  expect(readFileSync(path, "utf8").endsWith("\n")).toBe(true);
});

test("what is no file of the folder alone is replaced, and nothing is written where it leads", async () => {
  const outside = join(temporaryFolder(), "precious");
  const before = '{"type":"warning","time":"x","message":"not of this run"}\n# precious\n';
  writeFileSync(outside, before);
  for (const goOn of [true, false]) {
    const folder = temporaryFolder(),
      path = join(folder, "events.jsonl");
    symlinkSync(outside, path);
    await write(folder, [warning("a")], goOn);
    expect(lstatSync(path).isFile()).toBe(true);
    expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(warning("a"))}\n`);
  }
  const linked = temporaryFolder();
  linkSync(outside, join(linked, "events.jsonl"));
  await write(linked, [warning("a")], true);
  expect(readFileSync(outside, "utf8")).toBe(before);
  expect(read(linked).at(-1)).toEqual(warning("a"));
  const piped = temporaryFolder();
  execFileSync("mkfifo", [join(piped, "events.jsonl")]);
  await write(piped, [warning("a")], true);
  expect(read(piped)).toEqual([warning("a")]);
});

test("what cannot be written is told in words, of a folder in its place too", async () => {
  const folder = temporaryFolder(),
    path = join(folder, "events.jsonl");
  mkdirSync(path);
  expect(await inputError(() => openEventLog(disk.at(join(folder, "events.jsonl")), true))).toBe(
    `cannot write ${path}: it is a folder`,
  );
});
