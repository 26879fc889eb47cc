import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createProgress, type ProgressOptions } from "../../src/cli/progress.ts";
import { parseEvents } from "../../src/reconstruct/folder/eventLines.ts";
import type { RunEvent } from "../../src/reconstruct/folder/events.ts";

const time = "2025-03-01T12:00:00.000Z";
const start: RunEvent = {
  type: "start",
  time,
  particles: 12345,
  boxSize: 128,
  pixelSizeAngstrom: 1.31,
  symmetry: "D2",
  device: "cpu",
  seed: 1,
};
const stage: RunEvent = {
  type: "stage",
  time,
  stage: 2,
  stages: 3,
  kind: "adversarial",
  boxSize: 24,
  resolutionAngstrom: 14.2,
  iterations: 2400,
};
const finished: RunEvent = {
  type: "finished",
  time,
  elapsedSeconds: 3675,
  map: "run/map.mrc",
  finestAngstrom: 7.51,
  resolutionAngstrom: 8.13,
};
const progress = (iteration: number, elapsedSeconds: number, half?: 1 | 2): RunEvent => ({
  type: "progress",
  time,
  stage: 2,
  iteration,
  iterations: 2400,
  elapsedSeconds,
  remainingSeconds: 130,
  criticLoss: 0.69341,
  volumeLoss: 0.701,
  realLogit: 0.52,
  fakeLogit: -0.31,
  gradientPenalty: 0.012,
  signalAmplitude: 0.98,
  ...(half === undefined ? {} : { half }),
});

const refinement: RunEvent = {
  type: "stage",
  time,
  stage: 3,
  stages: 3,
  kind: "refinement",
  boxSize: 32,
  resolutionAngstrom: 10.5,
  iterations: 2,
};
const pass = (iteration: number, elapsedSeconds: number, logLikelihood?: number): RunEvent => ({
  type: "progress",
  time,
  stage: 3,
  iteration,
  iterations: 2,
  elapsedSeconds,
  remainingSeconds: 30,
  ...(logLikelihood === undefined ? {} : { logLikelihood }),
});
const loading = (done: number): RunEvent => ({ type: "loading", time, done, particles: 5000 });

test("of several starts, which one is at work, and which one is gone on with", () => {
  const lines = written("lines", [
    [0, { ...stage, start: 2, starts: 3 }],
    [1, { type: "choice", time, start: 2, merits: [0.498, 0.512, 0.301], by: "likelihood" }],
    [2, { type: "choice", time, start: 1, merits: [1.3, 1.2], by: "critic" }],
  ]);
  expect(lines).toContain("stage 2/3 adversarial, start 2 of 3: box 24 px");
  expect(lines).toContain(
    "start 2 of 3 is gone on with: mean log-likelihood of an image 0.512, of the others 0.498 and 0.301\n",
  );
  expect(lines).toContain("start 1 of 2 is gone on with: loss of the critic 1.3, of the other 1.2\n");
});

/** Text that a consumer writes for events that come at these times in ms. */
function written(mode: ProgressOptions["mode"], events: [number, RunEvent][], columns = 80): string {
  let [text, clock] = ["", 0];
  const show = createProgress({ mode, output: { write: (part) => void (text += part), columns }, now: () => clock });
  for (const [at, event] of events) {
    clock = at;
    show(event);
  }
  return text;
}

const esc = "\x1b";
const parts = new RegExp(`${esc}\\[(\\d+)A${esc}\\[0J|\\n|[^${esc}\\n]+|${esc}`, "g");
const upwards = new RegExp(`^${esc}\\[(\\d+)A`);

/** What a terminal shows after these characters: only the sequences that a display may use are understood. */
function screen(text: string): string[] {
  const lines = [""];
  for (const [part] of text.matchAll(parts)) {
    const up = upwards.exec(part);
    if (up) lines.splice(lines.length - 1 - Number(up[1]), Infinity, "");
    else if (part === "\n") lines.push("");
    else if (part === esc) throw new Error("a sequence that was not expected");
    else lines[lines.length - 1] += part;
  }
  return lines.slice(0, -1);
}

describe("lines", () => {
  test("milestones and the state of the run", () => {
    expect(
      written("lines", [
        [0, start],
        [0, stage],
        [10, progress(100, 4)],
        [10_010, progress(950, 14)],
        [10_020, finished],
      ]).split("\n"),
    ).toEqual([
      "12,345 particles, box 128 px, 1.31 Å per pixel, symmetry D2, cpu, seed 1",
      "stage 2/3 adversarial: box 24 px, to 14.2 Å, 2,400 iterations",
      "stage 2/3  100/2400  loss critic 0.693 volume 0.701  logits real +0.52 fake -0.31  elapsed 0:04  left 2:10",
      "stage 2/3  950/2400  85 it/s  loss critic 0.693 volume " +
        "0.701  logits real +0.52 fake -0.31  elapsed 0:14  left 2:10",
      "finished in 1:01:15: run/map.mrc, resolution 8.13 Å (FSC 0.143)",
      "",
    ]);
  });

  test("a correlation that does not fall before the finest shell: that shell's resolution, or better", () => {
    const toTheEnd: RunEvent = { ...finished, resolutionAngstrom: 7.51, resolutionOrBetter: true };
    expect(written("lines", [[0, toTheEnd]])).toBe(
      "finished in 1:01:15: run/map.mrc, resolution 7.51 Å or better: the run ended there (FSC 0.143)\n",
    );
  });

  test("no more than one progress line in ten seconds, but one at once in a new stage", () => {
    const every = Array.from({ length: 30 }, (_, i): [number, RunEvent] => [1000 * i, progress(10 * (i + 1), i)]);
    expect(written("lines", every).match(/^stage 2 {2}/gm)).toHaveLength(3);
    const staged = written("lines", [
      [0, progress(1, 0)],
      [50, stage],
      [60, progress(2, 1)],
    ]);
    expect(staged.match(/\d+\/2400/g)).toEqual(["1/2400", "2/2400"]);
  });

  test("refinement goes by passes, and keeps the likelihood of the last one", () => {
    const text = written("lines", [
      [0, refinement],
      [0, pass(0.25, 5)],
      [10_000, pass(1, 15, 3.21)],
      [20_000, pass(1.5, 25)],
    ]);
    expect(text.split("\n")).toEqual([
      "stage 3/3 refinement: box 32 px, to 10.5 Å, 2 passes",
      "stage 3/3  pass 1/2  12 %  elapsed 0:05  left 0:30",
      "stage 3/3  pass 2/2  50 %  log-likelihood +3.21  elapsed 0:15  left 0:30",
      "stage 3/3  pass 2/2  75 %  log-likelihood +3.21  elapsed 0:25  left 0:30",
      "",
    ]);
  });

  test("reading is told every ten seconds", () => {
    const text = written("lines", [
      [0, loading(256)],
      [5000, loading(512)],
      [10_000, loading(2048)],
    ]);
    expect(text).toBe("reading particles 256/5,000\nreading particles 2,048/5,000\n");
  });

  test("warnings and halves are named", () => {
    const text = written("lines", [
      [0, { type: "warning", time, message: "two stacks are empty" }],
      [0, progress(1, 0, 2)],
    ]);
    expect(text).toMatch(/^warning: two stacks are empty\nhalf 2: stage 2 /);
  });
});

describe("live", () => {
  test("the block is rewritten in place, milestones stay above it", () => {
    const warning: RunEvent = { type: "warning", time, message: "low" };
    const lines = screen(
      written("live", [
        [0, stage],
        [0, progress(0, 0)],
        [500, progress(600, 10)],
        [600, warning],
        [1000, progress(1200, 20)],
      ]),
    );
    expect(lines).toEqual([
      "stage 2/3 adversarial: box 24 px, to 14.2 Å, 2,400 iterations",
      "warning: low",
      "stage 2/3  adversarial  box 24 px  to 14.2 Å",
      `${"█".repeat(12)}${"░".repeat(12)}  50 %  1200/2400  60 it/s`,
      "loss    critic 0.693     volume 0.701     penalty 0.012",
      "logits  real   +0.52     fake   -0.31     signal  0.98",
      "elapsed 0:20  left 2:10",
    ]);
  });

  test("refinement", () => {
    const lines = screen(
      written("live", [
        [0, loading(256)],
        [100, refinement],
        [200, pass(0.5, 5)],
        [400, pass(1, 10, 3.21)],
        [600, pass(1.5, 15)],
      ]),
    );
    expect(lines).toEqual([
      "stage 3/3 refinement: box 32 px, to 10.5 Å, 2 passes",
      "stage 3/3  refinement  box 32 px  to 10.5 Å",
      `${"█".repeat(18)}${"░".repeat(6)}  75 %  pass 2/2`,
      "log-likelihood of an image, relative to noise alone: +3.21",
      "elapsed 0:15  left 0:30",
    ]);
  });

  test("lines are cut to the terminal, as wrapped lines cannot be erased", () => {
    const lines = screen(
      written(
        "live",
        [
          [0, stage],
          [0, progress(600, 10)],
        ],
        30,
      ),
    ).slice(1);
    expect(Math.max(...lines.map((line) => line.length))).toBe(29);
  });
});

test("of a real run of two halves: the time taken and left on each line, against what was", () => {
  const file = new URL("../data/two-halves/events.jsonl", import.meta.url),
    events = parseEvents(readFileSync(file, "utf8"));
  const at = (event: RunEvent): number => Date.parse(event.time) - Date.parse(events[0]!.time);
  const total = at(events.at(-1)!) / 1000,
    text = written(
      "lines",
      events.map((event) => [at(event), event]),
    );
  const seconds = (clock: string): number => Number(clock.split(":")[0]) * 60 + Number(clock.split(":")[1]);
  const times = [...text.matchAll(/elapsed (\S+) {2}left (\S+)$/gm)].map(([, elapsed, left]) => [
    seconds(elapsed!),
    seconds(left!),
  ]);
  expect(times.length).toBeGreaterThan(7);
  // The first comes before the pace is known.
  for (const [elapsed, left] of times.slice(1)) expect(Math.abs(elapsed! + left! - total)).toBeLessThan(0.5 * total);
  expect(times.map(([elapsed]) => elapsed)).toEqual(times.map(([elapsed]) => elapsed).toSorted((a, b) => a! - b!));
  const [, finished] = /^finished in (\S+): map\.mrc/m.exec(text)!;
  expect(Math.abs(seconds(finished!) - total)).toBeLessThan(1);
});

test.each([
  ["found", "structure found to 24.1 Å", 32],
  ["uncertain", "uncertain", 33],
  ["notFound", "no structure found beyond 24.1 Å", 31],
] as const)("a run ends with its verdict, in its colour on a terminal: %s", (kind, words, colour) => {
  const verdict = { kind, resolutionAngstrom: 24.1, reason: "Halves agree\nor not." };
  const end: RunEvent = { type: "finished", time, elapsedSeconds: 90, map: "map.mrc", finestAngstrom: 24.1, verdict };
  const text = `${words}: Halves agree or not.`;
  expect(written("lines", [[0, end]])).toBe(`finished in 1:30: map.mrc\n${text}\n`);
  expect(written("live", [[0, end]])).toBe(`finished in 1:30: map.mrc\n\x1b[${colour}m${text}\x1b[0m\n`);
});

test("json: the events as they are, one per line", () => {
  const events = [start, stage, progress(1, 1), progress(2, 1), finished];
  const lines = written(
    "json",
    events.map((event) => [0, event]),
  )
    .trimEnd()
    .split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(events);
});
