import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Volume } from "../../src/base/types.ts";
import { evaluateAgainstReference, evaluateHalfMaps } from "../../src/evaluate/evaluate.ts";
import { crossingResolution } from "../../src/evaluate/fsc.ts";
import { applyMask } from "../../src/evaluate/mask.ts";
import { radialPower } from "../../src/evaluate/statistics.ts";
import { disk } from "../../src/io/disk.ts";
import { writeMap } from "../../src/io/mrc.ts";
import { changeBox } from "../../src/numeric/fourierCrop.ts";
import { sphericalMask } from "../../src/physics/mask.ts";
import { angularDistance, eulerToMatrix, randomRotation } from "../../src/physics/rotations.ts";
import { createStream } from "../../src/runtime/random.ts";
import { densityOf, moveBlobs, randomBlobs, withNoise } from "./blobs.ts";

const n = 32;
const pixel = 2;
const blobs = randomBlobs(21, 25, 14, 3.5);
const rotation = randomRotation(createStream(4, "pose"));
const moved = moveBlobs(blobs, rotation, [2, -3, 1], true);
const radians = Math.PI / 180;

describe("evaluateAgainstReference", () => {
  it("finds the shell that a map ends at: its resolution, or better", async () => {
    const sharp = densityOf(randomBlobs(21, 25, 14, 1.5), n, pixel);
    const ending = { ...sharp, data: changeBox({ n, data: sharp.data }, n, 9).data };
    const { fsc } = (await evaluateAgainstReference(ending, sharp, { align: false, mask: "none" })).report;
    expect(fsc.fsc).toHaveLength(9);
    expect(Math.min(...fsc.fsc)).toBeGreaterThan(0.9999);
    expect(fsc).toMatchObject({ finestShell: 9, resolution05Angstrom: (n * pixel) / 9, resolution05OrBetter: true });
    // In a box half as large again the same shell has another number.
    const wide = densityOf(randomBlobs(21, 25, 14, 1.5), 48, pixel);
    const coarse = { ...wide, data: changeBox({ n: 48, data: wide.data }, 48, 12).data };
    expect((await evaluateAgainstReference(coarse, sharp, { align: false })).report.fsc.finestShell).toBe(8);
  });

  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryogan-evaluate-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("aligns a map file with a reference file and reports pose, hand, FSC and correlation as plain data", async () => {
    const map = join(folder, "map.mrc"),
      reference = join(folder, "reference.mrc");
    await writeMap(disk.at(map), densityOf(blobs, n, pixel));
    await writeMap(disk.at(reference), densityOf(moved, n, pixel));
    const { report, map: aligned } = await evaluateAgainstReference(disk.at(map), disk.at(reference));
    expect(report.map).toBe(map);
    expect(report.alignment!.mirrored).toBe(true);
    const { rot, tilt, psi } = report.alignment!.eulerDegrees;
    expect(angularDistance(eulerToMatrix(rot * radians, tilt * radians, psi * radians), rotation)).toBeLessThan(
      0.3 * radians,
    );
    expect(report.correlation).toBeGreaterThan(0.995);
    expect(report.fsc.resolution05Angstrom).toBeLessThan(6);
    const truth = densityOf(moved, n, pixel);
    const peak = Math.max(...truth.data);
    aligned.data.forEach((v, i) => expect(Math.abs(v - truth.data[i]!)).toBeLessThan(0.1 * peak));
    expect(JSON.parse(JSON.stringify(report))).toEqual({ ...report });
  });

  it("compares maps as they lie when told to", async () => {
    const map = densityOf(blobs, n, pixel);
    const same = await evaluateAgainstReference(map, map, { align: false, mask: "none" });
    expect(same.report.alignment).toBeNull();
    expect(same.report.correlation).toBeCloseTo(1, 6);
    const elsewhere = await evaluateAgainstReference(map, densityOf(moved, n, pixel), { align: false, mask: "sphere" });
    expect(elsewhere.report.correlation).toBeLessThan(0.8);
  });
});

describe("evaluateHalfMaps", () => {
  it("takes the FSC of the maps before their masks: SSNR / (1 + SSNR) in the box, and in the mask", async () => {
    const sigma = 0.2,
      truth = densityOf(blobs, n, pixel),
      mask = { ...truth, data: sphericalMask(truth.shape, 13, 4) };
    const unmasked = [withNoise(truth, sigma, 1), withNoise(truth, sigma, 2)] as const;
    const masked = unmasked.map((half) => applyMask(half, { ...half, data: sphericalMask(half.shape, 14, 3) })) as [
      Volume,
      Volume,
    ];
    const { report } = await evaluateHalfMaps(...masked, { align: false, mask, unmasked });
    const { fsc, fscMasked, fscCorrected, resolution0143Angstrom } = report.fsc;
    // White noise has the same power sigma² n³ in every coefficient, in a mask sigma² times the sum of its squares.
    const expected = (signal: Volume, noise: number) =>
      radialPower(signal).value.map((power) => power / (power + sigma ** 2 * noise));
    const inMask = mask.data.reduce((sum, w) => sum + w * w, 0);
    const near = (curve: number[], exact: number[], independent: number) =>
      curve.forEach((value, i) => {
        const pairs = (2 * Math.PI * (i + 1) ** 2 * independent) / n ** 3;
        const error = (1 - exact[i]! ** 2) / Math.sqrt(2 * pairs);
        expect(Math.abs(value - exact[i]!), `shell ${i + 1}`).toBeLessThan(4 * error + 0.02);
      });
    const inBox = expected(truth, n ** 3);
    near(fsc, inBox, n ** 3);
    near(fscMasked!, expected(applyMask(truth, mask), inMask), inMask);
    expect(Math.max(...fscMasked!.map((v, i) => v - fsc[i]!))).toBeGreaterThan(0.3);
    for (const value of fscCorrected!) expect(value >= 0 && value <= 1).toBe(true);
    const { angstrom } = crossingResolution(report.fsc.frequency, expected(applyMask(truth, mask), inMask), 0.143);
    const shell = (resolution: number) => (n * pixel) / resolution;
    expect(Math.abs(shell(resolution0143Angstrom!) - shell(angstrom!))).toBeLessThan(1);
  });

  it("finds the known FSC of two noisy half maps of opposite hand", async () => {
    const noise = 0.2;
    const { report } = await evaluateHalfMaps(
      withNoise(densityOf(moved, n, pixel), noise, 1),
      withNoise(densityOf(blobs, n, pixel), noise, 2),
    );
    expect(report.kind).toBe("halfMaps");
    expect(report.alignment!.mirrored).toBe(true);
    // The unmasked FSC the halves would have had, had they been made in one frame.
    const { report: ideal } = await evaluateHalfMaps(
      withNoise(densityOf(moved, n, pixel), noise, 1),
      withNoise(densityOf(moved, n, pixel), noise, 2),
      { align: false, mask: "none" },
    );
    ideal.fsc.fsc.slice(1, 6).forEach((v, i) => expect(Math.abs(report.fsc.fsc[i + 1]! - v)).toBeLessThan(0.15));
    expect(report.fsc.resolutionCurve).toBe("fscCorrected");
    expect(report.fsc.resolution0143Angstrom! / ideal.fsc.resolution0143Angstrom!).toBeLessThan(1.15);
  });
});
