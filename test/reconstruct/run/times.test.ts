import { expect, it } from "vitest";
import { runTimes } from "../../../src/reconstruct/run/times.ts";

it("of one set of particles", () => {
  expect(runTimes([30], 0, 70, 0)).toEqual({ elapsedSeconds: 30, remainingSeconds: 70 });
});

it("of two halves: the second takes as long as the first, and then they are joined", () => {
  expect(runTimes([30, 0], 0, 70, 4)).toEqual({ elapsedSeconds: 30, remainingSeconds: 70 + 100 + 4 });
  expect(runTimes([100, 0], 0, 0, 4)).toEqual({ elapsedSeconds: 100, remainingSeconds: 100 + 4 });
  expect(runTimes([100, 25], 1, 85, 4)).toEqual({ elapsedSeconds: 125, remainingSeconds: 85 + 4 });
});

it("what the second half has taken before, in a run that goes on, is not left any more", () => {
  expect(runTimes([120, 90], 0, 80, 4)).toEqual({ elapsedSeconds: 210, remainingSeconds: 80 + 110 + 4 });
  expect(runTimes([120, 300], 0, 80, 4)).toEqual({ elapsedSeconds: 420, remainingSeconds: 80 + 4 });
});
