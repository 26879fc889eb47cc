import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Volume } from "../../src/base/types.ts";
import { disk } from "../../src/io/disk.ts";
import { maskOnGrid, readMask } from "../../src/io/maskFile.ts";
import { writeMap } from "../../src/io/mrc.ts";
import { inputError, temporaryFolder } from "./helpers.ts";

const folder = temporaryFolder();

/** A map whose voxels are a function of their distance from the centre in Å along x, y, z. */
function mapOf(boxSize: number, pixelSizeAngstrom: number, value: (x: number, y: number, z: number) => number): Volume {
  const at = (i: number): number => (i - Math.floor(boxSize / 2)) * pixelSizeAngstrom;
  const data = Float32Array.from({ length: boxSize ** 3 }, (_, i) =>
    value(at(i % boxSize), at(Math.floor(i / boxSize) % boxSize), at(Math.floor(i / boxSize ** 2))),
  );
  return { data, shape: [boxSize, boxSize, boxSize], pixelSizeAngstrom, originAngstrom: [0, 0, 0] };
}

/** A soft ball off the centre. */
const ball = (x: number, y: number, z: number): number =>
  Math.min(1, Math.max(0, (30 - Math.hypot(x - 12, y + 6, z - 20)) / 16 + 0.5));
const clipped =
  (radius: number): ((v: number) => number) =>
  (v) =>
    Math.max(-radius, Math.min(radius, v));

test("on another grid a mask stands where it stood, in Å from the centre", () => {
  const mask = mapOf(61, 2, ball);
  // Coarser, finer, larger than the mask's own box, odd and even.
  for (const [boxSize, pixel, within] of [
    [24, 5, 0.06],
    [20, 6.1, 0.08],
    [90, 1.3, 0.04],
    [31, 5, 0.06],
    [61, 2, 1e-6],
  ] as const) {
    const truth = mapOf(boxSize, pixel, ball).data,
      found = maskOnGrid(mask, boxSize, pixel);
    expect(
      found.reduce((worst, v, i) => Math.max(worst, Math.abs(v - truth[i]!)), 0),
      `${boxSize} px of ${pixel} Å`,
    ).toBeLessThan(within);
    expect(found.every((v) => v >= 0 && v <= 1 + 1e-6)).toBe(true);
  }
});

test("the axes keep their places, and outside of the mask's box there is none", () => {
  const edge = clipped(200),
    mask = mapOf(20, 4, (x, y, z) => (edge(x) > 8 && edge(y) > -12 && z < 4 ? 1 : 0));
  const boxSize = 40,
    found = maskOnGrid(mask, boxSize, 4);
  const at = (x: number, y: number, z: number): number =>
    found[((z / 4 + 20) * boxSize + y / 4 + 20) * boxSize + x / 4 + 20]!;
  expect([at(20, 0, 0), at(0, 0, 0), at(20, -20, 0), at(20, 0, 12)].map((v) => Math.round(v))).toEqual([1, 0, 0, 0]);
  expect([at(48, 0, 0), at(20, 48, 0), at(20, 0, -48)]).toEqual([0, 0, 0]);
});

test("a coarse voxel takes the share of it that is inside: the volume of a binary mask is kept", () => {
  const binary = mapOf(64, 1, (x, y, z) => (Math.hypot(x, y, z) < 20 ? 1 : 0));
  const volume = maskOnGrid(binary, 12, 5.3).reduce((a, b) => a + b, 0) * 5.3 ** 3;
  expect(volume / ((4 / 3) * Math.PI * 20 ** 3)).toBeCloseTo(1, 2);
});

test("what is no mask is refused", async () => {
  const write = async (name: string, map: Volume): Promise<string> => {
    await writeMap(disk.at(join(folder, name)), map);
    return join(folder, name);
  };
  const high = await write(
    "high.mrc",
    mapOf(8, 2, (x, y, z) => (x === 2 && y === -4 && z === 0 ? 1.5 : 0)),
  );
  expect(await inputError(() => readMask(disk.at(high)))).toBe(
    `${high} is no mask: voxel 5, 2, 4 (x, y, z) is 1.5, and masks go from 0 to 1; make one with relion_mask_create`,
  );
  const negative = await write(
    "negative.mrc",
    mapOf(8, 2, () => -0.1),
  );
  expect(await inputError(() => readMask(disk.at(negative)))).toContain("voxel 0, 0, 0 (x, y, z) is -0.1");
  const empty = await write(
    "empty.mrc",
    mapOf(8, 2, () => 0),
  );
  expect(await inputError(() => readMask(disk.at(empty)))).toBe(`${empty} is an empty mask: no voxel is above 0.5`);
  const oblong = await write("oblong.mrc", {
    ...mapOf(8, 2, () => 1),
    data: new Float32Array(8 * 8 * 9),
    shape: [9, 8, 8],
  });
  expect(await inputError(() => readMask(disk.at(oblong)))).toBe(
    `${oblong} has 8 x 8 x 9 voxels; a mask needs a cubic box: pad or crop it`,
  );
  const unsized = await write(
    "unsized.mrc",
    mapOf(8, 0, () => 1),
  );
  expect(await inputError(() => readMask(disk.at(unsized)))).toContain("names no pixel size");
  const rounded = await readMask(
    disk.at(
      await write(
        "rounded.mrc",
        mapOf(8, 2, (x) => (x > 0 ? 1.0005 : -0.0005)),
      ),
    ),
  );
  expect([Math.min(...rounded.data), Math.max(...rounded.data)]).toEqual([0, 1]);
});

test("a mask with a voxel that is NaN is refused", async () => {
  const path = join(folder, "nan.mrc"),
    mask = mapOf(8, 2, () => 1);
  await writeMap(disk.at(path), mask);
  const bytes = readFileSync(path);
  bytes.writeFloatLE(NaN, 1024 + 4 * 9);
  writeFileSync(path, bytes);
  expect(await inputError(() => readMask(disk.at(path)))).toContain("voxel 1, 1, 0 (x, y, z) is NaN");
});
