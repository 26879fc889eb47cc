import { expect, test } from "vitest";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import { endState } from "../../../src/web/live/source.ts";
import { offeredMapFiles, shownMapFile } from "../../../src/web/page/map/choice.ts";
import { fileVersion } from "../../../src/web/page/run/fileVersion.ts";
import { shortNames } from "../../../src/web/page/run/names.ts";
import { runProgress } from "../../../src/web/page/run/progress.ts";
import { logLines, nowText, stateWords } from "../../../src/web/page/run/words.ts";

const time = "2026-01-01T12:00:00.000Z";
const start = (half?: 1 | 2): RunEvent => ({
  type: "start",
  time,
  particles: 2500,
  boxSize: 64,
  pixelSizeAngstrom: 3.8,
  symmetry: "D2",
  device: "cpu: fastest",
  seed: 1,
  ...(half ? { half } : {}),
});
const stage = (half?: 1 | 2): RunEvent => ({
  type: "stage",
  time,
  stage: 2,
  stages: 5,
  kind: "refinement",
  boxSize: 22,
  resolutionAngstrom: 22.06,
  iterations: 4,
  ...(half ? { half } : {}),
});
const progress = (
  elapsedSeconds: number,
  remainingSeconds: number,
  half?: 1 | 2,
  logLikelihood?: number,
): RunEvent => ({
  type: "progress",
  time,
  stage: 2,
  iteration: 1.5,
  iterations: 4,
  elapsedSeconds,
  remainingSeconds,
  ...(half ? { half } : {}),
  ...(logLikelihood ? { logLikelihood } : {}),
});
const map = (path: string, half?: 1 | 2): RunEvent => ({
  type: "map",
  time,
  path,
  stage: 1,
  iteration: 4,
  ...(half ? { half } : {}),
});
const finished: RunEvent = {
  type: "finished",
  time,
  elapsedSeconds: 90,
  map: "map.mrc",
  finestAngstrom: 7.05,
  resolutionAngstrom: 7.612,
};

test("a run is as far as its time says", () => {
  expect(runProgress([start(), stage(), progress(30, 90)])).toMatchObject({
    fraction: 0.25,
    elapsedSeconds: 30,
    remainingSeconds: 90,
  });
  expect(runProgress([start()])).toMatchObject({ fraction: 0 });
  expect(runProgress([start(), progress(30, 90), finished])).toMatchObject({
    fraction: 1,
    elapsedSeconds: 90,
    remainingSeconds: 0,
  });
});

test("a run that was started again has not finished", () => {
  const again = runProgress([start(), finished, start(), progress(10, 90)]);
  expect(again.finished).toBeUndefined();
  expect(again.fraction).toBe(0.1);
});

test("what a run does now, in words", () => {
  expect(nowText(runProgress([start(2), stage(2), progress(30, 90, 2)]))).toBe(
    "half 2 · stage 2 of 5, refinement over all poses to 22.1 Å · pass 2 of 4",
  );
  expect(nowText(runProgress([start(), { type: "loading", time, done: 512, particles: 2500 }]))).toBe(
    "reading particles, 512 of 2,500",
  );
  expect(nowText(runProgress([start(), stage(), finished]))).toBe("7.61 Å (FSC 0.143) · worked to 7.05 Å");
  const toTheEnd: RunEvent = { ...finished, resolutionAngstrom: 7.05, resolutionOrBetter: true };
  expect(nowText(runProgress([start(), stage(), toTheEnd]))).toBe("7.05 Å or better: the run ended there (FSC 0.143)");
  expect(nowText(runProgress([start(), stage(), { ...finished, resolutionAngstrom: undefined }]))).toBe(
    "worked to 7.05 Å",
  );
});

test("a run that found nothing is not told as if it had ended well", () => {
  const verdict = { kind: "notFound", resolutionAngstrom: 24.1, reason: "It is a ball." } as const;
  const end: RunEvent = { ...finished, verdict };
  const text = "no structure found beyond 24.1 Å: It is a ball.";
  expect(logLines([end])).toMatchObject([{ kind: "warning", text: expect.stringContaining(`; ${text}`) as string }]);
  expect(endState(end)).toBe("notFound");
  expect(stateWords[endState(end)]).toBe("nothing found");
  const found: RunEvent = { ...finished, verdict: { ...verdict, kind: "found" } };
  expect(logLines([found])).toMatchObject([{ kind: "step" }]);
  expect([endState(finished), endState(start()), endState(undefined)]).toEqual(["finished", "stopped", "stopped"]);
});

test("the log tells each step once, in order, and marks warnings", () => {
  const loading = (done: number): RunEvent => ({ type: "loading", time, done, particles: 2500 });
  const events = [
    start(),
    loading(500),
    loading(1000),
    stage(),
    progress(1, 2),
    progress(2, 1, undefined, 123.456),
    map("map.mrc"),
    { type: "warning" as const, time, message: "few particles" },
    { type: "failed" as const, time, message: "disk full" },
    finished,
  ];
  expect(logLines(events).map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
    "step: 2,500 particles, box 64 px, 3.8 Å per pixel, symmetry D2, cpu, seed 1",
    "step: Reading 2,500 particles",
    "step: Stage 2 of 5, refinement over all poses: box 22 px, to 22.1 Å, 4 passes",
    "step: Pass 1.5 of 4: log-likelihood 123.46",
    "file: Map written: map.mrc",
    "warning: few particles",
    "warning: Failed: disk full",
    "step: Finished in 1:30, 7.61 Å (FSC 0.143)",
  ]);
});

test("a map is read again when it is named, other files when a stage begins or ends", () => {
  const changes = (path: string, event: RunEvent) =>
    fileVersion([start(), event], path) !== fileVersion([start()], path);
  expect(changes("half1.mrc", map("half1.mrc", 1))).toBe(true);
  expect(changes("half1.mrc", map("half2.mrc", 2))).toBe(false);
  expect(changes("examples.json", map("half2.mrc", 2))).toBe(true);
  expect(changes("spectra.json", stage())).toBe(true);
  expect(changes("map.mrc", stage())).toBe(false);
  expect(changes("examples.json", progress(1, 2))).toBe(false);
  for (const path of ["map.mrc", "half1.mrc", "fsc.json"]) expect(changes(path, finished)).toBe(true);
});

test("maps of classes are offered where there are some, and that of the largest is shown", () => {
  const events = [map("class1.mrc"), map("class3.mrc"), map("map.mrc")];
  expect(offeredMapFiles([map("map.mrc")])).toEqual(["map.mrc", "half1.mrc", "half2.mrc"]);
  expect(offeredMapFiles(events)).toEqual(["map.mrc", "half1.mrc", "half2.mrc", "class1.mrc", "class3.mrc"]);
  expect(shownMapFile("map.mrc", events)).toBe("map.mrc");
  expect(shownMapFile("class3.mrc", events)).toBe("class3.mrc");
});

test("while there is no map of both halves, that of the last half is shown", () => {
  expect(shownMapFile("map.mrc", [start(1), map("half1.mrc", 1)])).toBe("half1.mrc");
  expect(shownMapFile("map.mrc", [map("half1.mrc", 1), map("half2.mrc", 2)])).toBe("half2.mrc");
  expect(shownMapFile("map.mrc", [map("half1.mrc", 1), map("half2.mrc", 2), finished])).toBe("map.mrc");
  expect(shownMapFile("half1.mrc", [map("half1.mrc", 1), map("half2.mrc", 2)])).toBe("half1.mrc");
  expect(shownMapFile("half2.mrc", [map("map.mrc")])).toBe("map.mrc");
  expect(shownMapFile("half2.mrc", [])).toBe("half2.mrc");
});

test("runs are called by the end of their path that tells them apart", () => {
  expect(shortNames(["/data/a/run", "/data/b/run", "/data/ribosome", "demo"])).toEqual([
    "data/a/run",
    "data/b/run",
    "ribosome",
    "demo",
  ]);
  expect(shortNames(["/x/first/run-one", "/x/second/run-one"])).toEqual(["first/run-one", "second/run-one"]);
});
