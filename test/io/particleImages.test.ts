import { readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { ParticleSet } from "../../src/base/types.ts";
import { disk } from "../../src/io/disk.ts";
import { openParticleImages, readParticles, subset, validateImages } from "../../src/io/particles.ts";
import { inputError, installTestDebs, python, temporaryFolder } from "./helpers.ts";

beforeAll(installTestDebs);

/**
 * `stacks` stacks s0.mrcs, s1.mrcs, ... of 5 images of 4 x 4: pixel p of image k in stack s is 1000 s + 100 k + p.
 * The STAR file (first row in line 11) names the images as given.
 */
async function project(stacks: number, names: string[], boxSize = 4): Promise<{ folder: string; set: ParticleSet }> {
  const folder = temporaryFolder();
  python(
    `
import sys, numpy as np, mrcfile
for s in range(${stacks}):
    data = np.fromfunction(lambda k, y, x: 1000*s + 100*k + 4*y + x, (5, 4, 4))
    mrcfile.write(f"{sys.argv[1]}/s{s}.mrcs", data.astype("f4"), voxel_size=2)`,
    folder,
  );
  const columns = [
    "rlnImageName",
    "rlnDefocusU",
    "rlnDefocusV",
    "rlnDefocusAngle",
    "rlnVoltage",
    "rlnSphericalAberration",
    "rlnAmplitudeContrast",
    "rlnImagePixelSize",
  ];
  const path = join(folder, "particles.star");
  writeFileSync(
    path,
    [
      "data_",
      "loop_",
      ...columns.map((label) => `_${label}`),
      ...names.map((name) => `${name} 9000 9000 0 300 2 0.1 2`),
    ].join("\n"),
  );
  return { folder, set: await readParticles(disk, path, { boxSize }) };
}

const image = (stack: number, k: number) => Array.from({ length: 16 }, (_, p) => 1000 * stack + 100 * k + p);

test("images come in the order asked for, from any stack", async () => {
  const { set } = await project(3, ["2@s1.mrcs", "5@s0.mrcs", "1@s2.mrcs", "3@s1.mrcs", "4@s0.mrcs"]);
  const images = await openParticleImages(disk, set);
  const wanted = [4, 0, 2, 3, 1, 0];
  const out = new Float32Array(6 * 16);
  await images.read(wanted, out);
  expect([...out]).toEqual([image(0, 3), image(1, 1), image(2, 0), image(1, 2), image(0, 4), image(1, 1)].flat());
  // Calls that overlap do not disturb one another.
  const [a, b] = [new Float32Array(16), new Float32Array(16)];
  await Promise.all([images.read([2], a), images.read([1], b)]);
  expect([...a, ...b]).toEqual([image(2, 0), image(0, 4)].flat());
  await expect(images.read([0, 1], a)).rejects.toThrow(RangeError);
  await images.close();
});

test("many stacks and many images of one stack, with few files open", async () => {
  const names = Array.from({ length: 100 }, (_, s) => [1, 2, 3, 4, 5].map((k) => `${k}@s${s}.mrcs`)).flat();
  const { set } = await project(100, names);
  const openFiles = () => readdirSync("/proc/self/fd").length;
  const before = openFiles();
  const images = await openParticleImages(disk, set);
  expect(openFiles()).toBeLessThanOrEqual(before + 1);
  // Every particle once in a scrambled order, then one stack's images 40 times over.
  const order = names.map((_, i) => (i * 7) % 500);
  const out = new Float32Array(500 * 16);
  await images.read(order, out);
  expect([...out]).toEqual(order.flatMap((i) => image(Math.floor(i / 5), i % 5)));
  expect(openFiles() - before).toBeLessThanOrEqual(65);
  const repeated = Array.from({ length: 200 }, (_, i) => i % 5);
  await images.read(repeated, out);
  expect([...out.subarray(0, 200 * 16)]).toEqual(repeated.flatMap((k) => image(0, k)));
  await images.close();
  expect(openFiles()).toBeLessThanOrEqual(before + 1);
});

test("an image that the stack does not hold is named before any work", async () => {
  const { set } = await project(2, ["1@s0.mrcs", "5@s1.mrcs", "1000000@s0.mrcs", "6@s1.mrcs"]);
  const message = `${set.source}: row 3 (line 13) names image 1000000 of s0.mrcs, which holds 5 images`;
  expect(await inputError(() => validateImages(disk, set))).toBe(message);
  expect(await inputError(() => openParticleImages(disk, set))).toBe(message);
  await validateImages(disk, subset(set, Int32Array.of(0, 1)));
  expect(await inputError(() => validateImages(disk, subset(set, Int32Array.of(1, 3))))).toBe(
    `${set.source}: row 4 (line 14) names image 6 of s1.mrcs, which holds 5 images`,
  );
});

test("missing, truncated and differently sized stacks are named", async () => {
  const { folder, set } = await project(2, ["1@s0.mrcs", "1@s1.mrcs", "2@sub/none.mrcs"]);
  expect(await inputError(() => validateImages(disk, set))).toBe(
    `${set.source}: row 3 (line 13) names ${join(folder, "sub/none.mrcs")}, which does not exist; ` +
      "give the project folder that stack names are relative to",
  );
  truncateSync(join(folder, "s1.mrcs"), 1024 + 4 * 64 + 1);
  expect(await inputError(() => validateImages(disk, set))).toContain(
    `${join(folder, "s1.mrcs")} is truncated: 5 images need 1344 bytes, the file holds 1281; ` +
      "the last whole image is number 4",
  );
  const wrongBox = await project(1, ["1@s0.mrcs"], 8);
  expect(await inputError(() => validateImages(disk, wrongBox.set))).toBe(
    `${wrongBox.set.source}: row 1 (line 11) names s0.mrcs, whose images have 4 x 4 pixels; the box size is 8`,
  );
});

test.each(["nan", "inf", "-inf"])("a pixel that is %s is found when it is read", async (value) => {
  const { folder, set } = await project(1, ["1@s0.mrcs", "4@s0.mrcs"]);
  python(
    `
import sys, mrcfile
m = mrcfile.open(sys.argv[1], "r+")
m.data[3, 3, 3] = float("${value}")
m.flush()`,
    join(folder, "s0.mrcs"),
  );
  const images = await openParticleImages(disk, set);
  const out = new Float32Array(32);
  await images.read([0], out);
  expect(await inputError(() => images.read([0, 1], out))).toBe(
    `${set.source}: row 2 (line 12): image 4 of s0.mrcs has a pixel that is NaN or infinite; remove this particle`,
  );
  await images.read([0], out); // the reader stays usable
  expect([...out.subarray(0, 16)]).toEqual(image(0, 0));
  await images.close();
});
