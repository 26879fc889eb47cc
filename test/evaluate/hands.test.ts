import { describe, expect, test } from "vitest";
import { compareHands, meanOfShells } from "../../src/evaluate/hands.ts";
import { changeBox } from "../../src/numeric/fourierCrop.ts";
import { axisAngleToMatrix } from "../../src/physics/rotations.ts";
import { densityOf, moveBlobs, randomBlobs } from "./blobs.ts";

const n = 32,
  unturned = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
const blobs = randomBlobs(21, 25, 14, 1.5);
const truth = densityOf(blobs, n, 2),
  otherHand = densityOf(moveBlobs(blobs, unturned, [0, 0, 0], true), n, 2);

describe("compareHands", () => {
  test("takes a map as it lies, or its mirror image where that fits", async () => {
    const asItLies = await compareHands(truth, truth, [4, 10]),
      mirrored = await compareHands(otherHand, truth, [4, 10]);
    expect(asItLies.mirrored).toBe(false);
    expect(asItLies.meanFsc).toBeCloseTo(1, 6);
    expect(mirrored.mirrored).toBe(true);
    expect(mirrored.meanFsc).toBeGreaterThan(0.999);
    const error = Math.max(...mirrored.map.data.map((v, i) => Math.abs(v - truth.data[i]!)));
    expect(error).toBeLessThan(1e-3);
  });

  test("turns and shifts nothing", async () => {
    const turn = axisAngleToMatrix([1, 2, 3], 0.6);
    for (const [rotation, shift] of [
      [turn, [0, 0, 0]],
      [unturned, [5, -4, 3]],
    ] as const) {
      const { meanFsc, report } = await compareHands(
        densityOf(moveBlobs(blobs, rotation, shift, false), n, 2),
        truth,
        [4, 10],
      );
      expect(Math.abs(meanFsc)).toBeLessThan(0.3);
      expect(report.alignment).toBeNull();
    }
  });

  test("counts shells that the map does not hold as 0", async () => {
    const coarse = { ...truth, data: changeBox({ n, data: truth.data }, n, 7).data };
    expect((await compareHands(coarse, truth, [4, 11])).meanFsc).toBeCloseTo(0.5, 4); // 4 of 8 shells
  });
});

test("meanOfShells counts from shell 1", () => {
  expect(meanOfShells([1, 0.5, 0.25, 0], [2, 3])).toBe(0.375);
  expect(meanOfShells([1, 0.5], [2, 5])).toBe(0.125);
});
