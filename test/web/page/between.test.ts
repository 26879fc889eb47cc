/** Two maps compared: in another orientation, hand, box and pixel size. */
import { expect, test } from "vitest";
import { mapStatistics } from "../../../src/evaluate/statistics.ts";
import { axisAngleToMatrix } from "../../../src/physics/rotations.ts";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import { type Between, compareMaps } from "../../../src/web/page/compare/between.ts";
import {
  alignedText,
  coarserResolution,
  differenceText,
  knownResolution,
} from "../../../src/web/page/compare/words.ts";
import { densityOf, moveBlobs, randomBlobs } from "../../evaluate/blobs.ts";

const molecule = randomBlobs(7, 25, 14, 3.5),
  extra = { centreAngstrom: [12, -6, 4] as [number, number, number], sigmaAngstrom: 3.5, height: 2 };
const moved = moveBlobs(molecule, axisAngleToMatrix([1, 2, 3], 2), [4, -3, 2], true);

test("what is added to one of two maps is their difference, and nothing else", async () => {
  const map = densityOf([...molecule, extra], 40, 2),
    other = densityOf(
      moved.map((blob) => ({ ...blob, height: 5 * blob.height })),
      48,
      2.5,
    );
  const told: number[] = [];
  const between = await compareMaps(map, other, 8, (_, done) => told.push(done));
  expect(between.report.alignment!.mirrored).toBe(true);
  expect(Math.abs(between.scale - 0.2)).toBeLessThan(0.01); // the ball reaches into what both share
  expect(between.resolutionAngstrom).toBe(8);
  expect(told.every((done) => done >= 0 && done < 1)).toBe(true);

  // On the coarser pixels in the smaller box, 32 voxels of 2.5 Å.
  const { aligned, difference } = between;
  expect([aligned.shape, difference.shape]).toEqual([Array(3).fill(32), Array(3).fill(32)]);
  expect([aligned.pixelSizeAngstrom, difference.pixelSizeAngstrom]).toEqual([2.5, 2.5]);
  const ball = densityOf([extra], 32, 2.5),
    [inBall, outside]: [number[], number[]] = [[], []];
  difference.data.forEach((value, i) => {
    if (ball.data[i]! > 0.5 * extra.height) inBall.push(value / ball.data[i]!);
    else if (ball.data[i]! < 0.05 * extra.height) outside.push(Math.abs(value) / extra.height);
  });
  expect(Math.min(...inBall)).toBeGreaterThan(0.7);
  expect(Math.max(...inBall)).toBeLessThan(1.1);
  expect(Math.max(...outside)).toBeLessThan(0.15);

  // Of the level that is shown first: inside the ball alone.
  const { mean, sigma, defaultLevelSigma, highestLevelSigma } = difference.statistics;
  expect(mean).toBe(0);
  expect(sigma).toBeCloseTo(mapStatistics(map).sigma, 5);
  const shown = [...difference.data.keys()].filter(
    (i) => Math.abs(difference.data[i]!) > defaultLevelSigma * difference.statistics.sigma,
  );
  expect(shown.length).toBeGreaterThan(10);
  expect(shown.every((i) => difference.data[i]! > 0 && ball.data[i]! > 0.05 * extra.height)).toBe(true);
  expect(highestLevelSigma * sigma).toBeCloseTo(Math.max(...difference.data.map(Math.abs)), 5);
});

test("it is said what was compared, and what a difference is measured in", () => {
  const alignment = { mirrored: true, correlation: 0.9, correlationOtherHand: 0.4, resolutionAngstrom: 7.2 },
    statistics = { min: -6, max: 3, mean: 0, sigma: 2 };
  const between = {
    report: { alignment, correlation: 0.95 },
    difference: { statistics },
    scale: 0.5,
  } as unknown as Between;
  expect(alignedText("first", "second", between)).toBe(
    "Correlation of densities between first and second, after alignment: 0.95; mean FSC up to 7.2 Å 0.90, " +
      "in the other hand 0.40. second is shown turned, mirrored and shifted onto first.",
  );
  expect(differenceText("first", "second", between)).toBe(
    "first minus second, which is multiplied by 0.5: least squares in the mask that both share. " +
      "σ is the standard deviation of first; nowhere do they differ by more than 3 σ.",
  );
  expect(differenceText("first", "second", { ...between, resolutionAngstrom: 8.25 })).toContain(
    "Both are low-passed to 8.25 Å. σ",
  );
});

test("the coarser resolution is that of both, or not known", () => {
  const time = "2026-01-02T03:04:05.000Z";
  const stage = (resolutionAngstrom: number): RunEvent => ({
    type: "stage",
    time,
    stage: 1,
    stages: 2,
    kind: "refinement",
    boxSize: 32,
    resolutionAngstrom,
    iterations: 3,
  });
  const ended: RunEvent = {
    type: "finished",
    time,
    elapsedSeconds: 9,
    map: "map.mrc",
    finestAngstrom: 6,
    resolutionAngstrom: 7.5,
  };
  expect(knownResolution([stage(20), stage(12)])).toBe(12);
  expect(knownResolution([stage(20), ended])).toBe(7.5);
  expect(coarserResolution([stage(12)], [ended])).toBe(12);
  expect(coarserResolution([stage(12)], [])).toBeUndefined();
});
