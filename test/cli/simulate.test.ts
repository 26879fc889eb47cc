import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { simulate } from "../../src/cli/actions/simulate.ts";
import { createImageProgress } from "../../src/cli/imageProgress.ts";
import { parseSimulateOptions } from "../../src/cli/options/simulate.ts";
import { disk } from "../../src/io/disk.ts";
import { openStack, readMap, readMrcHeader, writeMap, writeStack } from "../../src/io/mrc.ts";
import { readParticles } from "../../src/io/particles.ts";
import { electronWavelengthAngstrom } from "../../src/physics/ctf.ts";
import { rectangularGrid } from "../../src/physics/frequencies.ts";
import { colouredNoise, radialPower } from "../../src/physics/noise.ts";
import { eulerToMatrix } from "../../src/physics/rotations.ts";
import { createStream } from "../../src/runtime/random.ts";
import { densityOf, randomBlobs } from "../evaluate/blobs.ts";
import { projectionTransform } from "../physics/analytic.ts";
import { program } from "../program.ts";
import { cryogan, runNode } from "./run.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-simulate-"));
  await writeMap(disk.at(join(folder, "map.mrc")), { ...densityOf(blobs, n, pixel), originAngstrom: [-48, 0, 5] });
  await writeMap(disk.at(join(folder, "silent.mrc")), { ...densityOf(blobs, n, pixel), pixelSizeAngstrom: 0 });
});
afterAll(() => rm(folder, { recursive: true }));

const n = 32,
  pixel = 3;
const blobs = randomBlobs(31, 10, 0.12 * n * pixel, 1.4 * pixel);

/** Runs the command in this process, for its files in a folder of that name. @returns what it printed */
async function run(name: string, values: Record<string, unknown>): Promise<string> {
  const printed: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  try {
    await simulate(
      parseSimulateOptions({
        model: join(folder, "map.mrc"),
        out: join(folder, name),
        particles: "40",
        box: String(n),
        device: "cpu",
        ...(values.snr === undefined ? { noiseFree: true } : {}),
        ...values,
      }),
    );
  } finally {
    write.mockRestore();
  }
  return printed.join("");
}

async function imagesOf(name: string): Promise<Float32Array[]> {
  const stack = await openStack(disk.at(join(folder, name, "particles.mrcs")));
  const all = new Float32Array(stack.count * stack.width ** 2);
  await stack.read(
    Int32Array.from({ length: stack.count }, (_, i) => i),
    all,
  );
  await stack.close();
  return Array.from({ length: stack.count }, (_, i) => all.slice(i * stack.width ** 2, (i + 1) * stack.width ** 2));
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let ab = 0,
    aa = 0,
    bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

describe("a map becomes particles", () => {
  test("whose images are those of the true poses and optics", async () => {
    await run("plain", { shiftSigma: "6", defocusRange: "0.8,1.4", bFactor: "40", seed: "5" });
    const set = await readParticles(disk, join(folder, "plain", "particles.star"));
    const truth = await readParticles(disk, join(folder, "plain", "truth.star"));
    expect(set).toMatchObject({ count: 40, boxSize: n, pixelSizeAngstrom: pixel, poses: undefined });
    expect(set.stacks).toEqual([join(folder, "plain", "particles.mrcs")]);
    expect(truth.optics).toEqual({ ...set.optics, bFactorAngstrom2: new Float64Array(40).fill(40) });
    expect(set.optics.bFactorAngstrom2).toEqual(new Float64Array(40)); // nobody knows the envelope of real particles
    const images = await imagesOf("plain");
    const { rot, tilt, psi, originXAngstrom: ox, originYAngstrom: oy } = truth.poses!;
    expect(Math.max(...ox.map(Math.abs))).toBeGreaterThan(6);

    const grid = rectangularGrid(n),
      edge = n * pixel,
      centre = n / 2;
    images.forEach((image, i) => {
      const projected = projectionTransform(
        blobs,
        eulerToMatrix(rot[i]!, tilt[i]!, psi[i]!),
        [-ox[i]!, -oy[i]!],
        grid,
        n,
        pixel,
      );
      const wavelength = electronWavelengthAngstrom(300),
        u = truth.optics.defocusUAngstrom[i];
      expect([u! >= 8000 && u! <= 14_000, truth.optics.defocusVAngstrom[i]]).toEqual([true, u]);
      const found: number[] = [],
        expected: number[] = [];
      for (let k = 0; k < grid.count; k++) {
        const s2 = (grid.x[k]! ** 2 + grid.y[k]! ** 2) / edge ** 2;
        const transfer =
          Math.sin(
            Math.PI * wavelength * u! * s2 - (Math.PI / 2) * 2.7e7 * wavelength ** 3 * s2 ** 2 + Math.asin(0.1),
          ) * Math.exp(-10 * s2);
        let re = 0,
          im = 0;
        for (let y = 0; y < n; y++)
          for (let x = 0; x < n; x++) {
            const angle = (2 * Math.PI * (grid.x[k]! * (x - centre) + grid.y[k]! * (y - centre))) / n;
            re += image[y * n + x]! * Math.cos(angle);
            im -= image[y * n + x]! * Math.sin(angle);
          }
        found.push(re, im);
        expected.push(transfer * projected.re[k]!, transfer * projected.im[k]!);
      }
      expect(correlation(found, expected)).toBeGreaterThan(0.9995);
    });
    const map = await readMap(disk.at(join(folder, "plain", "truth.mrc")));
    expect(map.originAngstrom).toEqual([0, 0, 0]);
    expect(map.data).toEqual(densityOf(blobs, n, pixel).data);
  });

  test("at another box the field of view stays; the header's pixel size can be overruled", async () => {
    await run("smaller", { box: "16", particles: "3" });
    expect((await readParticles(disk, join(folder, "smaller", "particles.star"))).pixelSizeAngstrom).toBe(6);
    expect(await readMap(disk.at(join(folder, "smaller", "truth.mrc")))).toMatchObject({
      shape: [16, 16, 16],
      pixelSizeAngstrom: 6,
    });
    await run("overruled", { model: join(folder, "silent.mrc"), mapPixelSize: "1.5", box: "16", particles: "3" });
    expect((await readParticles(disk, join(folder, "overruled", "particles.star"))).pixelSizeAngstrom).toBe(3);
    await run("both", { box: "20", pixelSize: "4", particles: "3" });
    expect(await readMap(disk.at(join(folder, "both", "truth.mrc")))).toMatchObject({
      shape: [20, 20, 20],
      pixelSizeAngstrom: 4,
    });
    await expect(run("silent", { model: join(folder, "silent.mrc") })).rejects.toThrow(
      "silent.mrc names no pixel size in its header; give it",
    );
  });

  test("filtered to a resolution", async () => {
    await run("filtered", { resolution: "24", particles: "3" });
    const map = await readMap(disk.at(join(folder, "filtered", "truth.mrc")));
    // A slice of the transform beyond 1/20 Å is empty; before 1/30 Å it is as it was.
    const along = (data: Float32Array, k: number) => {
      let re = 0,
        im = 0;
      data.forEach((v, i) => {
        re += v * Math.cos((2 * Math.PI * k * (i % n)) / n);
        im += v * Math.sin((2 * Math.PI * k * (i % n)) / n);
      });
      return Math.hypot(re, im);
    };
    const before = densityOf(blobs, n, pixel).data;
    expect(along(map.data, 2) / along(before, 2)).toBeCloseTo(1, 4);
    expect(along(map.data, 6) / along(before, 6)).toBeLessThan(1e-3);
  });
});

describe("atoms become particles", () => {
  /** A rod of carbon atoms along z with a foot along y. */
  const pdb = Array.from({ length: 30 }, (_, i) => {
    const [y, z] = i < 20 ? [0, 2 * i] : [2 * (i - 19), 0];
    const coordinate = (c: number) => c.toFixed(3).padStart(8);
    return (
      `ATOM  ${String(i + 1).padStart(5)}  CA  ALA A${String(i + 1).padStart(4)}  ` +
      `  ${coordinate(0)}${coordinate(y)}${coordinate(z)}  1.00 20.00           C  `
    );
  }).join("\n");
  /** Second moments of the density along x, y, z. */
  const spread = ({ data, shape: [m] }: { data: Float32Array; shape: number[] }) =>
    [1, m, m! * m!].map(
      (stride) =>
        data.reduce((sum, v, i) => sum + v * ((Math.floor(i / stride!) % m!) - m! / 2) ** 2, 0) /
        data.reduce((a, b) => a + b, 0),
    );

  test("as they lie, or with the longest axis on x", async () => {
    const model = join(folder, "rod.pdb");
    await writeFile(model, `${pdb}\nEND\n`);
    const options = { model, box: "24", pixelSize: "3", particles: "3" };
    await run("atoms", options);
    const [x, y, z] = spread(await readMap(disk.at(join(folder, "atoms", "truth.mrc"))));
    expect(z).toBeGreaterThan(2 * y!);
    expect(y).toBeGreaterThan(x!);
    await run("turned", { ...options, symmetricFrame: true });
    const turned = spread(await readMap(disk.at(join(folder, "turned", "truth.mrc"))));
    expect(turned[0]).toBeGreaterThan(2 * turned[1]!);
    expect(turned[1]).toBeGreaterThan(turned[2]!);
    await expect(run("large", { ...options, box: "8" })).rejects.toThrow("does not fit the box");
  });

  test("need a pixel size", () => {
    const parse = (values: Record<string, unknown>) => () =>
      parseSimulateOptions({ model: "a.cif", out: "o", particles: "1", box: "32", noiseFree: true, ...values });
    expect(parse({})).toThrow("--pixel-size: is required with an atomic model");
    expect(parse({ pixelSize: "2", mapPixelSize: "2" })).toThrow("--map-pixel-size: has a meaning only with a map");
    expect(parse({ model: "a.mrc", symmetricFrame: true })).toThrow("--symmetric-frame: turns atomic models only");
    expect(parse({ model: "a.mrc" })()).toMatchObject({ pixelSizeAngstrom: undefined });
  });
});

describe("noise", () => {
  /** The noise of a run: its images less those of the same run without noise. Also the variance of the signal. */
  async function noiseOf(
    name: string,
    ratio: number,
    values: Record<string, unknown>,
  ): Promise<{ noise: Float32Array[]; signal: number }> {
    await run(`${name}-clean`, values);
    await run(name, { ...values, snr: String(ratio) });
    const clean = await imagesOf(`${name}-clean`);
    const noise = (await imagesOf(name)).map((image, i) => image.map((v, j) => v - Math.sqrt(ratio) * clean[i]![j]!));
    return { noise, signal: ratio * variance(clean) };
  }
  const variance = (images: Float32Array[]) =>
    images.reduce(
      (sum, image) =>
        sum +
        image.reduce((a, v) => a + v * v, 0) / image.length -
        (image.reduce((a, v) => a + v, 0) / image.length) ** 2,
      0,
    ) / images.length;
  const joined = (images: Float32Array[]) => Float32Array.from(images.flatMap((image) => [...image]));

  test("white: unit variance, the signal in the ratio asked for", async () => {
    const { noise, signal } = await noiseOf("white", 0.2, { particles: "100" });
    expect(signal).toBeCloseTo(0.2, 4);
    expect(Math.abs(variance(noise) - 1)).toBeLessThan(3 * Math.sqrt(2 / (100 * n * n)) + 1 / (n * n));
    for (const power of radialPower(joined(noise), n)) expect(Math.abs(power - 1)).toBeLessThan(0.25);
  });

  async function writeBank(
    name: string,
    images: Float32Array,
    edge: number,
    pixelSizeAngstrom: number,
  ): Promise<string> {
    const path = join(folder, name);
    await writeStack(disk.at(path), { width: edge, height: edge, pixelSizeAngstrom, mode: 2 }, [images]);
    return path;
  }

  test("spectrum: the bank's power at each spatial frequency, though its box and pixels differ", async () => {
    const edge = 40,
      bankPixel = 2;
    const powerAt = (frequency: number) => 0.2 + 1 / (1 + (frequency * 60) ** 2);
    const images = new Float32Array(200 * edge * edge);
    colouredNoise(
      Array.from({ length: edge / 2 + 1 }, (_, s) => powerAt(s / (edge * bankPixel))),
      edge,
      createStream(1, "bank"),
    )(images);
    const bank = await writeBank("coloured.mrcs", images, edge, bankPixel);
    const { noise } = await noiseOf("spectrum", 0.1, { particles: "300", noise: "spectrum", noiseBank: bank });
    expect(variance(noise)).toBeCloseTo(1, 1);
    const power = radialPower(joined(noise), n);
    for (let shell = 3; shell < 16; shell++) {
      const frequency = shell / (n * pixel),
        reference = 3 / (n * pixel);
      expect(power[shell]! / power[3]! / (powerAt(frequency) / powerAt(reference))).toBeGreaterThan(0.85);
      expect(power[shell]! / power[3]! / (powerAt(frequency) / powerAt(reference))).toBeLessThan(1.15);
    }
  });

  test("bank: its images, turned or mirrored", async () => {
    const images = new Float32Array(3 * n * n);
    createStream(2, "bank").fillNormal(images);
    const bank = await writeBank("bank.mrcs", images, n, pixel);
    const { noise } = await noiseOf("bank", 0.1, { particles: "20", noise: "bank", noiseBank: bank });
    const orientations: Float32Array[] = [];
    for (let i = 0; i < 3; i++)
      for (const pick of [
        (x: number, y: number) => y * n + x,
        (x: number, y: number) => x * n + y,
        (x: number, y: number) => y * n + n - 1 - x,
        (x: number, y: number) => x * n + n - 1 - y,
        (x: number, y: number) => (n - 1 - y) * n + x,
        (x: number, y: number) => (n - 1 - x) * n + y,
        (x: number, y: number) => (n - 1 - y) * n + n - 1 - x,
        (x: number, y: number) => (n - 1 - x) * n + n - 1 - y,
      ])
        orientations.push(
          Float32Array.from({ length: n * n }, (_, j) => images[i * n * n + pick(j % n, Math.floor(j / n))]!),
        );
    for (const image of noise)
      expect(Math.max(...orientations.map((o) => correlation(o, image)))).toBeGreaterThan(0.995);
  });

  test("extended: the bank's power, and no image twice", async () => {
    const images = new Float32Array(2 * n * n);
    colouredNoise(
      Array.from({ length: n / 2 + 1 }, (_, s) => 0.5 + 4 / (1 + s)),
      n,
      createStream(3, "bank"),
    )(images);
    const bank = await writeBank("few.mrcs", images, n, pixel);
    const { noise } = await noiseOf("extended", 0.1, { particles: "200", noise: "extended", noiseBank: bank });
    expect(variance(noise)).toBeCloseTo(1, 1);
    const [expected, power] = [radialPower(images, n), radialPower(joined(noise), n)];
    for (let shell = 4; shell < 16; shell++)
      expect(Math.abs(power[shell]! / power[4]! / (expected[shell]! / expected[4]!) - 1)).toBeLessThan(0.1);
    // Of two backgrounds in eight orientations many of the 200 hold the same.
    const alike = noise.flatMap((a, i) => noise.slice(i + 1).map((b) => correlation(a, b)));
    expect(Math.max(...alike)).toBeGreaterThan(0.45);
    expect(Math.max(...alike)).toBeLessThan(0.75);
  });

  test("varied: the spectrum of the chosen images of the bank, and none of them seen", async () => {
    // Odd images have their power at low, even ones at high frequencies.
    const images = new Float32Array(8 * n * n);
    for (let i = 0; i < 8; i++)
      colouredNoise(
        Array.from({ length: n / 2 + 1 }, (_, s) => (i % 2 === 0 ? 4 / (1 + s) : 0.1 * (1 + s))),
        n,
        createStream(i, "bank"),
      )(images.subarray(i * n * n, (i + 1) * n * n));
    const bank = await writeBank("mixed.mrcs", images, n, pixel);
    const drawn = async (noiseImages: string) =>
      (await noiseOf(`varied-${noiseImages}`, 0.1, { particles: "60", noise: "varied", noiseBank: bank, noiseImages }))
        .noise;
    const [odd, even] = [await drawn("odd"), await drawn("even")];
    const slope = (noise: Float32Array[]) => {
      const power = radialPower(joined(noise), n);
      return power[12]! / power[3]!;
    };
    expect(variance(odd)).toBeCloseTo(1, 1);
    expect(slope(odd)).toBeLessThan(0.6);
    expect(slope(even)).toBeGreaterThan(1.5);
    const alike = odd.flatMap((a) =>
      Array.from({ length: 8 }, (_, i) => correlation(a, images.slice(i * n * n, (i + 1) * n * n))),
    );
    expect(Math.max(...alike)).toBeLessThan(0.6);
  });

  test("junk: a share of the images holds noise alone; the others are as without it", async () => {
    const values = { particles: "80", snr: "2" };
    await run("molecules", values);
    await run("junk", { ...values, junk: "0.25" });
    const truth = await readParticles(disk, join(folder, "junk", "truth.star"));
    expect((await readParticles(disk, join(folder, "junk", "particles.star"))).imageIndex).toEqual(
      Int32Array.from({ length: 80 }, (_, i) => i),
    );
    expect(truth.count).toBe(60);
    const whole = await readParticles(disk, join(folder, "molecules", "truth.star"));
    expect([...truth.poses!.rot]).toEqual([...truth.imageIndex].map((i) => whole.poses!.rot[i]));
    const [molecules, mixed] = [await imagesOf("molecules"), await imagesOf("junk")];
    const kept = new Set(truth.imageIndex);
    mixed.forEach((image, i) => {
      if (kept.has(i)) expect(image).toEqual(molecules[i]);
      else expect(Math.abs(variance([image]) - 1)).toBeLessThan(4 * Math.sqrt(2 / n ** 2));
    });
  });

  test("banks that cannot serve are refused", async () => {
    const images = new Float32Array(2 * 16 * 16).map((_, i) => Math.sin(i * i));
    const bankOptions = (noiseBank: string, noise = "bank") => ({ snr: "0.1", noise, noiseBank, particles: "2" });
    const coarse = await writeBank("coarse.mrcs", images, 16, 5);
    await expect(run("b1", bankOptions(coarse))).rejects.toThrow(
      "coarse.mrcs has pixels of 5 Å, which say nothing of noise at the 3 Å asked for",
    );
    const narrow = await writeBank("narrow.mrcs", images, 16, 3);
    await expect(run("b2", bankOptions(narrow))).rejects.toThrow(
      "narrow.mrcs has images 48.0 Å wide, the particles need 96.0 Å",
    );
    await run("b3", bankOptions(narrow, "spectrum"));
    const silent = await writeBank("silent.mrcs", images, 16, 0);
    await expect(run("b4", bankOptions(silent))).rejects.toThrow("silent.mrcs: the header names no pixel size");
    expect(existsSync(join(folder, "b1", "particles.mrcs"))).toBe(false);
  });
});

describe("options", () => {
  test("the same seed gives the same bytes, another does not", async () => {
    for (const [name, seed] of [
      ["s1", "1"],
      ["s2", "1"],
      ["s3", "2"],
    ])
      await run(name!, { snr: "0.1", shiftTriangular: "0.06", seed, particles: "70" });
    const read = (name: string, file: string) => readFile(join(folder, name, file));
    for (const file of ["particles.mrcs", "particles.star", "truth.star"]) {
      expect((await read("s1", file)).equals(await read("s2", file))).toBe(true);
      expect((await read("s1", file)).equals(await read("s3", file))).toBe(false);
    }
  });

  test("defocus from a table, views around an axis, 16-bit floats, and a record of it all", async () => {
    const table = join(folder, "defocus.csv");
    await writeFile(
      table,
      "defocus_u_angstrom,defocus_v_angstrom,defocus_angle_degrees\n12000,11500,30\n9000,8000,-45\n",
    );
    const printed = await run("all", {
      defocusTable: table,
      views: "vmf",
      kappa: "50",
      float16: true,
      json: true,
      voltage: "200",
    });
    const { optics, poses } = await readParticles(disk, join(folder, "all", "truth.star"));
    const rows = Array.from(
      optics.defocusUAngstrom,
      (u, i) => `${u} ${optics.defocusVAngstrom[i]} ${((optics.astigmatismAngle[i]! * 180) / Math.PI).toFixed(3)}`,
    );
    expect(new Set(rows)).toEqual(new Set(["12000 11500 30.000", "9000 8000 -45.000"]));
    expect(optics.voltageKv[0]).toBe(200);
    // Of that concentration 1 view in 10,000 lies further than 35 degrees from the axis.
    expect(Math.max(...poses!.tilt)).toBeLessThan((35 * Math.PI) / 180);
    expect((await readMrcHeader(disk.at(join(folder, "all", "particles.mrcs")))).mode).toBe(12);

    const lines = printed
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ type: "progress", done: 40, count: 40, remainingSeconds: 0 });
    expect(lines.at(-1)).toMatchObject({ type: "finished", particles: 40, boxSize: n, pixelSizeAngstrom: pixel });
    const config = JSON.parse(await readFile(join(folder, "all", "config.json"), "utf8")) as Record<string, unknown>;
    expect(config).toMatchObject({
      command: "simulate",
      particles: 40,
      seed: 1,
      pixelSizeAngstrom: pixel,
      signalScale: lines.at(-1)!.signalScale,
    });
  });

  test("progress in plain lines, every ten seconds, with the time left", () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      let clock = 0;
      const progress = createImageProgress(20_000, false, () => clock);
      for (clock = 1000; clock <= 21_000; clock += 1000) progress.update((20_000 * clock) / 40_000);
      progress.stop();
      expect(write.mock.calls.map(([text]) => text)).toEqual([
        "5,000/20,000 images  elapsed 0:10 left 0:30\n",
        "10,000/20,000 images  elapsed 0:20 left 0:20\n",
      ]);
    } finally {
      write.mockRestore();
    }
  });
});

describe("the command", () => {
  test("exits with 2 and one line for a wrong option, 1 for a wrong file", async () => {
    const args = [
      "simulate",
      join(folder, "none.cif"),
      "--particles",
      "5",
      "--box",
      "16",
      "--snr",
      "1",
      "--out",
      join(folder, "none"),
    ];
    expect(await cryogan(...args)).toEqual({
      code: 2,
      stdout: "",
      stderr: "error: --pixel-size: is required with an atomic model: the pixel size of the images in Å\n",
    });
    const { code, stderr } = await cryogan(...args, "--pixel-size", "3");
    expect([code, stderr]).toEqual([1, `error: cannot read ${join(folder, "none.cif")}: no such file or folder\n`]);
  });

  test("leaves no half-written file when it is stopped with Ctrl-C, and files from before as they were", async () => {
    const out = join(folder, "stopped");
    await mkdir(out);
    await writeFile(join(out, "particles.mrcs"), "from before");
    const args = [
      program,
      "simulate",
      join(folder, "map.mrc"),
      "--particles",
      "500000",
      "--box",
      "16",
      "--snr",
      "1",
      "--device",
      "cpu",
      "--json",
      "--out",
      out,
    ];
    const { code, stderr } = await runNode(args, {}, (child) => {
      child.stdout!.once("data", () => child.kill("SIGINT"));
    });
    expect([code, stderr]).toEqual([
      130,
      "\nstopping; press Ctrl-C again to stop at once\nstopped; no particles were written\n",
    ]);
    expect(await readdir(out)).toEqual(["particles.mrcs"]);
    expect(await readFile(join(out, "particles.mrcs"), "utf8")).toBe("from before");
  });
});
