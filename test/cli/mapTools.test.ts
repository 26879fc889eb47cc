/** flip, resample and postprocess against RELION's programs and against densities known everywhere. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Volume } from "../../src/base/types.ts";
import { flip } from "../../src/cli/actions/flip.ts";
import { postprocessMap } from "../../src/cli/actions/postprocess.ts";
import { resampleMap } from "../../src/cli/actions/resample.ts";
import { parseFlipOptions } from "../../src/cli/options/flip.ts";
import { parsePostprocessOptions } from "../../src/cli/options/postprocess.ts";
import { parseResampleOptions } from "../../src/cli/options/resample.ts";
import { fourierShellCorrelation } from "../../src/evaluate/fsc.ts";
import type { PostprocessReport } from "../../src/evaluate/postprocess.ts";
import { disk } from "../../src/io/disk.ts";
import { readMap, writeMap } from "../../src/io/mrc.ts";
import { parseStar } from "../../src/io/star.ts";
import { sphericalMask } from "../../src/physics/mask.ts";
import { densityOf, randomBlobs, withNoise } from "../evaluate/blobs.ts";
import { inputError } from "../io/helpers.ts";
import { cryogan } from "./run.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const relion = (program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd: folder, stdio: "pipe" }).toString();
async function silently(run: () => Promise<void>): Promise<string> {
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await run();
    return printed.mock.calls.map(([text]) => String(text)).join("");
  } finally {
    printed.mockRestore();
  }
}

beforeAll(async () => {
  execFileSync(fileURLToPath(new URL("../../scripts/install-relion.sh", import.meta.url)), { stdio: "pipe" });
  folder = await mkdtemp(join(tmpdir(), "cryogan-map-tools-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Largest difference, in units of the largest value of b. */
function difference(a: Volume, b: Volume): number {
  expect(a.shape).toEqual(b.shape);
  const peak = b.data.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
  return a.data.reduce((worst, v, i) => Math.max(worst, Math.abs(v - b.data[i]!)), 0) / peak;
}

describe("flip", () => {
  test("is relion_image_handler --invert_hand, voxel by voxel; origin and pixel size stay", async () => {
    const n = 32;
    await writeMap(disk.at(at("hand.mrc")), {
      ...densityOf(randomBlobs(2, 12, 0.2 * n * 2, 3), n, 2),
      originAngstrom: [10, -20, 30],
    });
    relion("relion_image_handler", "--i", "hand.mrc", "--o", "relion-hand.mrc", "--invert_hand");
    await silently(() => flip(parseFlipOptions({ map: at("hand.mrc"), out: at("flipped.mrc") })));
    const flipped = await readMap(disk.at(at("flipped.mrc")));
    expect(difference(flipped, await readMap(disk.at(at("relion-hand.mrc"))))).toBe(0);
    expect(difference(flipped, await readMap(disk.at(at("hand.mrc"))))).toBeGreaterThan(0.5);
    expect([flipped.pixelSizeAngstrom, ...flipped.originAngstrom]).toEqual([2, 10, -20, 30]);
  });
});

describe("resample", () => {
  const blobs = randomBlobs(3, 12, 20, 5),
    n = 48,
    pixel = 2;
  const resampled = async (values: Record<string, unknown>): Promise<Volume> => {
    await silently(() =>
      resampleMap(parseResampleOptions({ map: at("map.mrc"), out: at("resampled.mrc"), ...values })),
    );
    return readMap(disk.at(at("resampled.mrc")));
  };
  beforeAll(() => writeMap(disk.at(at("map.mrc")), { ...densityOf(blobs, n, pixel), originAngstrom: [-48, 0, 5] }));

  test.each([
    ["coarser", 3, 32],
    ["finer", 1.5, 64],
  ])("to %s pixels is relion_image_handler --rescale_angpix, and the density itself", async (_, newPixel, box) => {
    relion(
      "relion_image_handler",
      "--i",
      "map.mrc",
      "--o",
      "relion-rescaled.mrc",
      "--angpix",
      String(pixel),
      "--rescale_angpix",
      String(newPixel),
    );
    const found = await resampled({ pixelSize: String(newPixel) });
    expect(found.shape).toEqual([box, box, box]);
    expect(difference(found, await readMap(disk.at(at("relion-rescaled.mrc"))))).toBeLessThan(2e-3);
    expect(difference(found, densityOf(blobs, box, newPixel))).toBeLessThan(2e-3);
    expect(found.pixelSizeAngstrom).toBeCloseTo(newPixel, 5);
    // the centre is 48 Å from the first voxel, as it was
    expect(found.originAngstrom.map((v) => Math.round(v))).toEqual([-48, 0, 5]);
  });

  test.each([[32], [60], [41]])("to a box of %i is relion_image_handler --new_box, voxel by voxel", async (box) => {
    relion(
      "relion_image_handler",
      "--i",
      "map.mrc",
      "--o",
      "relion-box.mrc",
      "--angpix",
      String(pixel),
      "--new_box",
      String(box),
    );
    const found = await resampled({ box: String(box) });
    expect(difference(found, await readMap(disk.at(at("relion-box.mrc"))))).toBe(0);
    const first = (24 - Math.floor(box / 2)) * pixel;
    expect(found.originAngstrom).toEqual([-48 + first, first, 5 + first]);
  });

  test("to a pixel size that does not divide the box, and to a box with it", async () => {
    const odd = await resampled({ pixelSize: "2.3" });
    expect(odd.shape).toEqual([42, 42, 42]); // 96 Å are 41.7 of them
    expect(difference(odd, densityOf(blobs, 42, 2.3))).toBeLessThan(3e-3);
    const both = await resampled({ pixelSize: "2.5", box: "50" });
    expect(difference(both, densityOf(blobs, 50, 2.5))).toBeLessThan(3e-3);
  });
});

describe("postprocess", () => {
  const n = 64,
    pixel = 1.5,
    sigma = 1.3,
    bOfAtoms = 8 * Math.PI ** 2 * sigma ** 2;
  // Many atoms, all alike: amplitudes fall as exp(-B s²/4) with B = 8π²σ² = 133 Å².
  const truth = densityOf(
    randomBlobs(6, 600, 27, 1).map((blob) => ({ ...blob, sigmaAngstrom: sigma })),
    n,
    pixel,
  );
  let relions: Volume, ours: PostprocessReport;

  beforeAll(async () => {
    await writeMap(disk.at(at("half1_unmasked.mrc")), withNoise(truth, 0.1, 1));
    await writeMap(disk.at(at("half2_unmasked.mrc")), withNoise(truth, 0.1, 2));
    await writeMap(disk.at(at("map.mrc")), truth);
    await writeMap(disk.at(at("mask.mrc")), { ...truth, data: sphericalMask(truth.shape, 37.5 / pixel, 9 / pixel) });
    await silently(() =>
      postprocessMap(parsePostprocessOptions({ map: folder, mask: at("mask.mrc"), out: at("post.mrc") })),
    );
    ours = JSON.parse(await readFile(at("post.json"), "utf8")) as PostprocessReport;
    await mkdir(at("relion"));
    // RELION's own default fits to the Nyquist frequency, far into the noise.
    relion(
      "relion_postprocess",
      "--i",
      "half1_unmasked.mrc",
      "--i2",
      "half2_unmasked.mrc",
      "--mask",
      "mask.mrc",
      "--angpix",
      String(pixel),
      "--low_pass",
      String(ours.lowPassAngstrom),
      "--auto_bfac",
      "--autob_lowres",
      "10",
      "--autob_highres",
      String(ours.resolutionAngstrom),
      "--o",
      "relion/post",
    );
    relions = await readMap(disk.at(at("relion/post.mrc")));
  });

  const relionBlock = (name: string) =>
    parseStar(readFileSync(at("relion/post.star"), "utf8"), "post.star").find((block) => block.name === name)!;
  const general = (label: string): number =>
    Number(relionBlock("general").value(0, relionBlock("general").columns.indexOf(label)));

  test("resolution and B-factor are RELION's", async () => {
    const resolution = general("rlnFinalResolution"),
      bFactor = general("rlnBfactorUsedForSharpening");
    // RELION names the last shell above 0.143, we where the curve crosses: within a shell.
    const shell = (angstrom: number) => (n * pixel) / angstrom;
    expect(Math.abs(shell(ours.resolutionAngstrom!) - shell(resolution))).toBeLessThan(1.01);
    expect(ours.bFactorAngstrom2 / bFactor).toSatisfy((ratio: number) => Math.abs(ratio - 1) < 0.05);
  });

  test("without noise the B-factor is that of the atoms", async () => {
    await writeMap(disk.at(at("clean.mrc")), truth);
    const printed = await silently(() =>
      postprocessMap(
        parsePostprocessOptions({
          map: at("clean.mrc"),
          lowPass: "3.2",
          mask: "none",
          out: at("clean-auto.mrc"),
          json: true,
        }),
      ),
    );
    const { bFactorAngstrom2, guinier } = JSON.parse(printed) as PostprocessReport;
    expect(-bFactorAngstrom2 / bOfAtoms).toSatisfy((ratio: number) => Math.abs(ratio - 1) < 0.1);
    expect(guinier.fit!.correlation).toBeLessThan(-0.99);
  });

  test("the sharpened map is RELION's, shell by shell up to the resolution, and so is its masked version", async () => {
    const map = await readMap(disk.at(at("post.mrc"))),
      shells = Math.floor((n * pixel) / ours.resolutionAngstrom!) - 1;
    const { fsc } = fourierShellCorrelation(map, relions);
    expect(Math.min(...fsc.slice(0, shells))).toBeGreaterThan(0.99);
    const power = (volume: Volume) => volume.data.reduce((sum, v) => sum + v * v, 0);
    expect(power(map) / power(relions)).toSatisfy((ratio: number) => Math.abs(ratio - 1) < 0.1);
    expect(
      Math.min(
        ...fourierShellCorrelation(
          await readMap(disk.at(at("post_masked.mrc"))),
          await readMap(disk.at(at("relion/post_masked.mrc"))),
        ).fsc.slice(0, shells),
      ),
    ).toBeGreaterThan(0.99);
  });

  test("the Guinier plot is written and straight after sharpening", () => {
    const { original, sharpened, fit } = ours.guinier;
    expect(original.logAmplitude).toHaveLength(n / 2);
    expect(fit!.correlation).toBeLessThan(-0.95);
    // RELION's points: another unit of amplitude, and the mean in place of the root mean square.
    const guinier = relionBlock("guinier"),
      value = (label: string, i: number) => Number(guinier.value(i + 1, guinier.columns.indexOf(label)));
    const inFit = original.inverseSquareResolution
      .map((s2, i) => ({ s2, i }))
      .filter(({ s2 }) => s2 > 0.01 && s2 < 0.8 / ours.resolutionAngstrom! ** 2);
    for (const [label, { logAmplitude }] of [
      ["rlnLogAmplitudesOriginal", original],
      ["rlnLogAmplitudesWeighted", ours.guinier.weighted],
      ["rlnLogAmplitudesSharpened", sharpened],
    ] as const) {
      const offsets = inFit.map(({ i }) => logAmplitude[i]! - value(label, i));
      expect(Math.max(...offsets) - Math.min(...offsets), label).toBeLessThan(0.15);
    }
    expect(inFit.every(({ s2, i }) => Math.abs(s2 - value("rlnResolutionSquared", i)) < 1e-5)).toBe(true);
  });

  test("a given B-factor and resolution do what they say to a map without half-maps", async () => {
    const text = await silently(() =>
      postprocessMap(
        parsePostprocessOptions({
          map: at("clean.mrc"),
          bFactor: "-100",
          lowPass: "4.8",
          mask: "none",
          out: at("clean-sharp.mrc"),
        }),
      ),
    );
    expect(text).toMatch(/B-factor +-100 Å²\nLow-pass filter +4\.8 Å\n/);
    // Gaussians of B = 133 Å² become Gaussians of 33 Å², cut off at 4.8 Å, which is shell 20: the same as RELION's
    // image handler makes of them.
    relion(
      "relion_image_handler",
      "--i",
      "clean.mrc",
      "--o",
      "relion-clean.mrc",
      "--angpix",
      String(pixel),
      "--bfactor",
      "-100",
      "--lowpass",
      "4.8",
    );
    expect(
      difference(await readMap(disk.at(at("clean-sharp.mrc"))), await readMap(disk.at(at("relion-clean.mrc")))),
    ).toBeLessThan(1e-3);
  });

  test("where the maps are too coarse for a Guinier plot no B-factor is taken, and the reason is told", async () => {
    const coarse = densityOf(randomBlobs(6, 40, 60, 8), 40, 5);
    await writeMap(disk.at(at("coarse1.mrc")), withNoise(coarse, 0.05, 1));
    await writeMap(disk.at(at("coarse2.mrc")), withNoise(coarse, 0.05, 2));
    const text = await silently(() =>
      postprocessMap(
        parsePostprocessOptions({ half1: at("coarse1.mrc"), half2: at("coarse2.mrc"), out: at("coarse.mrc") }),
      ),
    );
    expect(text).toMatch(
      /B-factor +0 Å²\n +no B-factor was fitted: from 10 Å to the resolution of [\d.]+ Å there are 0 Fourier shells/,
    );
  });

  test("what cannot be done is refused in one line", async () => {
    const run = (values: Record<string, unknown>) =>
      inputError(() => postprocessMap(parsePostprocessOptions({ out: at("x.mrc"), ...values })));
    expect(await run({ map: at("half1_unmasked.mrc") })).toBe(
      "the resolution to filter to is found from half-maps: give --half1 and --half2, or --low-pass",
    );
    expect(await run({ half1: at("half1_unmasked.mrc") })).toBe("--half2: is required with --half1");
    expect(await run({})).toBe("MAP: is required: a map or a run folder, or --half1 and --half2");
    expect(await run({ map: folder, bFactor: "high" })).toContain("--b-factor: expected auto or a number");
    expect(await run({ map: folder, out: at("x.txt") })).toBe(
      `--out: expected a map to write, named .mrc, got "${at("x.txt")}"`,
    );
    await writeMap(disk.at(at("other.mrc")), densityOf(randomBlobs(2, 12, 20, 3), 48, 2));
    expect(await run({ half1: at("half1_unmasked.mrc"), half2: at("other.mrc") })).toBe(
      `${at("other.mrc")} has 48 voxels of 2 Å, the map 64 of 1.5 Å: resample one (cryogan resample)`,
    );
  });
});

test("the commands run, and tell what they wrote as JSON", async () => {
  await writeMap(disk.at(at("small.mrc")), densityOf(randomBlobs(1, 5, 10, 4), 16, 3));
  const json = async (...args: string[]) => JSON.parse((await cryogan(...args, "--json")).stdout) as unknown;
  expect(await json("flip", at("small.mrc"), "--out", at("a.mrc"))).toEqual({ map: at("small.mrc"), out: at("a.mrc") });
  expect(await json("resample", at("small.mrc"), "--box", "20", "--out", at("b.mrc"))).toEqual({
    map: at("small.mrc"),
    out: at("b.mrc"),
    boxSize: 20,
    pixelSizeAngstrom: 3,
    originAngstrom: [-6, -6, -6],
  });
  expect(
    await json("postprocess", at("small.mrc"), "--b-factor", "-50", "--low-pass", "8", "--out", at("c.mrc")),
  ).toMatchObject({ bFactorAngstrom2: -50, lowPassAngstrom: 8, halves: null });
});
