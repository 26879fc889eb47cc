/**
 * The microscope against RELION's: the same map, poses and optics through relion_project.
 * docs/decisions/0003-ctf-sign.md
 */

import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Optics } from "../../src/base/types.ts";
import { disk } from "../../src/io/disk.ts";
import { openStack, readMap, writeMap, writeStack } from "../../src/io/mrc.ts";
import { writeParticlesStar } from "../../src/io/particles.ts";
import { matrixToEuler } from "../../src/physics/rotations.ts";
import { exposeImages, flatOptics, tabulatedDefocus } from "../../src/physics/simulate.ts";
import { nodeCpu } from "../../src/runtime/onnxRuntimeNode.ts";
import { densityOf, randomBlobs } from "../evaluate/blobs.ts";
import { randomPoses } from "./analytic.ts";

const n = 32,
  pixel = 3,
  count = 240;
const degree = Math.PI / 180;
const volume = densityOf(randomBlobs(5, 12, 0.25 * n * pixel, 1.5 * pixel), n, pixel);
const poses = randomPoses(2, count);
/** In units of the box, up to 8 Å. */
const shifts = Float32Array.from({ length: 2 * count }, (_, i) => 0.08 * Math.sin(3 * i + 1));
const optics = tabulatedDefocus(
  count,
  [
    { defocusUAngstrom: 9000, defocusVAngstrom: 7000, astigmatismAngle: 30 * degree },
    { defocusUAngstrom: 15_000, defocusVAngstrom: 13_000, astigmatismAngle: -70 * degree },
  ],
  { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1, bFactorAngstrom2: 50 },
  1,
);
optics.phaseShift.fill(25 * degree, count / 2);

let folder: string;
interface Pair {
  ours: Float32Array;
  relions: Float32Array;
}
/** Our images and RELION's of the same map and STAR file, with the CTF and without. */
const withCtf: Pair = { ours: new Float32Array(), relions: new Float32Array() };
const without: Pair = { ours: new Float32Array(), relions: new Float32Array() };

const relion = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: folder, stdio: "pipe" });

beforeAll(async () => {
  execFileSync(fileURLToPath(new URL("../../scripts/install-relion.sh", import.meta.url)), { stdio: "pipe" });
  folder = await mkdtemp(join(tmpdir(), "cryogan-relion-"));
  await writeMap(disk.at(join(folder, "map.mrc")), volume);
  withCtf.ours = await writeOurs("ctf", optics);
  relion(
    "relion_project",
    "--i",
    "map.mrc",
    "--ang",
    "ctf.star",
    "--ctf",
    "--angpix",
    String(pixel),
    "--o",
    "relion_ctf",
  );
  withCtf.relions = await readAll("relion_ctf.mrcs");
  without.ours = await writeOurs("plain", flatOptics(count, 300));
  relion("relion_project", "--i", "map.mrc", "--ang", "plain.star", "--angpix", String(pixel), "--o", "relion_plain");
  without.relions = await readAll("relion_plain.mrcs");
});
afterAll(() => rm(folder, { recursive: true }));

/** Our images of the map, on disk as a stack and a STAR file with poses. */
async function writeOurs(name: string, settings: Optics): Promise<Float32Array> {
  const images = new Float32Array(count * n * n);
  const rotations = Float32Array.from(poses.flatMap((p) => [...p]));
  for await (const batch of exposeImages({ volume, rotations, shifts, optics: settings }, nodeCpu(1)))
    images.set(batch.images, batch.first * n * n);
  const stack = join(folder, `${name}.mrcs`);
  await writeStack(disk.at(stack), { width: n, height: n, pixelSizeAngstrom: pixel, mode: 2 }, [images]);
  const angles = poses.map(matrixToEuler);
  const column = (value: (i: number) => number) => Float64Array.from({ length: count }, (_, i) => value(i));
  await writeParticlesStar(
    disk.at(join(folder, `${name}.star`)),
    {
      count,
      source: name,
      stacks: [stack],
      stackIndex: new Int32Array(count),
      imageIndex: Int32Array.from({ length: count }, (_, i) => i),
      boxSize: n,
      pixelSizeAngstrom: pixel,
      optics: settings,
      opticsGroup: new Int32Array(count),
      opticsGroupNames: ["all"],
      where: String,
      poses: {
        rot: column((i) => angles[i]!.rot),
        tilt: column((i) => angles[i]!.tilt),
        psi: column((i) => angles[i]!.psi),
        // RELION's origin is the way back to the centre.
        originXAngstrom: column((i) => -shifts[2 * i]! * n * pixel),
        originYAngstrom: column((i) => -shifts[2 * i + 1]! * n * pixel),
      },
    },
    { poses: true },
  );
  return images;
}

async function readAll(path: string): Promise<Float32Array> {
  const stack = await openStack(disk.at(join(folder, path)));
  const out = new Float32Array(stack.count * n * n);
  await stack.read(
    Int32Array.from({ length: stack.count }, (_, i) => i),
    out,
  );
  await stack.close();
  return out;
}

/** |a - b| / |b| of one image, with no scale or offset fitted. */
function difference(a: Float32Array, b: Float32Array, image: number): number {
  let error = 0,
    size = 0;
  for (let i = image * n * n; i < (image + 1) * n * n; i++) {
    error += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(error / size);
}

function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (values: Float32Array) => values.reduce((x, y) => x + y, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let ab = 0,
    aa = 0,
    bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

describe("relion_project from our map and STAR file", () => {
  it("gives our images with the CTF: its sign, astigmatism, phase shift and envelope, the poses and the shifts", () => {
    expect(withCtf.relions.length).toBe(count * n * n);
    for (let i = 0; i < count; i++) expect(difference(withCtf.ours, withCtf.relions, i)).toBeLessThan(1e-3);
  });

  it("gives our projections without", () => {
    expect(without.relions.length).toBe(count * n * n);
    for (let i = 0; i < count; i++) expect(difference(without.ours, without.relions, i)).toBeLessThan(1e-3);
  });

  it("has a CTF that is positive at low frequency in underfocus", () => {
    const centre = Math.floor(n / 2);
    /** Fourier coefficient of an image at (kx, ky), real and imaginary part. */
    const coefficient = (images: Float32Array, image: number, kx: number, ky: number) => {
      let re = 0,
        im = 0;
      for (let y = 0; y < n; y++)
        for (let x = 0; x < n; x++) {
          const angle = (2 * Math.PI * (kx * (x - centre) + ky * (y - centre))) / n;
          re += images[(image * n + y) * n + x]! * Math.cos(angle);
          im -= images[(image * n + y) * n + x]! * Math.sin(angle);
        }
      return [re, im] as const;
    };
    for (let i = 0; i < 40; i++) {
      expect([optics.phaseShift[i], optics.defocusUAngstrom[i]! > 0]).toEqual([0, true]);
      // 1/96 and 2/96 of an Å⁻¹: before the first zero.
      for (const [kx, ky] of [
        [1, 0],
        [0, 1],
        [2, 0],
      ] as const) {
        const [a, b] = coefficient(withCtf.relions, i, kx, ky),
          [c, d] = coefficient(without.relions, i, kx, ky);
        const ratio = (a * c + b * d) / (c * c + d * d);
        expect(ratio).toBeGreaterThan(0.1);
        expect(ratio).toBeLessThan(1);
      }
    }
  });
});

describe("relion_reconstruct", () => {
  it("reads our STAR file and stack, and with the poses finds the map", async () => {
    relion("relion_reconstruct", "--i", "ctf.star", "--o", "reconstruction.mrc", "--ctf");
    const map = await readMap(disk.at(join(folder, "reconstruction.mrc")));
    expect(map.shape).toEqual([n, n, n]);
    expect(map.pixelSizeAngstrom).toBeCloseTo(pixel, 4);
    expect(correlation(map.data, volume.data)).toBeGreaterThan(0.95);
  });
});
