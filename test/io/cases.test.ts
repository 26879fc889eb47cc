/** The inputs of test/data/cases, each answered as its README says is right: what the readers make of them. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readCs } from "../../src/io/cs.ts";
import { disk } from "../../src/io/disk.ts";
import { firstListed } from "../../src/io/duplicates.ts";
import { openStack, readMap } from "../../src/io/mrc.ts";
import { openParticleImages, readParticles, validateImages } from "../../src/io/particles.ts";
import { inputError } from "./helpers.ts";

const at = (...parts: string[]): string => join(import.meta.dirname, "../data/cases", ...parts);

async function imagesOf(path: string): Promise<Float32Array> {
  const set = await readParticles(disk, path);
  const images = await openParticleImages(disk, set);
  const pixels = new Float32Array(set.count * set.boxSize ** 2);
  await images.read(
    Array.from({ length: set.count }, (_, i) => i),
    pixels,
  );
  await images.close();
  return pixels;
}

describe("keys that stand twice", () => {
  test("joined-star: both tables are named", async () => {
    const path = at("joined-star", "cat.star");
    expect(await inputError(() => readParticles(disk, path))).toBe(
      `${path}: data_particles in line 18 and data_particles in line 65 could both be meant; ` +
        "leave one, or join their rows into one table",
    );
  });

  test("group-number-twice: both rows are named", async () => {
    const path = at("group-number-twice", "dupgroup.star");
    expect(await inputError(() => readParticles(disk, path))).toBe(
      `${path}: row 2 (line 15) of data_optics describes optics group 1 again, as row 1 does; ` +
        "give each its own number",
    );
  });

  test("duplicate-particles: a warning with their number, and each copy is known as one", async () => {
    const path = at("duplicate-particles", "dup.star");
    const set = await readParticles(disk, path);
    expect(set.count).toBe(80);
    expect(set.warnings).toEqual([
      `40 of 80 particles are listed again: ${path}: row 41 (line 67) is the particle of ${path}: row 1 (line 27); ` +
        "half-maps keep copies in one half, but each counts: remove them",
    ]);
    expect([...firstListed(set)]).toEqual(Array.from({ length: 80 }, (_, i) => i % 40));
  });
});

describe("fields that change the pixels", () => {
  test("mixed-sign: images come in the sign of row 1, and a warning names the first that differs", async () => {
    const path = at("mixed-sign", "P1/J3/J3_particles.cs");
    const set = await readParticles(disk, path);
    expect(set.warnings).toEqual([
      `${path}: row 21: blob/sign is -1, that of row 1 is 1; ` +
        "images whose sign differs from that of row 1 are multiplied by -1",
    ]);
    // The second half of the rows names images that are the negative ones of this stack.
    const stored = await openStack(disk.at(at("mixed-sign", "P1/J2/extract/b_particles.mrc")));
    const dark = new Float32Array(20 * 32 * 32);
    await stored.read(set.imageIndex.subarray(20), dark);
    await stored.close();
    expect((await imagesOf(path)).subarray(20 * 32 * 32)).toEqual(dark.map((v) => -v));
  });

  test("unsigned-bytes: the same numbers as in the stack of floats", async () => {
    const [bytes, floats] = await Promise.all([
      imagesOf(at("unsigned-bytes", "unsigned.star")),
      imagesOf(at("unsigned-bytes", "same_float.star")),
    ]);
    expect(bytes).toEqual(floats);
    expect(Math.max(...bytes)).toBeGreaterThan(127);
  });
});

test("ignored-aberrations: one line tells them all", async () => {
  const path = at("ignored-aberrations", "mag.star");
  expect((await readParticles(disk, path)).warnings).toEqual([
    `${path}: not corrected for, and fine detail may suffer: anisotropic magnification (rlnMagMat00, rlnMagMat11); ` +
      "beam tilt (rlnBeamTiltX, rlnBeamTiltY); odd Zernike terms (rlnOddZernike); " +
      "refine the map with this file in the program that wrote it",
  ]);
});

describe("columns that nobody uses refuse no file", () => {
  test("particle-file-nonsense/nanpose.star: no angles, and a warning; an error for who needs them", async () => {
    const path = at("particle-file-nonsense", "nanpose.star");
    const set = await readParticles(disk, path);
    expect([set.count, set.poses]).toEqual([40, undefined]);
    const fault = `${path}: row 1 (line 30): _rlnAngleRot is "nan", which is not a number`;
    expect(set.warnings).toEqual([`${fault}; the angles of this file are left out`]);
    expect(await inputError(() => readParticles(disk, path, { needs: ["poses"] }))).toBe(fault);
  });

  test.each(["all_one.star", "all_zero.star"])("random-subset-column/%s: never divided", async (name) => {
    const set = await readParticles(disk, at("random-subset-column", name), { needs: ["halfSets"] });
    expect([set.count, set.randomSubset, set.warnings]).toEqual([260, undefined, []]);
  });
});

test("pixel-size-advice: the option that is advised gives the size", async () => {
  for (const name of ["micpix.star", "twopix.star"]) {
    const path = at("pixel-size-advice", name);
    expect(await inputError(() => readParticles(disk, path))).toContain("(--pixel-size)");
    expect((await readParticles(disk, path, { pixelSizeAngstrom: 7 })).pixelSizeAngstrom).toBe(7);
  }
});

describe("maps", () => {
  test("map-with-nan: the voxel is named", async () => {
    const path = at("map-with-nan", "nan.mrc");
    expect(await inputError(() => readMap(disk.at(path)))).toMatch(
      /nan\.mrc holds what is no number: voxel \d+, \d+, \d+ \(x, y, z\) is NaN; make the map anew$/,
    );
    expect((await readMap(disk.at(at("map-with-nan", "ref.mrc")))).shape).toEqual([16, 16, 16]);
  });

  test("map-without-pixel-size: read with the size that is given", async () => {
    const path = at("map-without-pixel-size", "nopix.mrc");
    expect(await inputError(() => readMap(disk.at(path)))).toContain(
      `${path} names no pixel size in its header; write it there`,
    );
    expect((await readMap(disk.at(path), { pixelSizeAngstrom: 4 })).pixelSizeAngstrom).toBe(4);
  });
});

describe("files of other kinds", () => {
  test("a group file of cryoSPARC", async () => {
    const path = at("foreign-files", "particles.csg");
    expect(await inputError(() => readParticles(disk, path))).toBe(
      `${path} is a cryoSPARC group file, which holds no particles: give the .cs file J2_particles.cs`,
    );
  });

  test("a compressed stack", async () => {
    const set = await readParticles(disk, at("foreign-files", "bz2.star"));
    expect(await inputError(() => validateImages(disk, set))).toBe(
      `${at("foreign-files", "s.mrcs.bz2")} is compressed; unpack it with bunzip2`,
    );
  });
});

test("hostile/badcodepoint.cs: the name is refused when it is read", async () => {
  const path = at("hostile", "badcodepoint.cs");
  const { fields } = await readCs(disk.at(path));
  expect(fields.get("uid")!.values).toHaveLength(1);
  expect(await inputError(() => fields.get("blob/path")!.values)).toMatch(
    /: row 1: blob\/path holds \d+, which is no character$/,
  );
});

test.each([
  ["hostile/deep.cs", "deep.cs: the numpy header cannot be understood"],
  ["hostile/negshape.cs", "negshape.cs: the numpy header cannot be understood"],
  ["hostile/hugeshape.cs", "hugeshape.cs is truncated: 5 rows need 20000000000094 bytes, the file holds 94"],
  ["hostile/zero-width.cs", "zero-width.cs has no field with a value in it"],
  ["hostile/wrap.cs", "wrap.cs: row 6: blob/idx is 4294967301; it must be a whole number from 0 to 2147483646"],
  ["hostile/fracidx.cs", "fracidx.cs: row 6: blob/idx is 5.7; it must be a whole number from 0 to 2147483646"],
  [
    "hostile/tinypix.star",
    "tinypix.star: row 1 (line 29): the pixel size is 1e-30 Å; it must be between 0.1 and 100 Å",
  ],
  [
    "hostile/hugepix.star",
    "hugepix.star: row 1 (line 29): the pixel size is 1e+30 Å; it must be between 0.1 and 100 Å",
  ],
  [
    "particle-file-nonsense/overflow.star",
    'overflow.star: row 4 (line 30): _rlnImageName is "4294967297@s.mrcs"; it must be like 000001@stack.mrcs',
  ],
])("%s is refused", async (name, message) => {
  expect(await inputError(() => readParticles(disk, at(name)))).toContain(message);
});
