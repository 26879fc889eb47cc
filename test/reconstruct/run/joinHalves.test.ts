import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { evaluateHalfMaps } from "../../../src/evaluate/evaluate.ts";
import type { FscResult } from "../../../src/evaluate/fsc.ts";
import { disk } from "../../../src/io/disk.ts";
import { folderAt } from "../../../src/io/files.ts";
import { readMap } from "../../../src/io/mrc.ts";
import { randomRotation } from "../../../src/physics/rotations.ts";
import { type JoinedHalves, joinHalves } from "../../../src/reconstruct/run/joinHalves.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { densityOf, moveBlobs, randomBlobs, withNoise } from "../../evaluate/blobs.ts";

const n = 32,
  pixel = 2,
  noise = 0.2;
const blobs = randomBlobs(21, 25, 14, 3.5);
/** Half 1 holds the molecule in one orientation and hand, half 2 in others. */
const truth = densityOf(moveBlobs(blobs, randomRotation(createStream(4, "pose")), [2, -3, 1], true), n, pixel);
const half1 = withNoise(truth, noise, 1),
  half2 = withNoise(densityOf(blobs, n, pixel), noise, 2);

let folder: string, joined: JoinedHalves;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-halves-"));
  joined = await joinHalves(folderAt(disk, folder), half1, half2);
});
afterAll(() => rm(folder, { recursive: true }));

const map = (name: string) => readMap(disk.at(join(folder, name)));
const meanSquareError = (data: Float32Array) =>
  data.reduce((sum, v, i) => sum + (v - truth.data[i]!) ** 2, 0) / data.length;

test("half-map 2 is kept as it came, and put onto half-map 1", async () => {
  expect((await map("half2_unaligned.mrc")).data).toEqual(half2.data);
  // Noise of variance 0.04 remains (interpolation takes some of it), the molecule lies where it does in half 1.
  expect(meanSquareError((await map("half2.mrc")).data)).toBeLessThan(1.1 * noise ** 2);
  expect(meanSquareError(half2.data)).toBeGreaterThan(2 * noise ** 2);
});

test("the map is the mean of the two: half the noise", async () => {
  const { data, pixelSizeAngstrom } = await map(joined.map);
  expect(pixelSizeAngstrom).toBeCloseTo(pixel, 5);
  const aligned = (await map("half2.mrc")).data;
  data.forEach((v, i) => expect(v).toBeCloseTo((half1.data[i]! + aligned[i]!) / 2, 5));
  expect(meanSquareError(data) / noise ** 2).toBeGreaterThan(0.3);
  expect(meanSquareError(data) / noise ** 2).toBeLessThan(0.55);
});

test("the resolution is that of halves made in one frame", async () => {
  const ideal = await evaluateHalfMaps(half1, withNoise(truth, noise, 2), { align: false });
  const inOneFrame = ideal.report.fsc.resolution0143Angstrom!;
  expect(Math.abs(joined.resolutionAngstrom! - inOneFrame) / inOneFrame).toBeLessThan(0.1);
  const fsc = JSON.parse(await readFile(join(folder, "fsc.json"), "utf8")) as FscResult;
  expect(fsc.resolution0143Angstrom).toBeCloseTo(joined.resolutionAngstrom!, 4);
  expect(await readFile(join(folder, "fsc.xml"), "utf8")).toContain('title="FSC of half-maps"');
  expect(JSON.parse(await readFile(join(folder, "evaluation.json"), "utf8"))).toMatchObject({
    kind: "halfMaps",
    alignment: { mirrored: true },
  });
});

test("shells beyond the finest that was worked at do not count", async () => {
  const limited = await evaluateHalfMaps(half1, half1, { align: false, finestShell: 9 });
  const { fsc, fscMasked, frequency, resolution0143Angstrom, resolution0143OrBetter } = limited.report.fsc;
  for (const curve of [fsc, fscMasked!]) {
    expect(curve).toHaveLength(9);
    expect(Math.min(...curve)).toBeGreaterThan(0.999);
  }
  expect(resolution0143Angstrom).toBe(1 / frequency[8]!);
  expect(resolution0143OrBetter).toBe(true);
});
