import { deserialize, serialize } from "node:v8";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shellCorrelation } from "../../../src/evaluate/fsc.ts";
import { spectrumOf } from "../../../src/evaluate/shells.ts";
import { changeBox } from "../../../src/numeric/fourierCrop.ts";
import { angularDistance, axisAngleToMatrix, multiply } from "../../../src/physics/rotations.ts";
import type { RefinementContext } from "../../../src/reconstruct/likelihood/context.ts";
import { localStage } from "../../../src/reconstruct/likelihood/localStage.ts";
import type {
  IterationReport,
  LocalStage,
  StageProgress,
  StageResult,
  StageVolume,
} from "../../../src/reconstruct/stage.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { boxSize, poseOf, type Simulated, type SimulationSettings, simulated } from "../simulated.ts";

const maxRadius = 10,
  startRadius = 6,
  count = 300,
  degree = Math.PI / 180;
const stage = (change: Partial<LocalStage> = {}): LocalStage => ({
  kind: "local",
  maxRadius,
  iterations: 3,
  particles: count,
  ...change,
});

interface Start {
  volume: StageVolume;
  poses: Float32Array;
  shifts: Float32Array;
}
/** The true density at a low resolution, and poses and shifts that are a little off. */
function startOf({ truth, poses, shifts }: Simulated): Start {
  const stream = createStream(1, "errors");
  const off = Float32Array.from(
    Array.from({ length: count }, (_, p) => {
      const axis = [0, 1, 2].map(() => stream.normal()) as [number, number, number];
      return [...multiply(axisAngleToMatrix(axis, 12 * degree * Math.abs(stream.normal())), poseOf(poses, p))];
    }).flat(),
  );
  return {
    volume: changeBox({ n: boxSize, data: truth }, 2 * startRadius),
    poses: off,
    shifts: shifts.map((v) => v + 0.015 * stream.normal()),
  };
}
const run = (
  context: RefinementContext,
  start: Start,
  change: Partial<LocalStage> = {},
  after: (report: IterationReport, snapshot: () => Promise<StageProgress>) => Promise<void> = async () => {},
  from?: StageProgress,
): Promise<StageResult> =>
  localStage(stage(change), context, { volume: start.volume, placement: start }, from, async (report, snapshot) => {
    await after(report, snapshot!);
    return undefined;
  });

/** Mean angle to the true poses, up to the point group. */
function poseError({ context, poses }: Simulated, found: Float32Array): number {
  return poses.reduce(
    (sum, _, i) =>
      i % 9
        ? sum
        : sum +
          Math.min(
            ...context.groups[0]!.map((g) => angularDistance(poseOf(found, i / 9), multiply(poseOf(poses, i / 9), g))),
          ) /
            context.count,
    0,
  );
}
const shiftError = ({ shifts }: Simulated, found: Float32Array): number =>
  Math.sqrt(shifts.reduce((sum, v, i) => sum + (v - found[i]!) ** 2, 0) / shifts.length);
/** Fourier shell correlation with the truth, entry k - 1 at shell k. */
function correlation({ truth }: Simulated, { n, data }: StageVolume): number[] {
  const map = (values: Float32Array) =>
    spectrumOf({ data: values, shape: [n, n, n], pixelSizeAngstrom: 1, originAngstrom: [0, 0, 0] });
  return shellCorrelation(map(data), map(changeBox({ n: boxSize, data: truth }, n).data));
}

const cases: [string, Omit<SimulationSettings, "count" | "maxRadius">][] = [
  ["shifted particles", { shiftLaw: { kind: "gaussian", sigma: 0.03 }, signalToNoise: 1, noisy: true }],
  ["centred particles of symmetry C3", { symmetry: "C3", signalToNoise: 1, noisy: true }],
];
describe.each(cases)("local refinement of %s", (_, settings) => {
  let particles: Simulated, start: Start, untouched: Start, whole: StageResult;
  const reports: IterationReport[] = [];
  beforeAll(async () => {
    particles = await simulated({ ...settings, count, maxRadius });
    start = startOf(particles);
    untouched = structuredClone(start);
    whole = await run(particles.context, start, {}, async (report) => void reports.push(report));
  });
  afterAll(() => particles.context.store.close());
  const centred = settings.shiftLaw === undefined;

  it("brings poses and shifts closer to the truth, and the density to a resolution that it did not have", () => {
    // What remains of the poses' errors is how far apart the views and turns are: 10° and 9°.
    expect(poseError(particles, whole.poses!)).toBeLessThan(0.8 * poseError(particles, start.poses));
    if (centred)
      expect(whole.shifts).toEqual(start.shifts); // not used
    else expect(shiftError(particles, whole.shifts!)).toBeLessThan(0.65 * shiftError(particles, start.shifts));
    const before = correlation(particles, changeBox(start.volume, 2 * maxRadius)),
      now = correlation(particles, whole.volume);
    expect(whole.volume.n).toBe(2 * maxRadius);
    for (let shell = startRadius; shell < maxRadius; shell++)
      expect(now[shell - 1]!).toBeGreaterThan(before[shell - 1]!);
    expect(before[7]!).toBeLessThan(0.5);
    expect(now[7]!).toBeGreaterThan(0.85);
  });

  it("tells how far it is, and a likelihood that rises from pass to pass", () => {
    const iterations = reports.map((report) => report.iteration);
    expect(iterations.every((iteration, i) => i === 0 || iteration > iterations[i - 1]!)).toBe(true);
    expect(iterations.length).toBeGreaterThan(10); // several cells in a pass
    const passes = reports.filter((report) => report.logLikelihood !== undefined);
    expect(passes.map((report) => report.iteration)).toEqual([1, 2, 3]);
    expect(passes[1]!.logLikelihood!).toBeGreaterThan(passes[0]!.logLikelihood! + 10);
    expect(passes[2]!.logLikelihood!).toBeGreaterThan(passes[1]!.logLikelihood!);
  });

  it.each([
    ["inside a pass", 1.4],
    ["between two passes", 2],
  ])("stopped %s and resumed ends with the same bits", async (_, when) => {
    const stop = new Error("stopped");
    let saved: Buffer | undefined,
      stoppedAt = 0;
    await expect(
      run(particles.context, start, {}, async (report, snapshot) => {
        if (report.iteration < when) return;
        saved = serialize(await snapshot());
        stoppedAt = report.iteration;
        throw stop;
      }),
    ).rejects.toBe(stop);
    expect(Number.isInteger(stoppedAt)).toBe(Number.isInteger(when));
    const later: number[] = [];
    const resumed = await run(
      particles.context,
      start,
      {},
      async (report) => void later.push(report.iteration),
      deserialize(saved!) as StageProgress,
    );
    expect(resumed).toEqual(whole);
    expect(later).toEqual(reports.map((report) => report.iteration).filter((iteration) => iteration > stoppedAt));
  });

  it("with a sample of the particles moves these alone, and makes of them a density of the same scale", async () => {
    const size = 200,
      changed: number[] = [];
    const moved = (poses: Float32Array): number =>
      Array.from({ length: count }, (_, p) => p).filter((p) =>
        poses.subarray(9 * p, 9 * p + 9).some((v, i) => v !== start.poses[9 * p + i]),
      ).length;
    const sampled = await run(
      particles.context,
      start,
      { particles: size, iterations: 2 },
      async (report, snapshot) => {
        if (Number.isInteger(report.iteration)) changed.push(moved((await snapshot()).tensors.poses!));
      },
    );
    expect(changed[0]).toBe(size);
    expect(changed[1]).toBeGreaterThan(size + 40); // another sample: about 33 are in neither
    expect(changed[1]).toBeLessThan(count - 10);
    expect(correlation(particles, sampled.volume)[7]!).toBeGreaterThan(0.8);
    let dot = 0,
      own = 0;
    whole.volume.data.forEach((v, i) => {
      dot += v * sampled.volume.data[i]!;
      own += v * v;
    });
    expect(Math.abs(dot / own - 1)).toBeLessThan(0.1);
  });

  it("regularises a sample as the sample that it is: far below the noise a half makes half the density", async () => {
    const { context } = particles,
      weak = { ...context, spectra: { ...context.spectra, signal: context.spectra.signal.map((v) => 1e-9 * v) } };
    const density = async (size: number): Promise<Float32Array> =>
      (await run(weak, start, { particles: size, iterations: 1 })).volume.data;
    const whole = await density(count),
      half = await density(count / 2);
    let dot = 0,
      own = 0;
    whole.forEach((v, i) => {
      dot += v * half[i]!;
      own += v * v;
    });
    expect(own).toBeGreaterThan(0);
    expect(dot / own).toBeCloseTo(1 / 2, 1);
  });

  it("leaves what it was given as it was", () => {
    expect(start).toEqual(untouched);
  });
});
