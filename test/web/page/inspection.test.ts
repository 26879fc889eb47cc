/** What the form tells of particles before a run. */
import { expect, test } from "vitest";
import type { ParticleSummary } from "../../../src/reconstruct/measure/particleSummary.ts";
import { impossible, planFor } from "../../../src/web/page/form/inspection.ts";
import { factsOf, maskCircle, planWords, warningsOf } from "../../../src/web/page/form/words.ts";

const group = { voltageKv: 300, sphericalAberrationMm: 2.7, amplitudeContrast: 0.1 };
const summary: ParticleSummary = {
  kind: "particles",
  file: "/data/p.star",
  particles: 12_345,
  boxSize: 101,
  pixelSizeAngstrom: 1.5,
  opticsGroups: [{ ...group, number: 1, name: "a", particles: 12_345 }],
  defocusAngstrom: { minimum: 8000, maximum: 25_000, mean: 15_000, histogram: { edges: [], counts: [] } },
  astigmatismAngstrom: 100,
  hasPoses: false,
  stacks: 3,
  stackProblems: [],
  contrast: { density: "dark", amplitude: -9, standardError: 1, angstrom: 150 },
  warnings: [],
};

test("number, box, Nyquist, defocus and contrast", () => {
  expect(Object.fromEntries(factsOf(summary))).toEqual({
    Particles: "12,345",
    Box: "101 px, 151.5 Å",
    "Pixel size": "1.5 Å",
    Nyquist: "3 Å",
    Defocus: "0.8 to 2.5 µm",
    Contrast: "density is dark, so that the images are inverted",
  });
  const groups = Array.from({ length: 12 }, (_, i) => ({ ...group, number: i + 1, name: "g", particles: 1000 }));
  const many = factsOf({
    ...summary,
    contrast: undefined,
    opticsGroups: groups,
    classes: [{ number: 1, particles: 5 }],
  });
  expect(many.map(([name]) => name)).toEqual(["Particles", "Box", "Pixel size", "Nyquist", "Defocus", "Optics groups"]);
  expect(many.at(-1)![1]).toMatch(/^1 \(1,000\), .*8 \(1,000\), and 4 more$/);
});

test("stacks with problems and warnings, in one line each, not all of many", () => {
  const stackProblems = Array.from({ length: 10 }, (_, i) => ({
    stack: `${i}.mrcs`,
    particles: 1000,
    problem: `${i}.mrcs:\nno such file`,
  }));
  const told = warningsOf({ ...summary, stackProblems, warnings: ["odd\u202e name"] });
  expect(told).toHaveLength(10);
  expect(told[0]).toBe("0.mrcs: no such file (1,000 particles)");
  expect(told.slice(-2)).toEqual(["and 2 more stacks with problems", "odd\\u202e name"]);
});

test("the circle lies about pixel floor(n/2) of the file", () => {
  expect(maskCircle(summary, { bin: 1 }, 75)).toEqual({
    centre: 50.5,
    radius: 25,
    told: "mask of 75 Å, as asked for",
  });
  expect(maskCircle({ ...summary, diameterAngstrom: 120 }, { bin: 2 }, undefined)).toEqual({
    centre: 25.25,
    radius: 20,
    told: "mask of 120 Å, as the images show it",
  });
  expect(maskCircle(summary, { bin: 1 }, undefined)).toMatchObject({
    radius: expect.closeTo(0.45 * 101, 9),
    told: expect.stringMatching(/90 % of the box$/),
  });
});

test("what the particles do not have room for is told at the option that asks for it", () => {
  const asked = (form: Record<string, string>) => impossible({ summary }, form);
  expect(asked({})).toEqual({});
  expect(asked({ maskDiameter: "151", maxShift: "75", resolution: "30" })).toEqual({});
  expect(
    asked({ maskDiameter: "152", maxShift: "76", resolution: "38", start: "/m.mrc", startResolution: "51", box: "32" }),
  ).toEqual({
    maskDiameter: expect.stringContaining("does not fit into the box of 152 Å"),
    maxShift: expect.stringContaining("less than half of it"),
    resolution: expect.stringContaining("a quarter of it"),
    startResolution: expect.stringContaining("a third of it"),
  });
  expect(asked({ stages: "adversarial 64:10", box: "32" })).toEqual({ stages: expect.stringContaining("64 px") });
  // Of what is no number the schema tells.
  expect(asked({ maskDiameter: "wide", maxShift: "-1", stages: "x" })).toEqual({});
  expect(Object.keys(impossible({ summary: { ...summary, boxSize: 6 } }, {}))).toEqual(["particlesFile"]);
});

test("a plan is an estimate, and none where the form is not right", () => {
  const flat = { noise: Array<number>(51).fill(1), signal: Array<number>(51).fill(0.01) };
  const plan = (form: Record<string, string>) =>
    planFor({ summary, spectra: flat }, { particlesFile: "/data/p.star", ...form });
  expect(plan({})!.resolutionAngstrom).toBeLessThan(20);
  const told = [plan({ symmetry: "Q" }), plan({ maskDiameter: "1000" }), plan({ classes: "2" })];
  expect(told).toEqual([undefined, undefined, undefined]);
  expect(planFor({ summary }, { particlesFile: "/data/p.star" })).toBeUndefined();
  expect(planWords({ resolutionAngstrom: 7.61, orFiner: false, seconds: 95 }, false)).toBe(
    "works up to 7.6 Å in 1:35 on two idle CPU cores; an estimate",
  );
  expect(planWords({ resolutionAngstrom: 7.61, orFiner: false, seconds: 95, secondsWithFiner: 290 }, false)).toBe(
    "works up to 7.6 Å in 1:35, or 4:50 with starts at a finer shell on two idle CPU cores; an estimate",
  );
  expect(planWords({ resolutionAngstrom: 4, orFiner: true, seconds: 3600 }, true)).toBe(
    "works up to 4 Å or finer in 1:00:00; an estimate",
  );
});
