import { describe, expect, test } from "vitest";
import { parseEvaluateOptions } from "../../src/cli/options/evaluate.ts";
import { parseExportOptions } from "../../src/cli/options/export.ts";
import { parseProjectOptions } from "../../src/cli/options/project.ts";
import { parseSimulateOptions } from "../../src/cli/options/simulate.ts";
import { parseReconstructOptions } from "../../src/reconstruct/optionSchema.ts";

const simulate = (values: Record<string, unknown> = {}) =>
  parseSimulateOptions({
    model: "7a4m.cif",
    out: "o",
    particles: "5000",
    box: "64",
    pixelSize: "3",
    snr: "0.1",
    ...values,
  });
const reconstruct = (values: Record<string, unknown> = {}) =>
  parseReconstructOptions({ particlesFile: "p.star", out: "o", ...values });

describe("simulate", () => {
  test("defaults are a 300 kV microscope and white noise", () => {
    expect(simulate()).toEqual({
      model: "7a4m.cif",
      out: "o",
      particles: 5000,
      boxSize: 64,
      pixelSizeAngstrom: 3,
      symmetricFrame: false,
      optics: {
        defocus: { kind: "range", minimumAngstrom: 8000, maximumAngstrom: 25000 },
        voltageKv: 300,
        sphericalAberrationMm: 2.7,
        amplitudeContrast: 0.1,
        bFactorAngstrom2: 0,
      },
      shift: { kind: "none" },
      noise: { kind: "white", snr: 0.1 },
      views: { kind: "uniform" },
      junkFraction: 0,
      float16: false,
      seed: 1,
      device: "auto",
      json: false,
    });
  });

  test("units become Å", () => {
    const options = simulate({ defocusRange: "1,2.5", bFactor: "80", shiftSigma: "4" });
    expect(options.optics.defocus).toEqual({ kind: "range", minimumAngstrom: 10_000, maximumAngstrom: 25_000 });
    expect(options.optics.bFactorAngstrom2).toBe(80);
    expect(options.shift).toEqual({ kind: "gaussian", sigmaAngstrom: 4 });
  });

  test("choices carry what they need", () => {
    const options = simulate({
      noise: "bank",
      noiseBank: "n.mrcs",
      views: "vmf",
      kappa: "3",
      defocusTable: "d.csv",
      shiftTriangular: "0.06",
    });
    expect(options.noise).toEqual({ kind: "bank", snr: 0.1, bank: "n.mrcs" });
    expect(options.views).toEqual({ kind: "vmf", kappa: 3 });
    expect(options.optics.defocus).toEqual({ kind: "table", path: "d.csv" });
    expect(options.shift).toEqual({ kind: "triangular", boxFraction: 0.06 });
    expect(simulate({ noise: "varied", noiseBank: "n.mrcs", noiseImages: "even" }).noise).toEqual({
      kind: "varied",
      snr: 0.1,
      bank: "n.mrcs",
      images: { first: 2, step: 2 },
    });
    expect(simulate({ noise: "extended", noiseBank: "n.mrcs" }).noise).toEqual({
      kind: "extended",
      snr: 0.1,
      bank: "n.mrcs",
    });
    expect(simulate({ snr: undefined, noiseFree: true }).noise).toEqual({ kind: "none" });
  });

  test.each([
    [{ pixelSize: "abc" }, '--pixel-size: expected a number from 0.1 to 100 in Å, got "abc"'],
    [{ pixelSize: "" }, '--pixel-size: expected a number from 0.1 to 100 in Å, got ""'],
    [{ pixelSize: "-1" }, '--pixel-size: expected a number from 0.1 to 100 in Å, got "-1"'],
    [{ pixelSize: "1e999" }, '--pixel-size: expected a number from 0.1 to 100 in Å, got "1e999"'],
    [{ particles: "10.5" }, '--particles: expected a whole number from 1 to 1000000000, got "10.5"'],
    [{ box: "0x40" }, '--box: expected a whole number from 8 to 4096 in pixels, got "0x40"'],
    [{ amplitudeContrast: "7" }, '--amplitude-contrast: expected a number from 0 to 1, got "7"'],
    [
      { defocusRange: "2,1" },
      '--defocus-range: expected two defocus values in µm, the smaller first, such as 0.8,2.5, got "2,1"',
    ],
    [
      { defocusRange: "1,2", defocusTable: "d.csv" },
      "--defocus-table: cannot be combined with --defocus-range; give one of them",
    ],
    [{ snr: undefined }, "--snr: is required: a signal-to-noise variance ratio per pixel such as 0.1, or --noise-free"],
    [{ noiseFree: true }, "--snr: cannot be combined with --noise-free"],
    [{ noise: "bank" }, "--noise-bank: is required with --noise bank: a stack of particle-free images"],
    [{ noiseBank: "n.mrcs" }, "--noise-bank: has a meaning only with --noise spectrum, bank, extended or varied"],
    [{ noiseImages: "odd" }, "--noise-images: has a meaning only with --noise-bank"],
    [
      { noise: "varied", noiseBank: "n.mrcs", noiseImages: "5-3" },
      '--noise-images: expected odd, even or a range such as 1-50, got "5-3"',
    ],
    [{ junk: "1.2" }, '--junk: expected a number from 0 to 1, got "1.2"'],
    [{ junk: "1" }, "--junk: leaves no image with a molecule; give a smaller share"],
    [
      { junk: "0.2", snr: undefined, noiseFree: true },
      "--junk: has no meaning with --noise-free: images without a molecule hold noise alone",
    ],
    [{ views: "vmf" }, "--kappa: is required with --views vmf: a number above 0"],
    [{ kappa: "3" }, "--kappa: has a meaning only with --views vmf"],
    [{ resolution: "5" }, "--resolution: finer than the Nyquist limit of 6 Å at this pixel size"],
    [{ seed: "4294967296" }, '--seed: expected a whole number from 0 to 4294967295, got "4294967296"'],
    [{ device: "tpu" }, '--device: expected one of auto, cpu, cuda, webgpu, dml, got "tpu"'],
    [{ model: undefined }, "MODEL: is required: an atomic model (.cif, .pdb) or a map (.mrc)"],
  ])("%j is refused", (values, message) => {
    expect(() => simulate(values)).toThrow(expect.objectContaining({ name: "UsageError", message }));
  });
});

describe("reconstruct", () => {
  test.each([
    ["90s", 90],
    ["5m", 300],
    ["1h", 3600],
    ["1h30m", 5400],
    ["1.5m", 90],
    ["1h1m1s", 3661],
    ["10min", 600],
    ["1h 30min", 5400],
    ["1000h", 3_600_000],
  ])("%s lasts %d seconds", (timeLimit, seconds) => {
    expect(reconstruct({ timeLimit }).timeLimit).toBe(seconds);
  });

  test.each(["90", "", "5x", "m", "min", "0s", "30m1h", "-5m", "1.2.3m", "1000h1s", "1e3s"])(
    "%j is no duration",
    (timeLimit) => {
      expect(() => reconstruct({ timeLimit })).toThrow("--time-limit: expected a duration such as 90s, 5m or 1h30m");
    },
  );

  test("stages are kind, box and iterations", () => {
    expect(reconstruct({ stages: "adversarial 16:500, refine 16:4,refine  24:3:20000, local 32:2" }).stages).toEqual([
      { kind: "adversarial", maxRadius: 8, iterations: 500 },
      { kind: "refinement", maxRadius: 8, iterations: 4, particles: Infinity },
      { kind: "refinement", maxRadius: 12, iterations: 3, particles: 20_000 },
      { kind: "local", maxRadius: 16, iterations: 2, particles: Infinity },
    ]);
  });

  test.each([
    "16:20",
    "adversarial 16",
    "refine 16:4",
    "adversarial 16:5:100",
    "adversarial 16:5,",
    "adversarial 24:5, refine 16:5",
    "adversarial 15:5",
    "adversarial 6:5",
    "adversarial 16:0",
    "adversarial 16:5s",
    "adversarial 16:5, refine 16:1:0",
  ])("%j are no stages", (stages) => {
    expect(() => reconstruct({ stages })).toThrow(
      "--stages: expected stages with even boxes that do not shrink, the first one adversarial",
    );
  });

  test.each([
    ["c1", "C1"],
    ["D2", "D2"],
    ["i3", "I3"],
    ["o", "O"],
  ])("point group %s is %s", (symmetry, group) => {
    expect(reconstruct({ symmetry }).symmetry).toBe(group);
  });

  test("groups of classes: one for each, or one for all", () => {
    expect(reconstruct({ symmetry: "d2, c1", classes: 2 })).toMatchObject({ symmetry: "D2,C1", classes: 2 });
    expect(reconstruct({ symmetry: "D2", classes: 3 })).toMatchObject({ symmetry: "D2", classes: 3 });
    expect(() => reconstruct({ symmetry: "D2,C1,C1", classes: 2 })).toThrow("--symmetry: names 3 groups");
    expect(() => reconstruct({ symmetry: "D2,C1" })).toThrow("there is one class (--classes)");
    expect(() => reconstruct({ classes: 17 })).toThrow("--classes: expected a whole number from 1 to 16");
    expect(reconstruct({ classes: 2, halfMaps: true })).toMatchObject({ classes: 2, halfMaps: true });
  });

  test.each(["C0", "D", "X2", "I5", "C2v", "Td"])("%s is no point group of a chiral molecule", (symmetry) => {
    expect(() => reconstruct({ symmetry })).toThrow("--symmetry: expected a point group");
  });

  test("values are in the units of the command line", () => {
    const options = reconstruct({
      particles: "1000",
      box: "48",
      resolution: "8",
      maskDiameter: "150",
      maxShift: "12",
      cache: "1.5",
    });
    expect(options).toMatchObject({
      particlesFile: "p.star",
      particles: 1000,
      box: 48,
      resolution: 8,
      maskDiameter: 150,
      maxShift: 12,
      cache: 1.5,
      positivity: false,
      method: "refined",
    });
    expect(reconstruct({ maxShift: "0" }).maxShift).toBe(0);
  });

  test("stages exclude a time limit", () => {
    expect(() => reconstruct({ stages: "adversarial 16:5", timeLimit: "5s" })).toThrow(
      "--time-limit: cannot be combined with --stages",
    );
    expect(() => reconstruct({ resume: true, overwrite: true })).toThrow(
      "--overwrite: cannot be combined with --resume",
    );
  });
});

describe("evaluate", () => {
  test("a map against a reference, or two half-maps", () => {
    expect(parseEvaluateOptions({ map: "a.mrc", reference: "b.mrc" }).maps).toEqual({
      kind: "reference",
      map: "a.mrc",
      reference: "b.mrc",
    });
    expect(parseEvaluateOptions({ halfMaps: ["1.mrc", "2.mrc"] }).maps).toEqual({
      kind: "halfMaps",
      halfMap1: "1.mrc",
      halfMap2: "2.mrc",
    });
  });

  test.each([
    [{}, "MAP: is required"],
    [{ map: "a.mrc" }, "--reference: is required"],
    [{ halfMaps: ["1.mrc"] }, "--half-maps: expected two maps"],
    [{ halfMaps: ["1.mrc", "2.mrc"], map: "a.mrc" }, "--half-maps: cannot be combined with MAP or --reference"],
  ])("%j is refused", (values, message) => {
    expect(() => parseEvaluateOptions(values)).toThrow(message);
  });
});

describe("project", () => {
  test("random views or those of a file", () => {
    expect(parseProjectOptions({ map: "m.mrc", out: "o.mrcs", count: "5" }).poses).toEqual({
      kind: "random",
      count: 5,
      views: { kind: "uniform" },
    });
    expect(parseProjectOptions({ map: "m.mrc", out: "o.mrcs", star: "a.star" }).poses).toEqual({
      kind: "star",
      path: "a.star",
    });
    expect(() => parseProjectOptions({ map: "m.mrc", out: "o.mrcs" })).toThrow("--count: give either --count");
  });

  test("the CTF only on request", () => {
    expect(parseProjectOptions({ map: "m.mrc", out: "o.mrcs", count: "5" }).optics).toBeUndefined();
    expect(
      parseProjectOptions({ map: "m.mrc", out: "o.mrcs", count: "5", ctf: true, voltage: "200" }).optics?.voltageKv,
    ).toBe(200);
  });
});

test("what is told of the images", () => {
  expect(reconstruct().invertContrast).toBeUndefined();
  expect(reconstruct()).toMatchObject({ ctfPhaseFlipped: false });
  expect(reconstruct({ invertContrast: false }).invertContrast).toBe(false);
  expect(
    reconstruct({
      opticsGroups: " 1, krios",
      exclude: "junk.star",
      mask: "mask.mrc",
      invertContrast: true,
      ctfPhaseFlipped: true,
    }),
  ).toMatchObject({
    opticsGroups: ["1", "krios"],
    exclude: "junk.star",
    mask: "mask.mrc",
    invertContrast: true,
    ctfPhaseFlipped: true,
  });
  expect(() => reconstruct({ opticsGroups: "1,,3" })).toThrow(
    '--optics-groups: expected optics groups, such as 1,3, got "1,,3"',
  );
});

describe("export", () => {
  const given = (values: Record<string, unknown>) => parseExportOptions({ runFolder: "run", ...values });

  test("is for one program", () => {
    const rest = { runFolder: "run", out: "o", poses: false, json: false };
    expect(given({ relion: "o", iniHigh: "30" })).toEqual({ ...rest, program: "relion", lowPassAngstrom: 30 });
    expect(given({ cryosparc: "o", class: "1,3" })).toEqual({ ...rest, program: "cryosparc", classes: [1, 3] });
  });

  test.each([
    [{}, "--relion: is required: a folder, or --cryosparc"],
    [{ relion: "a", cryosparc: "b" }, "--cryosparc: cannot be combined with --relion; export twice"],
    [{ cryosparc: "b", iniHigh: "20" }, "--ini-high: has a meaning only with --relion"],
    [{ cryosparc: "b", projectRoot: "/p" }, "--project-root: has a meaning only with --relion"],
  ])("%j is refused", (values, message) => {
    expect(() => given(values)).toThrow(expect.objectContaining({ name: "UsageError", message }));
  });
});
