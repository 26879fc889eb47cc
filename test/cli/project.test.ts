import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { project } from "../../src/cli/actions/project.ts";
import { parseProjectOptions } from "../../src/cli/options/project.ts";
import { disk } from "../../src/io/disk.ts";
import { openStack, readMrcHeader, writeMap } from "../../src/io/mrc.ts";
import { readParticles } from "../../src/io/particles.ts";
import { parseStar } from "../../src/io/star.ts";
import { eulerToMatrix } from "../../src/physics/rotations.ts";
import { densityOf, randomBlobs } from "../evaluate/blobs.ts";
import { projectionImage } from "../physics/analytic.ts";
import { cryogan } from "./run.ts";

const n = 32,
  pixel = 2.5,
  degree = Math.PI / 180;
const blobs = randomBlobs(41, 10, 0.12 * n * pixel, 1.5 * pixel);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-project-"));
  await writeMap(disk.at(join(folder, "map.mrc")), densityOf(blobs, n, pixel));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the command in this process. @returns what it printed, and the images */
async function run(
  name: string,
  values: Record<string, unknown>,
): Promise<{ printed: string; images: Float32Array[] }> {
  const printed: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  try {
    await project(parseProjectOptions({ map: join(folder, "map.mrc"), out: join(folder, `${name}.mrcs`), ...values }));
  } finally {
    write.mockRestore();
  }
  const stack = await openStack(disk.at(join(folder, `${name}.mrcs`)));
  const all = new Float32Array(stack.count * stack.width ** 2);
  await stack.read(
    Int32Array.from({ length: stack.count }, (_, i) => i),
    all,
  );
  await stack.close();
  return {
    printed: printed.join(""),
    images: Array.from({ length: stack.count }, (_, i) => all.slice(i * stack.width ** 2, (i + 1) * stack.width ** 2)),
  };
}

/** |found - truth| / |truth| */
function difference(found: ArrayLike<number>, truth: ArrayLike<number>): number {
  let error = 0,
    size = 0;
  for (let i = 0; i < truth.length; i++) {
    error += (found[i]! - truth[i]!) ** 2;
    size += truth[i]! ** 2;
  }
  return Math.sqrt(error / size);
}

/** A STAR file with poses, as another program writes it. */
async function writeStarFile(
  name: string,
  rows: [rot: number, tilt: number, psi: number, x: number, y: number, u: number, v: number, angle: number][],
): Promise<string> {
  const path = join(folder, name);
  const labels = [
    "rlnImageName",
    "rlnOpticsGroup",
    "rlnAngleRot",
    "rlnAngleTilt",
    "rlnAnglePsi",
    "rlnOriginXAngst",
    "rlnOriginYAngst",
    "rlnDefocusU",
    "rlnDefocusV",
    "rlnDefocusAngle",
  ];
  await writeFile(
    path,
    [
      "data_optics",
      "",
      "loop_",
      "_rlnOpticsGroup",
      "_rlnOpticsGroupName",
      "_rlnVoltage",
      "_rlnSphericalAberration",
      "_rlnAmplitudeContrast",
      "_rlnImagePixelSize",
      "_rlnImageSize",
      "1 first 300 2.7 0.1 1.1 200",
      "",
      "data_particles",
      "",
      "loop_",
      ...labels.map((label) => `_${label}`),
      ...rows.map((row, i) => [`${i + 1}@elsewhere.mrcs`, 1, ...row].join(" ")),
      "",
    ].join("\n"),
  );
  return path;
}

describe("random views", () => {
  test("are projections at the poses of the STAR file beside the stack", async () => {
    const { printed, images } = await run("random", { count: "6", json: true });
    expect(images.length).toBe(6);
    const [optics, particles] = parseStar(await readFile(join(folder, "random.star"), "utf8"), "random.star");
    expect(optics!.value(0, optics!.columns.indexOf("rlnImagePixelSize"))).toBe("2.500000");
    const number = (row: number, label: string) => Number(particles!.value(row, particles!.columns.indexOf(label)));
    images.forEach((image, i) => {
      expect(particles!.value(i, 0)).toBe(`${String(i + 1).padStart(6, "0")}@random.mrcs`);
      const pose = eulerToMatrix(
        number(i, "rlnAngleRot") * degree,
        number(i, "rlnAngleTilt") * degree,
        number(i, "rlnAnglePsi") * degree,
      );
      expect(difference(image, projectionImage(blobs, pose, [0, 0], n, pixel))).toBeLessThan(0.015);
    });
    // Plain projections have been through no microscope, and the file does not say so.
    expect(particles!.columns.filter((label) => /Defocus/.test(label))).toEqual([]);
    expect(JSON.parse(printed.trimEnd().split("\n").at(-1)!)).toMatchObject({
      type: "finished",
      images: 6,
      boxSize: n,
      pixelSizeAngstrom: pixel,
    });
  });

  test("with a CTF come with its values; the header's pixel size can be overruled", async () => {
    await run("ctf", {
      count: "5",
      ctf: true,
      defocusRange: "1,1.5",
      mapPixelSize: "3",
      float16: true,
      views: "vmf",
      kappa: "60",
    });
    const set = await readParticles(disk, join(folder, "ctf.star"));
    expect(set).toMatchObject({ count: 5, boxSize: n, pixelSizeAngstrom: 3 });
    for (const u of set.optics.defocusUAngstrom) expect(u >= 10_000 && u <= 15_000).toBe(true);
    for (const tilt of set.poses!.tilt) expect(tilt).toBeLessThan(35 * degree);
    expect((await readMrcHeader(disk.at(join(folder, "ctf.mrcs")))).mode).toBe(12);
  });
});

describe("the views of a STAR file", () => {
  test("in its order, with its origins in Å", async () => {
    const star = await writeStarFile("views.star", [
      [10, 20, 30, 5, -7.5, 9000, 9000, 0],
      [-120, 75, 160, -2, 4, 9000, 9000, 0],
      [0, 0, 0, 0, 0, 9000, 9000, 0],
    ]);
    const { images } = await run("views", { star });
    expect(images.length).toBe(3);
    [
      [10, 20, 30, 5, -7.5],
      [-120, 75, 160, -2, 4],
      [0, 0, 0, 0, 0],
    ].forEach(([rot, tilt, psi, x, y], i) => {
      const pose = eulerToMatrix(rot! * degree, tilt! * degree, psi! * degree);
      expect(difference(images[i]!, projectionImage(blobs, pose, [-x!, -y!], n, pixel))).toBeLessThan(0.015);
    });
  });

  test("and with --ctf its optics", async () => {
    const star = await writeStarFile("optics.star", [
      [10, 20, 30, 5, -7.5, 9000, 8000, 25],
      [10, 20, 30, 5, -7.5, 15_000, 14_000, -60],
    ]);
    const { images } = await run("optics", { star, ctf: true });
    const plain = (await run("optics-plain", { star })).images;
    const set = await readParticles(disk, join(folder, "optics.star"));
    expect(Array.from(set.optics.defocusUAngstrom)).toEqual([9000, 15_000]);
    // Each image filtered by the textbook's CTF of its row: at one Fourier pixel off the axes.
    const coefficient = (image: Float32Array, kx: number, ky: number) => {
      let re = 0,
        im = 0;
      for (let y = 0; y < n; y++)
        for (let x = 0; x < n; x++) {
          const angle = (2 * Math.PI * (kx * x + ky * y)) / n;
          re += image[y * n + x]! * Math.cos(angle);
          im -= image[y * n + x]! * Math.sin(angle);
        }
      return [re, im] as const;
    };
    [
      { u: 9000, v: 8000, angle: 25 },
      { u: 15_000, v: 14_000, angle: -60 },
    ].forEach(({ u, v, angle }, i) => {
      for (const [kx, ky] of [
        [2, 1],
        [-1, 3],
        [4, 2],
      ] as const) {
        const s2 = (kx ** 2 + ky ** 2) / (n * pixel) ** 2,
          phi = Math.atan2(ky, kx) - angle * degree,
          wavelength = 0.0196875;
        const defocus = u * Math.cos(phi) ** 2 + v * Math.sin(phi) ** 2;
        const transfer = Math.sin(
          Math.PI * wavelength * s2 * (defocus - 1.35e7 * wavelength ** 2 * s2) + Math.asin(0.1),
        );
        const [a, b] = coefficient(images[i]!, kx, ky),
          [c, d] = coefficient(plain[i]!, kx, ky);
        expect((a * c + b * d) / (c * c + d * d)).toBeCloseTo(transfer, 3);
        expect(Math.hypot(a - transfer * c, b - transfer * d) / Math.hypot(c, d)).toBeLessThan(1e-3);
      }
    });
  });

  test("are needed where a file has none", async () => {
    const star = await writeStarFile("complete.star", [[1, 2, 3, 0, 0, 9000, 9000, 0]]);
    await writeFile(join(folder, "blind.star"), (await readFile(star, "utf8")).replaceAll("rlnAngle", "rlnOther"));
    await expect(run("blind", { star: join(folder, "blind.star") })).rejects.toThrow("blind.star has no angles");
  });
});

describe("what cannot be", () => {
  test.each([
    [{ out: "views.mrc", count: "1" }, '--out: expected a name that ends in .mrcs, got "views.mrc"'],
    [
      { star: "a.star", ctf: true, defocusRange: "1,2" },
      "--defocus-range: cannot be combined with --star, whose own defocus --ctf uses",
    ],
    [{ count: "3", defocusTable: "d.csv" }, "--defocus-table: has a meaning only with --ctf"],
  ])("%j", (values, message) => {
    expect(() => parseProjectOptions({ map: "m.mrc", out: "o.mrcs", ...values })).toThrow(message);
  });

  test("a map that is no cube: one line, exit code 1, no file", async () => {
    await writeMap(disk.at(join(folder, "brick.mrc")), {
      data: Float32Array.from({ length: 8 * 9 * 10 }, (_, i) => i % 7),
      shape: [8, 9, 10],
      pixelSizeAngstrom: 2,
      originAngstrom: [0, 0, 0],
    });
    const before = await readdir(folder);
    const { code, stderr } = await cryogan(
      "project",
      join(folder, "brick.mrc"),
      "--count",
      "2",
      "--out",
      join(folder, "brick.mrcs"),
    );
    expect([code, stderr]).toEqual([
      1,
      `error: ${join(folder, "brick.mrc")} has 10 x 9 x 8 voxels; it must be a cube\n`,
    ]);
    expect(await readdir(folder)).toEqual(before);
  });
});
