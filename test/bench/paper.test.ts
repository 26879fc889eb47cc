import { existsSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { cases, dataSets } from "../../bench/paper/cases.ts";
import { ensureDataSet } from "../../bench/paper/dataSet.ts";
import { measure } from "../../bench/paper/measure.ts";
import { markdownTable, type PaperResult } from "../../bench/paper/results.ts";
import { parseSimulateOptions } from "../../src/cli/options/simulate.ts";
import { disk } from "../../src/io/disk.ts";
import { writeMap } from "../../src/io/mrc.ts";
import { parseReconstructOptions } from "../../src/reconstruct/optionSchema.ts";
import { densityOf, randomBlobs } from "../evaluate/blobs.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-paper-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("the data sets", () => {
  it("are the paper's", () => {
    const { optics, ...options } = parseSimulateOptions({ ...dataSets.shifted, out: "o" });
    expect(options).toMatchObject({
      particles: 41_000,
      boxSize: 192,
      pixelSizeAngstrom: 1.274,
      symmetricFrame: true,
      shift: { kind: "triangular", boxFraction: 0.03 },
      noise: { kind: "extended", snr: 0.01 },
      views: { kind: "uniform" },
      junkFraction: 0,
    });
    expect(optics).toMatchObject({
      voltageKv: 300,
      sphericalAberrationMm: 2.7,
      amplitudeContrast: 0.07,
      defocus: { kind: "table" },
    });
    // The envelope at the Nyquist frequency.
    expect(Math.exp((-optics.bFactorAngstrom2 / 4) * (1 / (2 * 1.274)) ** 2)).toBeCloseTo(0.2, 4);
  });

  it("and the options of every case are accepted by the program, and their files are there", () => {
    for (const [name, { data, arguments: args }] of Object.entries(cases)) {
      const simulation = parseSimulateOptions({ ...dataSets[data], out: "o" });
      expect(
        [
          simulation.model,
          (dataSets[data] as Record<string, string>).noiseBank,
          (dataSets[data] as Record<string, string>).defocusTable,
        ].map((file) => existsSync(file!)),
        name,
      ).toEqual([true, true, true]);
      const pairs = Array.from({ length: args.length / 2 }, (_, i) => [
        args[2 * i]!.slice(2).replace(/-(.)/g, (_, c: string) => c.toUpperCase()),
        args[2 * i + 1],
      ]);
      const { symmetry, maxShift, particles } = parseReconstructOptions({
        particlesFile: "p.star",
        out: "o",
        ...(Object.fromEntries(pairs) as object),
      });
      // 3 % of 192 pixels of 1.274 Å.
      expect([symmetry, maxShift, particles], name).toEqual([
        name === "c1" ? "C1" : "D2",
        name === "shifted" ? 7.34 : 0,
        name === "quarter" ? 10_250 : undefined,
      ]);
    }
  });

  it("are made once, and not mistaken for others", async () => {
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    try {
      const model = join(folder, "map.mrc"),
        out = join(folder, "data");
      await writeMap(disk.at(model), densityOf(randomBlobs(1, 5, 8, 4), 16, 3));
      const values = { model, particles: "5", box: "16", snr: "0.1" };
      const written = async () => (await stat(join(out, "particles.mrcs"))).mtimeMs;
      await ensureDataSet(out, values);
      const first = await written();
      await ensureDataSet(out, values, 1);
      expect(await written()).toBe(first);
      await expect(ensureDataSet(out, { ...values, snr: "0.2", seed: "3" })).rejects.toThrow(
        `${out} holds particles that differ in noise, seed; delete it`,
      );
      expect(await written()).toBe(first);
    } finally {
      write.mockRestore();
    }
  });
});

describe("measure", () => {
  it("tells the peak of the memory, not its end, and the time", async () => {
    // 200 MiB of ones; given back before the end.
    const script =
      "let a = Buffer.alloc(200 * 2 ** 20, 1); setTimeout(() => { a = null; gc(); }, 600); setTimeout(() => {}, 1000)";
    const { wallSeconds, peakMemoryMiB } = await measure(["--expose-gc", "-e", script], folder);
    expect(wallSeconds).toBeGreaterThan(1);
    if (!existsSync("/proc/self/status")) return expect(peakMemoryMiB).toBeNull();
    expect(peakMemoryMiB).toBeGreaterThan(200);
    expect(peakMemoryMiB).toBeLessThan(400);
  });

  it("a program that fails is an error", async () => {
    await expect(measure(["-e", "process.exit(3)"], folder)).rejects.toThrow("ended with 3");
  });
});

it("a result is a row of a markdown table", () => {
  const result = {
    case: "c1",
    what: "C1",
    finestAngstrom: 9.045,
    halfMaps: { angstrom: 9.045, orBetter: true },
    truth: { angstrom: null, orBetter: false },
    truthUnmasked: { angstrom: 10.26, orBetter: false },
    wallSeconds: 1199,
    peakMemoryMiB: 1536,
  } as PaperResult;
  expect(markdownTable([result]).split("\n")).toEqual([
    "| case | what | worked to | halves, FSC 0.143 | truth, FSC 0.5 | unmasked | time | peak memory |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    "| c1 | C1 | 9.04 Å | 9.04 Å or better | not reached | 10.26 Å | 19:59 | 1.5 GiB |",
  ]);
});
