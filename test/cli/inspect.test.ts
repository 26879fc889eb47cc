import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MrcSummary } from "../../src/cli/inspect/mrc.ts";
import { disk } from "../../src/io/disk.ts";
import { writeMap, writeStack } from "../../src/io/mrc.ts";
import type { ParticleSummary } from "../../src/reconstruct/measure/particleSummary.ts";
import { cryogan } from "./run.ts";

const box = 8;
let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-inspect-"));
  // Pixels 0 and 2 in turn: mean 1, standard deviation 1.
  await writeStack(
    disk.at(at("one.mrcs")),
    {
      width: box,
      height: box,
      pixelSizeAngstrom: 1.5,
      mode: 2,
    },
    [Float32Array.from({ length: 6 * box * box }, (_, i) => 2 * (i % 2))],
  );
  const rows = [
    "000001@one.mrcs 10000 12000 1",
    "000006@one.mrcs 20000 20000 1",
    "000001@gone.mrcs 30000 30000 2",
    "000002@gone.mrcs 40000 40000 2",
  ];
  await writeFile(
    at("particles.star"),
    `
data_optics

loop_
_rlnOpticsGroup
_rlnOpticsGroupName
_rlnVoltage
_rlnSphericalAberration
_rlnAmplitudeContrast
_rlnImagePixelSize
_rlnImageSize
1 krios 300 2.7 0.1 1.5 8
2 talos 200 2.0 0.07 1.5 8

data_particles

loop_
_rlnImageName
_rlnDefocusU
_rlnDefocusV
_rlnOpticsGroup
_rlnDefocusAngle
${rows.map((row) => `${row} 0`).join("\n")}
`,
  );
  // A ramp along x on a 4 x 4 x 4 grid: 0, 1, 2, 3.
  await writeMap(disk.at(at("ramp.mrc")), {
    data: Float32Array.from({ length: 64 }, (_, i) => i % 4),
    shape: [4, 4, 4],
    pixelSizeAngstrom: 2.5,
    originAngstrom: [-5, 0, 5],
  });
});
afterAll(() => rm(folder, { recursive: true }));

describe("particles", () => {
  test("as JSON", async () => {
    const { code, stdout } = await cryogan("inspect", at("particles.star"), "--json");
    expect(code).toBe(0);
    const summary = JSON.parse(stdout) as ParticleSummary;
    expect(summary).toMatchObject({
      kind: "particles",
      particles: 4,
      boxSize: 8,
      pixelSizeAngstrom: 1.5,
      hasPoses: false,
      stacks: 2,
      opticsGroups: [
        { name: "krios", particles: 2, voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 },
        { name: "talos", particles: 2, voltageKv: 200, sphericalAberrationMm: 2, amplitudeContrast: 0.07 },
      ],
      defocusAngstrom: { minimum: 11_000, maximum: 40_000, mean: 25_250 },
      astigmatismAngstrom: 500,
      pixels: { images: 2, count: 128, notFinite: 0, mean: 1, standardDeviation: 1, minimum: 0, maximum: 2 },
    });
    // Bins of 2,900 Å from 11,000 Å.
    expect(summary.defocusAngstrom.histogram.counts).toEqual([1, 0, 0, 1, 0, 0, 1, 0, 0, 1]);
    expect(summary.stackProblems).toEqual([
      { stack: at("gone.mrcs"), particles: 2, problem: expect.stringContaining("gone.mrcs") },
    ]);
  });

  test("as text", async () => {
    const { code, stdout } = await cryogan("inspect", at("particles.star"));
    expect(code).toBe(0);
    expect(stdout).toMatch(/Particles +4\n/);
    expect(stdout).toMatch(/Box +8 px \(12 Å\)\n/);
    expect(stdout).toMatch(/Stacks +2, 1 with problems\n/);
    expect(stdout).toMatch(/krios +2 +300 +2\.7 +0\.1\n/);
    expect(stdout).toMatch(/Defocus +1\.1 µm to 4 µm, mean 2\.5\d? µm\n/);
    expect(stdout).toMatch(/1\.1 to 1\.39 +█{40} +1\n/);
    expect(stdout).toMatch(/gone\.mrcs.*\(2 particles\)/);
  });

  test("an image beyond the end of its stack is a problem of the stack", async () => {
    const text = (await readFile(at("particles.star"), "utf8")).replace("000006@one", "000007@one");
    await writeFile(at("beyond.star"), text);
    const { stdout } = await cryogan("inspect", at("beyond.star"), "--json");
    expect((JSON.parse(stdout) as ParticleSummary).stackProblems.map(({ problem }) => problem)).toEqual([
      "holds 6 images, but image 7 is used",
      expect.stringContaining("gone.mrcs"),
    ]);
  });
});

test("a stack, with a picture of its images", async () => {
  const { code, stdout } = await cryogan("inspect", at("one.mrcs"), "--json", "--png", at("one.png"));
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    kind: "stack",
    images: 6,
    width: 8,
    height: 8,
    pixelSizeAngstrom: 1.5,
    mode: "float32",
    pixels: { mean: 1, standardDeviation: 1 },
  });
  const png = decode(await readFile(at("one.png")));
  // Six images in a row with gaps of two pixels.
  expect([png.width, png.height, png.channels]).toEqual([6 * 8 + 5 * 2, 8, 1]);
  expect([...png.data.slice(0, 12)]).toEqual([0, 255, 0, 255, 0, 255, 0, 255, 0, 0, 0, 255]);
});

test("a map, with a picture of its slices and projections", async () => {
  const { stdout } = await cryogan("inspect", at("ramp.mrc"), "--json", "--png", at("ramp.png"));
  const summary = JSON.parse(stdout) as MrcSummary;
  expect(summary).toMatchObject({
    kind: "map",
    shape: [4, 4, 4],
    pixelSizeAngstrom: 2.5,
    originAngstrom: [-5, 0, 5],
    voxels: { mean: 1.5, minimum: 0, maximum: 3 },
  });
  // Variance of 0, 1, 2, 3: 5/4.
  expect(summary.kind === "map" && summary.voxels.standardDeviation).toBeCloseTo(Math.sqrt(1.25), 6);
  const png = decode(await readFile(at("ramp.png")));
  expect([png.width, png.height]).toEqual([3 * 4 + 2 * 2, 2 * 4 + 2]);
  // Across z and y x runs to the right; across x all pixels are alike.
  expect([...png.data.slice(0, 16)]).toEqual([0, 85, 170, 255, 0, 0, 0, 85, 170, 255, 0, 0, 128, 128, 128, 128]);
  expect((await cryogan("inspect", at("ramp.mrc"))).stdout).toMatch(/Map +4 x 4 x 4 voxels \(x, y, z\), float32\n/);
});
