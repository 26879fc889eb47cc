import { describe, expect, it } from "vitest";
import {
  convolutionalRecipe,
  likelihoodRatioRecipe,
  startRadius,
} from "../../../src/reconstruct/adversarial/recipes.ts";
import { likelySeconds, readingSeconds, stageSeconds, transformingSeconds } from "../../../src/reconstruct/run/cost.ts";
import { numberOfStart } from "../../../src/reconstruct/run/course.ts";
import { fitToTime as fit } from "../../../src/reconstruct/run/fitToTime.ts";
import {
  affordableRadius,
  attainableIn,
  attainableSnr,
  automaticSchedule,
  type Budget,
  finalRadius,
} from "../../../src/reconstruct/run/schedule.ts";
import type { LocalStage, RefinementStage, Stage } from "../../../src/reconstruct/stage.ts";

const budget = (change: Partial<Budget> = {}): Budget => ({
  seconds: 75,
  method: "refined",
  start: likelihoodRatioRecipe.start,
  finerStart: likelihoodRatioRecipe.finerStart,
  onward: likelihoodRatioRecipe.onward,
  adversarialSeconds: likelihoodRatioRecipe.iterationSeconds,
  count: 20_000,
  groupOrder: 1,
  readSeconds: 2e-4,
  shiftSigma: 0,
  ...change,
});
/** Noise 1 everywhere, signal up to a shell. */
const spectraUpTo = (last: number, shells = 33, strength = 1) => ({
  noise: new Float64Array(shells).fill(1),
  signal: Float64Array.from({ length: shells }, (_, k) => (k <= last ? strength : 0)),
});
/** A whole run to a radius, reading included, as far as can be told. */
const total = (radius: number, b: Budget): number =>
  readingSeconds(b) + transformingSeconds(radius, b) + likelySeconds(automaticSchedule(radius, b), undefined, b, {});
const outline = (stages: readonly Stage[]): string[] => stages.map((s) => `${s.kind[0]}${s.maxRadius}`);

it("a stage belongs to one of several starts, until they are judged", () => {
  const ends = { endsStart: true } as const,
    judge: Stage = { kind: "refinement", maxRadius: 8, iterations: 1, particles: 9, ...ends },
    seek: Stage = { kind: "adversarial", maxRadius: 8, iterations: 9 },
    refine: Stage = { kind: "refinement", maxRadius: 11, iterations: 1, particles: 9 };
  const numbers = (stages: Stage[]) =>
    stages.map((_, i) => {
      const { start, starts } = numberOfStart(stages, i) ?? {};
      return start === undefined ? "" : `${start}/${starts}`;
    });
  expect(numbers([seek, judge, seek, judge, refine])).toEqual(["1/2", "1/2", "2/2", "2/2", ""]);
  expect(numbers([seek, refine, seek, judge, seek, judge, refine])).toEqual(["", "", "1/2", "1/2", "2/2", "2/2", ""]);
  expect(numbers([seek, judge, refine])).toEqual(["", "", ""]);
});

describe("attainable resolution", () => {
  it("signal-to-noise of a shell: count·|G|·½ slices of 2πk samples over 4πk² voxels", () => {
    const snr = attainableSnr({ noise: Float64Array.of(1, 10, 4), signal: Float64Array.of(9, 3, 8) }, 1000, 2);
    expect(snr[0]).toBe(0);
    expect(snr[1]).toBeCloseTo(150, 9); // 1000·2·½·(3/10)/(2·1)
    expect(snr[2]).toBeCloseTo(500, 9); // 1000·2·½·(8/4)/(2·2)
  });

  it("of a stage is that of the particles that a pass sees", () => {
    const spectra = { noise: Float64Array.of(1, 10, 4), signal: Float64Array.of(9, 3, 8) },
      stage: Stage = { kind: "refinement", maxRadius: 2, iterations: 1, particles: 100 };
    expect(attainableIn(stage, spectra, { count: 1000, groupOrder: 2 })[2]).toBeCloseTo(50, 9); // a tenth of 500
    expect(attainableIn(stage, spectra, { count: 10, groupOrder: 2 })[2]).toBeCloseTo(5, 9); // there are no more
  });

  it("is a shell beyond the last that can be seen", () => {
    expect(finalRadius(spectraUpTo(20), 1000, 1, 100)).toBe(21);
  });

  it("counts particles and symmetry: SNR 1/3 at k = count·|G|·3/4 for equal powers", () => {
    expect(finalRadius(spectraUpTo(32), 20, 1, 100)).toBe(16); // 20·½/(2k) ≥ 1/3 up to k = 15
    expect(finalRadius(spectraUpTo(32), 10, 2, 100)).toBe(16);
    expect(finalRadius(spectraUpTo(32), 10, 4, 100)).toBe(31);
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
  const radii = (stages: readonly Stage[]): number[] => stages.map((stage) => stage.maxRadius);

  it("rises by a quarter from where all poses are tried", () => {
    expect(radii(automaticSchedule(22, budget()))).toEqual([8, 8, 11, 14, 18, 22]);
    expect(radii(automaticSchedule(16, budget()))).toEqual([8, 8, 11, 14, 16]);
    expect(radii(automaticSchedule(8, budget()))).toEqual([8, 8]);
  });

  it.each([4, 8, 9, 12, 14, 31, 64])(
    "to radius %i begins among all poses, goes on near those found, and ends with all particles",
    (finest) => {
      const stages = automaticSchedule(finest, budget()).slice(1),
        kinds = stages.map((stage) => stage.kind);
      expect(stages.at(-1)!.maxRadius).toBe(finest);
      expect(kinds.join(" ")).toMatch(/^refinement( refinement)*( local)*$/);
      for (const stage of stages) {
        expect(stage.iterations).toBeGreaterThanOrEqual(1);
        if (stage.kind === "local") expect(stage.particles).toBe(20_000);
      }
      stages.forEach((stage, i) => {
        if (i > 0) expect(stage.maxRadius / stages[i - 1]!.maxRadius).toBeLessThan(1.55);
        if (i > 0) expect(stage.maxRadius).toBeGreaterThan(stages[i - 1]!.maxRadius);
      });
      if (finest >= 2 * startRadius) expect(kinds.at(-1)).toBe("local");
    },
  );

  it("sees all particles where shifts are searched for, and at least four times where all poses are tried", () => {
    const short = { count: 50_000, seconds: 15 };
    const searching = automaticSchedule(22, budget({ ...short, shiftSigma: 0.025 })),
      centred = automaticSchedule(22, budget(short));
    expect(outline(searching)).toEqual(outline(centred));
    searching.forEach((stage, i) => {
      const without = centred[i]!;
      if (stage.kind === "adversarial" || without.kind === "adversarial") return;
      expect(stage.particles).toBe(50_000);
      if (stage.kind !== "refinement") return;
      expect(without.particles).toBeLessThan(50_000);
      expect(stage.iterations).toBeGreaterThan(without.iterations);
      expect(stage.iterations).toBe(4);
    });
  });

  it("makes two starts where there is time, each with a refinement to be judged by, then goes on as ever", () => {
    const once = automaticSchedule(22, budget({ seconds: 79 })),
      often = automaticSchedule(22, budget({ seconds: 600 }));
    const starts = often.filter((stage) => stage.kind === "adversarial");
    expect(starts.map((stage) => stage.start)).toEqual([0, 1]);
    expect(once.filter((stage) => stage.kind === "adversarial").map((stage) => stage.start)).toEqual([undefined]);
    for (const [i, stage] of often.entries()) {
      if (stage.kind === "adversarial")
        expect(often[i + 1]).toMatchObject({ kind: "refinement", maxRadius: 8, endsStart: true });
    }
    expect(outline(often.slice(4))).toEqual(outline(once.slice(1)));
  });

  it("makes three where two cannot be compared: of several classes, and by the critic alone", () => {
    const startsOf = (change: Partial<Budget>) =>
      automaticSchedule(22, budget({ seconds: 600, ...change })).flatMap((stage) =>
        stage.kind === "adversarial" && stage.start !== undefined ? [stage.start] : [],
      );
    expect(startsOf({ severalClasses: true })).toEqual([0, 1, 2]);
    expect(startsOf({ method: "cryogan" })).toEqual([0, 1, 2]);
    expect(startsOf({ severalClasses: true, seconds: 100 })).toEqual([0, 1]);
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
  const seconds = (kind: "refinement" | "local", change: Partial<RefinementStage> = {}, b: Budget = budget()): number =>
    stageSeconds({ kind, maxRadius: 16, iterations: 1, particles: 10_000, ...change }, b);

  it("of a pass over all poses grows with particles and resolution, and falls with symmetry", () => {
    const once = seconds("refinement");
    expect(seconds("refinement", { iterations: 3 })).toBeCloseTo(3 * once, 6);
    expect(seconds("refinement", { particles: 5000 })).toBeCloseTo(once / 2, 6);
    expect(seconds("refinement", { particles: Infinity })).toBeCloseTo(2 * once, 6); // all 20,000
    expect(seconds("refinement", {}, budget({ groupOrder: 4 }))).toBeCloseTo(once / 4, 6);
    expect(seconds("refinement", {}, budget({ shiftSigma: 0.025 }))).toBeGreaterThan(once);
    // Four times as many views of twice as many turns, and longer images.
    expect(seconds("refinement", { maxRadius: 32 }) / once).toBeGreaterThan(8);
    expect(seconds("refinement", { maxRadius: 32 }) / once).toBeLessThan(32);
  });

  it("of a pass over the poses nearby is a part for the particles and one for the views, and far less", () => {
    const [none, half, once] = [0, 5000, 10_000].map((particles) => seconds("local", { particles })) as [
      number,
      number,
      number,
    ];
    expect(none).toBeGreaterThan(0);
    expect(once - half).toBeCloseTo(half - none, 6);
    expect(seconds("local", { iterations: 3 }) - seconds("local", { iterations: 2 })).toBeCloseTo(
      seconds("local", { iterations: 2 }) - once,
      6,
    );
    expect(seconds("local", { particles: Infinity }) - once).toBeCloseTo(once - none, 6);
    for (const maxRadius of [16, 32, 64])
      expect(seconds("local", { maxRadius, particles: 20_000 })).toBeLessThan(
        0.5 * seconds("refinement", { maxRadius, particles: 20_000 }),
      );
    expect(seconds("local", { maxRadius: 64 }) / seconds("local", { maxRadius: 32 })).toBeGreaterThan(2);
  });

  it("of an adversarial stage counts its iterations", () => {
    const stage = { kind: "adversarial", maxRadius: 8, iterations: 500 } as const;
    expect(stageSeconds(stage, budget())).toBeGreaterThan(0);
    expect(stageSeconds({ ...stage, iterations: 1000 }, budget({ count: 5 }))).toBeCloseTo(
      2 * stageSeconds(stage, budget()),
      9,
    );
  });

  it("of loading is that of reading, and of transforms that grow with the square of the pixels", () => {
    const b = budget();
    expect(readingSeconds(budget({ readSeconds: 1e-3 }))).toBeCloseTo(20, 6);
    expect(transformingSeconds(32, b) / transformingSeconds(16, b)).toBeCloseTo(16, 6);
    expect(transformingSeconds(16, { ...b, count: 200 })).toBeCloseTo(transformingSeconds(16, b) / 100, 9);
  });

  it.each([
    ["no shifts", budget({ seconds: 300 })],
    ["shifts", budget({ seconds: 900, shiftSigma: 0.025 })],
    ["slow disk", budget({ seconds: 300, readSeconds: 0.01 })],
    ["another critic and symmetry", budget({ seconds: 400, start: convolutionalRecipe.start, groupOrder: 7 })],
  ])("the finest affordable radius: the whole run to it fits and to no finer one (%s)", (_, b) => {
    const radius = affordableRadius(b);
    expect(radius).toBeGreaterThan(8);
    expect(radius).toBeLessThan(128);
    expect(total(radius, b)).toBeLessThan(b.seconds);
    for (let finer = radius + 1; finer <= 128; finer++) expect(total(finer, b)).toBeGreaterThanOrEqual(b.seconds);
  });

  it("more time, fewer particles or a quicker disk do not make it coarser", () => {
    const radius = affordableRadius(budget({ seconds: 300 }));
    for (const change of [{ seconds: 600 }, { seconds: 300, count: 10_000 }, { seconds: 300, readSeconds: 1e-5 }])
      expect(affordableRadius(budget(change))).toBeGreaterThanOrEqual(radius);
    expect(affordableRadius(budget({ seconds: 3000 }))).toBeGreaterThan(radius);
  });

  it("where nothing fits, the start remains", () => {
    expect(affordableRadius(budget({ seconds: 0.1 }))).toBe(8);
  });
});

describe.each<RefinementStage | LocalStage>([
  { kind: "refinement", maxRadius: 24, iterations: 2, particles: 20_000 },
  { kind: "local", maxRadius: 24, iterations: 2, particles: 20_000 },
])("a stage fitted to the time left, $kind", (stage) => {
  const b = budget();
  const fitToTime = (wanted: typeof stage, secondsLeft: number, pace: number, budget: Budget) =>
    fit(wanted, secondsLeft, (cut) => pace * stageSeconds(cut, budget), budget.count);
  const seconds = (change: Partial<RefinementStage | LocalStage>): number => stageSeconds({ ...stage, ...change }, b);

  it("stays as it is where it fits", () => {
    expect(fitToTime(stage, seconds({}) * 1.001, 1, b)).toEqual(stage);
    expect(fitToTime(stage, seconds({}) * 2.001, 2, b)).toEqual(stage);
  });

  it("is cut to fewer passes first", () => {
    expect(fitToTime(stage, seconds({}) * 0.999, 1, b)).toEqual({ ...stage, iterations: stage.iterations - 1 });
    expect(fitToTime(stage, seconds({}), 1.01, b)).toEqual({ ...stage, iterations: stage.iterations - 1 });
    expect(fitToTime(stage, seconds({ iterations: 1 }) * 1.001, 1, b)).toEqual({ ...stage, iterations: 1 });
  });

  it.each([1, 3])("then to as many particles as fit, at pace %d", (pace) => {
    const left = pace * seconds({ iterations: 1, particles: 12_345 }) + 1e-6;
    expect(fitToTime(stage, left, pace, b)).toEqual({ ...stage, iterations: 1, particles: 12_345 });
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
