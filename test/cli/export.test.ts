/**
 * What `export` writes, used by RELION: a run of 600 simulated images of a D4 molecule, refined further by two
 * iterations of auto-refine.
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { simulate } from "../../src/cli/actions/simulate.ts";
import { parseSimulateOptions } from "../../src/cli/options/simulate.ts";
import { evaluateAgainstReference } from "../../src/evaluate/evaluate.ts";
import { disk } from "../../src/io/disk.ts";
import { writeMap } from "../../src/io/mrc.ts";
import { pointGroup } from "../../src/physics/symmetry.ts";
import { nodeHost } from "../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../src/reconstruct/run/run.ts";
import { densityOf, moveBlobs, randomBlobs } from "../evaluate/blobs.ts";
import { installTestDebs, python } from "../io/helpers.ts";
import { otherRun, otherSet } from "./exportData.ts";
import { cryogan } from "./run.ts";

const boxSize = 32,
  pixelSizeAngstrom = 4;
let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const exported = async (run: string, ...args: string[]) => {
  const { code, stdout, stderr } = await cryogan("export", at(run), "--json", ...args);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as {
    resolutionAngstrom: number;
    lowPassAngstrom: number;
    particleDiameterAngstrom: number;
    normalised: boolean;
    links: number;
    particles: number;
  };
};

/** Programs of RELION as root and with more processes than cores, which Open MPI refuses unless told. */
const environment = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
};
const execute = (program: string, args: readonly string[], more: Record<string, string> = {}) =>
  execFileSync(program, args, { cwd: folder, stdio: "pipe", env: { ...environment, ...more }, maxBuffer: 1 << 28 });

beforeAll(async () => {
  installTestDebs();
  execFileSync(fileURLToPath(new URL("../../scripts/install-relion.sh", import.meta.url)), { stdio: "pipe" });
  folder = await mkdtemp(join(tmpdir(), "cryogan-export-"));
  const unit = randomBlobs(5, 8, 0.25 * boxSize * pixelSizeAngstrom, pixelSizeAngstrom);
  await writeMap(
    disk.at(at("model.mrc")),
    densityOf(
      pointGroup("D4").flatMap((g) => moveBlobs(unit, g, [0, 0, 0], false)),
      boxSize,
      pixelSizeAngstrom,
    ),
  );
  const silent = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await simulate(
      parseSimulateOptions({
        model: at("model.mrc"),
        out: at("data"),
        particles: 600,
        box: boxSize,
        snr: 3,
        shiftSigma: 3,
        device: "cpu",
      }),
    );
  } finally {
    silent.mockRestore();
  }
  await reconstruct(nodeHost, {
    particlesFile: at("data/particles.star"),
    out: at("run"),
    symmetry: "D4",
    maxShift: 9,
    maskDiameter: 115.2, // the circle that `simulate` normalises the images by
    device: "cpu",
    stages: [
      { kind: "adversarial", maxRadius: 6, iterations: 120 },
      { kind: "refinement", maxRadius: 8, iterations: 3, particles: Infinity },
      { kind: "local", maxRadius: 8, iterations: 2, particles: Infinity },
    ],
  });
});
afterAll(() => rm(folder, { recursive: true }));

test("two iterations of RELION's auto-refine by the script are nearer to the truth than the start model", async () => {
  const summary = await exported("run", "--relion", at("relion"));
  // Worked at to 128 Å / 8 = 16 Å.
  expect(summary).toMatchObject({
    particles: 600,
    resolutionAngstrom: 16,
    lowPassAngstrom: 24,
    particleDiameterAngstrom: 115,
    normalised: false,
    links: 0,
  });
  execute(at("relion/relion_refine.sh"), ["--auto_iter_max", "2", "--random_seed", "1"]);
  const resolution = async (map: string) =>
    (await evaluateAgainstReference(disk.at(at("relion", map)), disk.at(at("data/truth.mrc")))).report.fsc
      .resolution05Angstrom!;
  const start = await resolution("start.mrc");
  for (const half of ["half1", "half2"])
    expect(await resolution(`refine/run_it002_${half}_class001.mrc`)).toBeLessThan(0.9 * start);
});

test("with the poses that are written, relion_reconstruct makes the run's map where it lies", async () => {
  await exported("run", "--relion", at("poses"), "--poses");
  execute("relion_reconstruct", [
    "--i",
    at("poses/particles.star"),
    "--o",
    "reconstruction.mrc",
    "--ctf",
    "--sym",
    "D4",
  ]);
  // Unaligned, up to the 16 Å that poses were found at.
  const { report } = await evaluateAgainstReference(disk.at(at("reconstruction.mrc")), disk.at(at("poses/map.mrc")), {
    align: false,
    mask: "none",
  });
  expect(Math.min(...report.fsc.fsc.slice(0, 7))).toBeGreaterThan(0.95);
});

test("the start model is the map below its filter and nothing beyond; the mask holds the density", async () => {
  await exported("run", "--relion", at("filtered"), "--ini-high", "32");
  const statistics = python(
    `
import sys, numpy as np, mrcfile
read = lambda name: mrcfile.read(f"{sys.argv[1]}/{name}.mrc").astype("f8")
shells = np.round(np.sqrt(sum(np.meshgrid(*3 * [np.fft.fftfreq(32, 1 / 32) ** 2]))))
power = lambda v: np.array([(np.abs(np.fft.fftn(v)[shells == s]) ** 2).sum() for s in range(17)])
m, s, mask = read("map"), read("start"), read("mask")
ratio = power(s) / power(m)
print(ratio[1:3].min(), ratio[6:9].max(), mask.min(), mask.max(), mask[:2].max(), (m * mask).sum() / m.clip(0).sum())`,
    at("filtered"),
  );
  const [pass, stop, least, most, rim, held] = statistics.split(" ").map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // 128 Å / 32 Å is shell 4; the filter falls from shell 3 to 5. The map ends at shell 8.
  expect(pass).toBeCloseTo(1, 4);
  expect(stop).toBeLessThan(1e-6);
  expect([least, most, rim]).toEqual([0, 1, 0]);
  expect(held).toBeGreaterThan(0.7);
});

const anotherRun = (name: string, options: object, inverted = false): void =>
  otherRun(at("run"), at(name), options, inverted);

const anotherSet = (star: string, stack: string, a: number, b: number): string =>
  otherSet(folder, { star, stack, pixelSizeAngstrom }, a, b);

test("a stack named .mrc in a RELION project: a link that RELION reads, all names from the project", async () => {
  anotherSet("linked.star", "linked.mrc", 1, 0);
  anotherRun("linked run", { particlesFile: at("linked.star") });
  const out = at("External/it's_cryogan");
  expect(await exported("linked run", "--relion", out, "--project-root", folder)).toMatchObject({
    links: 1,
    normalised: false,
  });
  execute("relion_stack_create", ["--i", "External/it's_cryogan/particles.star", "--o", "joined"]);
  expect(
    Number(
      python(
        "import sys, mrcfile, numpy as np\nprint(np.abs(mrcfile.read(sys.argv[1]) - mrcfile.read(sys.argv[2])).max())",
        at("joined.mrcs"),
        at("data/particles.mrcs"),
      ),
    ),
  ).toBe(0);

  // An mpirun that tells its folder and its arguments.
  mkdirSync(at("bin"));
  writeFileSync(at("bin/mpirun"), '#!/bin/sh\npwd\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
  const lines = execute(join(out, "relion_refine.sh"), ["--gpu", ""], { PATH: `${at("bin")}:${process.env.PATH}` })
    .toString()
    .split("\n");
  expect(lines.slice(0, 8)).toEqual([
    folder,
    "-n",
    "3",
    "relion_refine_mpi",
    "--o",
    "External/it's_cryogan/refine/run",
    "--i",
    "External/it's_cryogan/particles.star",
  ]);
  expect(lines.slice(lines.indexOf("--ref"), lines.indexOf("--ref") + 2)).toEqual([
    "--ref",
    "External/it's_cryogan/start.mrc",
  ]);
  expect(lines.slice(lines.indexOf("--sym"), lines.indexOf("--sym") + 2)).toEqual(["--sym", "D4"]);
  expect(lines.slice(-3)).toEqual(["--gpu", "", ""]);
});

test("dark images that are not normalised are written anew as RELION needs them", async () => {
  anotherSet("dark.star", "dark.mrcs", -5, 7);
  anotherRun("dark run", { particlesFile: at("dark.star"), ctfPhaseFlipped: true }, true);
  expect(await exported("dark run", "--relion", at("dark"))).toMatchObject({ links: 0, normalised: true });
  expect(readFileSync(at("dark/relion_refine.sh"), "utf8")).toContain("--ctf --ctf_phase_flipped ");
  execute("relion_stack_create", ["--i", at("dark/particles.star"), "--o", "bright"]);
  const [mean, deviation, likeness] = python(
    `
import sys, numpy as np, mrcfile
before, images = mrcfile.read(sys.argv[1]), mrcfile.read(sys.argv[2])
y, x = np.indices((32, 32)) - 16
outside = np.hypot(x, y) > 14.4
around = images[:, outside]
correlation = np.corrcoef(before.ravel(), images.ravel())[0, 1]
print(np.abs(around.mean(1)).max(), np.abs(around.std(1) - 1).max(), correlation)`,
    at("data/particles.mrcs"),
    at("bright.mrcs"),
  )
    .split(" ")
    .map(Number) as [number, number, number];
  expect(mean).toBeLessThan(1e-4);
  expect(deviation).toBeLessThan(1e-4);
  expect(likeness).toBeGreaterThan(0.95);
});

test("what is missing is said in one line", async () => {
  const failure = async (run: string, ...args: string[]) => {
    const { code, stderr } = await cryogan("export", at(run), ...args);
    return `${code} ${stderr.trim()}`;
  };
  mkdirSync(at("begun"));
  copyFileSync(at("run/config.json"), at("begun/config.json"));
  expect(await failure("begun", "--relion", at("x"))).toBe(
    `1 error: ${at("begun")} has no map.mrc yet; wait for the end of a stage`,
  );
  copyFileSync(at("run/map.mrc"), at("begun/map.mrc"));
  expect(await failure("begun", "--relion", at("x"))).toBe(
    `1 error: ${at("begun")} does not tell its resolution; give the filter of the start model with --ini-high`,
  );
  expect(await failure("begun", "--relion", at("x"), "--ini-high", "20", "--poses")).toBe(
    `1 error: ${at("begun")} has no poses: they are found by stages of local refinement; export without --poses`,
  );
  expect(await failure("run", "--relion", at("x"), "--project-root", at("data"))).toBe(
    `1 error: ${at("x")} is not in the project folder ${at("data")}; give a folder inside it`,
  );
  expect(await failure("run")).toBe("2 error: --relion: is required: a folder, or --cryosparc");
});
