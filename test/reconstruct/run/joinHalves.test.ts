import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Volume } from "../../../src/base/types.ts";
import { evaluateHalfMaps } from "../../../src/evaluate/evaluate.ts";
import { type FscResult, shellCorrelation } from "../../../src/evaluate/fsc.ts";
import { applyMask } from "../../../src/evaluate/mask.ts";
import { spectrumOf } from "../../../src/evaluate/shells.ts";
import { disk } from "../../../src/io/disk.ts";
import { folderAt } from "../../../src/io/files.ts";
import { maskOnGrid } from "../../../src/io/maskFile.ts";
import { readMap } from "../../../src/io/mrc.ts";
import { sphericalMask } from "../../../src/physics/mask.ts";
import { randomRotation } from "../../../src/physics/rotations.ts";
import { type JoinedHalves, joinHalves } from "../../../src/reconstruct/run/joinHalves.ts";
import type { ReconstructedMap } from "../../../src/reconstruct/stage.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { densityOf, moveBlobs, randomBlobs, withNoise } from "../../evaluate/blobs.ts";

const n = 32,
  pixel = 2,
  noise = 0.2;
const blobs = randomBlobs(21, 25, 14, 3.5);
/** Half 1 holds the molecule in one orientation and hand, half 2 in others. */
const truth = densityOf(moveBlobs(blobs, randomRotation(createStream(4, "pose")), [2, -3, 1], true), n, pixel);
/** Noise everywhere before the mask, and a mask that the molecule fits in. */
const reconstructed = (molecule: Volume, seed: number): ReconstructedMap => {
  const unmasked = withNoise(molecule, noise, seed);
  const mask = { ...molecule, data: sphericalMask(molecule.shape, 14.75, 2.5) };
  return { map: applyMask(unmasked, mask), unmasked, finestShell: n / 2 };
};
const half1 = reconstructed(truth, 1),
  half2 = reconstructed(densityOf(blobs, n, pixel), 2);

let folder: string, joined: JoinedHalves;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-halves-"));
  joined = await joinHalves(folderAt(disk, folder), half1, half2);
});
afterAll(() => rm(folder, { recursive: true }));

const map = (name: string) => readMap(disk.at(join(folder, name)));
const meanSquareError = (data: Float32Array) =>
  data.reduce((sum, v, i) => sum + (v - truth.data[i]!) ** 2, 0) / data.length;

test("half-map 2 is kept as it came, and put onto half-map 1, with its mask and without", async () => {
  expect((await map("half2_unaligned.mrc")).data).toEqual(half2.map.data);
  expect((await map("half1_unmasked.mrc")).data).toEqual(half1.unmasked.data);
  const [masked, unmasked] = [(await map("half2.mrc")).data, (await map("half2_unmasked.mrc")).data];
  // Noise of variance 0.04 remains (interpolation takes some of it), the molecule lies where it does in half 1.
  expect(meanSquareError(unmasked)).toBeLessThan(1.1 * noise ** 2);
  expect(meanSquareError(unmasked)).toBeGreaterThan(0.5 * noise ** 2);
  expect(meanSquareError(half2.unmasked.data)).toBeGreaterThan(2 * noise ** 2);
  // The sphere of 29.5 Å fills 0.4 of the box; the rest is empty in one and noise in the other.
  expect(meanSquareError(masked) / meanSquareError(unmasked)).toBeGreaterThan(0.3);
  expect(meanSquareError(masked) / meanSquareError(unmasked)).toBeLessThan(0.6);
});

test("the map is the mean of the two: half the noise", async () => {
  const { data, pixelSizeAngstrom } = await map(joined.concluded.map);
  expect(pixelSizeAngstrom).toBeCloseTo(pixel, 5);
  const aligned = (await map("half2.mrc")).data;
  data.forEach((v, i) => expect(v).toBeCloseTo((half1.map.data[i]! + aligned[i]!) / 2, 5));
  const half = meanSquareError(half1.map.data) / 2;
  expect(meanSquareError(data) / half).toBeGreaterThan(0.6);
  expect(meanSquareError(data) / half).toBeLessThan(1.1);
});

test("the resolution is that of halves made in one frame", async () => {
  const second = reconstructed(truth, 2);
  const ideal = await evaluateHalfMaps(half1.map, second.map, {
    align: false,
    unmasked: [half1.unmasked, second.unmasked],
  });
  const inOneFrame = ideal.report.fsc.resolution0143Angstrom!;
  expect(Math.abs(joined.concluded.resolutionAngstrom! - inOneFrame) / inOneFrame).toBeLessThan(0.1);
  const fsc = JSON.parse(await readFile(join(folder, "fsc.json"), "utf8")) as FscResult;
  expect(fsc.resolution0143Angstrom).toBeCloseTo(joined.concluded.resolutionAngstrom!, 4);
  expect(await readFile(join(folder, "fsc.xml"), "utf8")).toContain('title="FSC of half-maps"');
  expect(JSON.parse(await readFile(join(folder, "evaluation.json"), "utf8"))).toMatchObject({
    kind: "halfMaps",
    alignment: { mirrored: true },
  });
});

const fscOf = async (inFolder: string) => JSON.parse(await readFile(join(inFolder, "fsc.json"), "utf8")) as FscResult;
const closeTo = (curve: number[], expected: number[]) =>
  curve.forEach((value, i) => expect(value, `shell ${i + 1}`).toBeCloseTo(expected[i]!, 4));

test("unmasked means it, and masked is in the mask of the run, on whatever grid that is", async () => {
  const [first, second] = [await map("half1_unmasked.mrc"), await map("half2_unmasked.mrc")];
  closeTo((await fscOf(folder)).fsc, shellCorrelation(spectrumOf(first), spectrumOf(second)));

  const coarse: Volume = {
    ...truth,
    shape: [16, 16, 16],
    pixelSizeAngstrom: 4,
    data: sphericalMask([16, 16, 16], 5.5, 2),
  };
  const withMask = join(folder, "mask");
  await mkdir(withMask);
  await joinHalves(folderAt(disk, withMask), half1, half2, coarse);
  const mask = { ...truth, data: maskOnGrid(coarse, n, pixel) };
  const { fsc, fscMasked } = await fscOf(withMask);
  closeTo(fsc, (await fscOf(folder)).fsc);
  closeTo(fscMasked!, shellCorrelation(spectrumOf(applyMask(first, mask)), spectrumOf(applyMask(second, mask))));
  expect(fscMasked).not.toEqual((await fscOf(folder)).fscMasked);
});

test("shells beyond the finest that was worked at do not count", async () => {
  const limited = await evaluateHalfMaps(half1.map, half1.map, { align: false, finestShells: [9, 16] });
  const { fsc, fscMasked, frequency, resolution0143Angstrom, resolution0143OrBetter } = limited.report.fsc;
  for (const curve of [fsc, fscMasked!]) {
    expect(curve).toHaveLength(9);
    expect(Math.min(...curve)).toBeGreaterThan(0.999);
  }
  expect(resolution0143Angstrom).toBe(1 / frequency[8]!);
  expect(resolution0143OrBetter).toBe(true);
});
