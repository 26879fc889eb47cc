import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluateAgainstReference, evaluateHalfMaps } from "../../src/evaluate/evaluate.ts";
import { disk } from "../../src/io/disk.ts";
import { writeMap } from "../../src/io/mrc.ts";
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
