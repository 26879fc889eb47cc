import { describe, expect, it } from "vitest";
import { convolutionalRecipe, likelihoodRatioRecipe } from "../../src/reconstruct/recipes.ts";
import {
  affordableRadius, attainableSnr, automaticSchedule, finalRadius, fitToTime, stageSeconds, type Budget, type RefinementStage, type Stage,
} from "../../src/reconstruct/schedule.ts";

const budget = (change: Partial<Budget> = {}): Budget => ({
  seconds: 600, start: likelihoodRatioRecipe.start, count: 20_000, groupOrder: 1, trialShifts: () => 1, ...change,
});
/** Noise 1 everywhere, signal up to a shell. */
const spectraUpTo = (last: number, shells = 33, strength = 1) => ({
  noise: new Float64Array(shells).fill(1),
  signal: Float64Array.from({ length: shells }, (_, k) => (k <= last ? strength : 0)),
});
const total = (stages: readonly Stage[], b: Budget): number => stages.reduce((sum, stage) => sum + stageSeconds(stage, b), 0);
const outline = (stages: readonly Stage[]): string[] => stages.map((s) => `${s.kind[0]}${s.maxRadius}`);

describe("attainable resolution", () => {
  it("signal-to-noise of a shell: count·|G|·½ slices of 2πk samples over 4πk² voxels", () => {
    const snr = attainableSnr({ noise: Float64Array.of(1, 10, 4), signal: Float64Array.of(9, 3, 8) }, 1000, 2);
    expect(snr[0]).toBe(0);
    expect(snr[1]).toBeCloseTo(150, 9); // 1000·2·½·(3/10)/(2·1)
    expect(snr[2]).toBeCloseTo(500, 9); // 1000·2·½·(8/4)/(2·2)
  });

  it("is a shell beyond the last that can be seen", () => {
    expect(finalRadius(spectraUpTo(20), 1000, 1, 100)).toBe(21);
  });

  it("counts particles and symmetry: SNR 1 at k = count·|G|/4 for equal powers", () => {
    expect(finalRadius(spectraUpTo(32), 60, 1, 100)).toBe(16); // 60·½/(2k) ≥ 1 up to k = 15
    expect(finalRadius(spectraUpTo(32), 30, 2, 100)).toBe(16);
    expect(finalRadius(spectraUpTo(32), 30, 4, 100)).toBe(31);
  });

  it("keeps to the limit asked for and to the Nyquist frequency", () => {
    expect(finalRadius(spectraUpTo(20), 1000, 1, 12)).toBe(12);
    expect(finalRadius(spectraUpTo(32), 1e6, 1, 100)).toBe(32);
    expect(finalRadius(spectraUpTo(32), 1e6, 1, 1)).toBe(4);
  });

  it("is not below the adversarial start, however weak the signal", () => {
    expect(finalRadius(spectraUpTo(2), 1000, 1, 100)).toBe(9);
  });
});

describe("automatic schedule", () => {
  it("rises by a third from the adversarial start, the last stage with all particles", () => {
    const stages = automaticSchedule(22, budget());
    expect(outline(stages)).toEqual(["a8", "r8", "r11", "r15", "r20", "r22"]);
    expect(stages.slice(1).map((s) => s.kind === "refinement" && s.particles)).toEqual([10_000, 10_000, 10_000, 10_000, 20_000]);
    expect(outline(automaticSchedule(16, budget()))).toEqual(["a8", "r8", "r11", "r16"]);
    expect(outline(automaticSchedule(8, budget()))).toEqual(["a8", "r8"]);
  });

  it("sees all particles in each stage that searches for shifts", () => {
    const stages = automaticSchedule(22, budget({ trialShifts: (radius) => (radius <= 11 ? 25 : 1) }));
    for (const stage of stages.slice(1)) expect(stage.iterations).toBe(stage.maxRadius <= 11 ? 4 : 2);
    expect(stages.slice(1).map((s) => s.kind === "refinement" && s.particles)).toEqual([20_000, 20_000, 10_000, 10_000, 20_000]);
  });

  it("starts with the stages of the critic in use, at no finer resolution than asked for", () => {
    const start = convolutionalRecipe.start;
    expect(automaticSchedule(16, budget({ start })).slice(0, start.length)).toEqual(start);
    const coarse = automaticSchedule(5, budget({ start }));
    expect(outline(coarse)).toEqual(["a4", "a5", "a5", "r5"]);
    expect(start.map((s) => s.maxRadius)).toEqual([4, 6, 8]); // the recipe itself is left as it is
  });
});

describe("time", () => {
  it("of a refinement stage, by hand: 573 views of 0.96 µs for each image at radius 16", () => {
    const b = budget({ count: 10_000 });
    const preparation = (10_000 * 1024 * 1024 * 2) / 6e10;
    const pass = 10_000 * 2.24 * 256 * 0.96e-6;
    expect(stageSeconds({ kind: "refinement", maxRadius: 16, iterations: 3, particles: 10_000 }, b)).toBeCloseTo(preparation + 3 * pass, 6);
    const searching = { ...b, groupOrder: 4, trialShifts: () => 9 };
    expect(stageSeconds({ kind: "refinement", maxRadius: 16, iterations: 3, particles: 1e9 }, searching)).toBeCloseTo(preparation + 3 * pass * 9 / 4, 6);
    expect(stageSeconds({ kind: "adversarial", maxRadius: 8, iterations: 500 }, b)).toBeCloseTo(preparation / 16 + 10, 6);
  });

  it.each([
    ["no shifts", budget({ seconds: 300 })],
    ["shifts up to 16", budget({ seconds: 900, trialShifts: (radius) => (radius <= 16 ? 13 : 1) })],
    ["another critic and symmetry", budget({ seconds: 400, start: convolutionalRecipe.start, groupOrder: 7 })],
  ])("the finest affordable radius: its whole schedule fits and no finer one does (%s)", (_, b) => {
    const radius = affordableRadius(b);
    expect(radius).toBeGreaterThan(8);
    expect(radius).toBeLessThan(128);
    expect(total(automaticSchedule(radius, b), b)).toBeLessThan(b.seconds);
    for (let finer = radius + 1; finer <= 128; finer++) expect(total(automaticSchedule(finer, b), b)).toBeGreaterThanOrEqual(b.seconds);
  });

  it("where nothing fits, the start remains", () => {
    expect(affordableRadius(budget({ seconds: 0.1 }))).toBe(8);
  });
});

describe("a stage fitted to the time left", () => {
  const b = budget();
  const stage: RefinementStage = { kind: "refinement", maxRadius: 24, iterations: 2, particles: 20_000 };
  const seconds = (change: Partial<RefinementStage>): number => stageSeconds({ ...stage, ...change }, b);

  it("stays as it is where it fits", () => {
    expect(fitToTime(stage, seconds({}) * 1.001, 1, b)).toEqual(stage);
    expect(fitToTime(stage, seconds({}) * 2.001, 2, b)).toEqual(stage);
  });

  it("is cut to one pass first", () => {
    expect(fitToTime(stage, seconds({}) * 0.999, 1, b)).toEqual({ ...stage, iterations: 1 });
    expect(fitToTime(stage, seconds({}), 1.01, b)).toEqual({ ...stage, iterations: 1 });
  });

  it.each([1, 3])("then to as many particles as fit, at pace %d", (pace) => {
    const left = pace * seconds({ iterations: 1, particles: 12_345 }) + 1e-6;
    const fitted = fitToTime(stage, left, pace, b)!;
    expect(fitted).toEqual({ ...stage, iterations: 1, particles: 12_345 });
  });

  it("is dropped below 3,000 particles", () => {
    expect(fitToTime(stage, seconds({ iterations: 1, particles: 3001 }), 1, b)?.particles).toBeGreaterThanOrEqual(3000);
    expect(fitToTime(stage, seconds({ iterations: 1, particles: 2999 }), 1, b)).toBeUndefined();
    expect(fitToTime(stage, -5, 1, b)).toBeUndefined();
  });

  it("of a small set needs all its particles", () => {
    const small = budget({ count: 2000 });
    const once = stageSeconds({ ...stage, iterations: 1 }, small);
    expect(fitToTime(stage, once * 1.001, 1, small)).toEqual({ ...stage, iterations: 1, particles: 2000 });
    expect(fitToTime(stage, once * 0.98, 1, small)).toBeUndefined();
  });
});
