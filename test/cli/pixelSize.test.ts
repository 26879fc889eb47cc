/** What to do where a file names no pixel size, or several: the option that the messages advise. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { disk } from "../../src/io/disk.ts";
import { readMap } from "../../src/io/mrc.ts";
import { cryogan } from "./run.ts";

const cases = "test/data/cases/pixel-size-advice";
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-pixel-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each([
  ["none", "micpix.star", /has no column _rlnImagePixelSize.*; give the pixel size/],
  ["two", "twopix.star", /the pixel size is 7.05 Å, that of row 1 is 7 Å; .*give the pixel size/],
])("a file with %s", (_, name, complaint) => {
  const file = join(cases, name);

  test("is refused, and read with --pixel-size", async () => {
    const refused = await cryogan("inspect", file);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(complaint);
    const { code, stdout } = await cryogan("inspect", file, "--pixel-size", "6.5", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ particles: 40, pixelSizeAngstrom: 6.5 });
  });

  test("is taken by reconstruct, which asks for more particles", async () => {
    const run = ["reconstruct", file, "--out", join(folder, name)];
    expect((await cryogan(...run)).stderr).toMatch(complaint);
    expect((await cryogan(...run, "--pixel-size", "7")).stderr).toContain("40 particles are too few");
  });
});

test("the particles of one optics group have the pixel size of that group", async () => {
  const { code, stdout } = await cryogan("inspect", join(cases, "twopix.star"), "--optics-groups", "1", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ particles: 20, pixelSizeAngstrom: 7 });
});

test("a pixel size that no microscope has is refused, and one for a map", async () => {
  const file = join(cases, "micpix.star");
  expect((await cryogan("inspect", file, "--pixel-size", "1e-30")).stderr).toBe(
    'error: --pixel-size: expected a number from 0.1 to 100 in Å, got "1e-30"\n',
  );
  expect((await cryogan("inspect", join(cases, "s.mrcs"), "--pixel-size", "7")).stderr).toBe(
    "error: --pixel-size: has a meaning only with a particle file\n",
  );
});

describe("a map without one", () => {
  const cases = "test/data/cases/map-without-pixel-size";
  const map = join(cases, "nopix.mrc");

  test.each([
    ["evaluate", map, "--reference", join(cases, "ref.mrc")],
    ["evaluate", "--half-maps", map, map],
    ["postprocess", map, "--out", "x.mrc"],
    ["flip", map, "--out", "x.mrc"],
    ["resample", map, "--box", "12", "--out", "x.mrc"],
    ["project", map, "--count", "2", "--out", "x.mrcs"],
  ])("%s advises the option", async (...args) => {
    expect(await cryogan(...args)).toEqual({
      code: 1,
      stdout: "",
      stderr:
        `error: ${map} names no pixel size in its header; give it (--map-pixel-size), ` +
        "or write it there (relion_image_handler --force_header_angpix)\n",
    });
  });

  test("takes the one that is given", async () => {
    const out = join(folder, "resampled.mrc");
    const given = ["--map-pixel-size", "2.5", "--json"];
    const resampled = await cryogan("resample", map, "--box", "12", "--out", out, ...given);
    expect(JSON.parse(resampled.stdout)).toMatchObject({ boxSize: 12, pixelSizeAngstrom: 2.5 });
    expect((await readMap(disk.at(out))).pixelSizeAngstrom).toBeCloseTo(2.5, 5);
    const halves = await cryogan("evaluate", "--half-maps", map, map, "--no-align", ...given);
    expect(JSON.parse(halves.stdout)).toMatchObject({ correlation: 1, fsc: { pixelSizeAngstrom: 2.5 } });
    const flipped = join(folder, "flipped.mrc");
    await cryogan("flip", map, "--out", flipped, ...given);
    expect((await readMap(disk.at(flipped))).pixelSizeAngstrom).toBeCloseTo(2.5, 5);
    const sharpened = join(folder, "sharpened.mrc");
    const done = await cryogan("postprocess", map, "--low-pass", "8", "--b-factor", "0", "--out", sharpened, ...given);
    expect(done.code).toBe(0);
    expect((await readMap(disk.at(sharpened))).pixelSizeAngstrom).toBeCloseTo(2.5, 5);
  });
});
