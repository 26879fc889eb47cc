import { describe, expect, it } from "vitest";
import { harmonicOrders } from "../../../src/critic/harmonics.ts";
import { likelihoodRatioCritic } from "../../../src/critic/likelihoodRatio.ts";
import { type PolarGrid, polarGrid } from "../../../src/physics/frequencies.ts";
import { sphericalMask } from "../../../src/physics/mask.ts";
import { centralSlices } from "../../../src/physics/project.ts";
import { eulerToMatrix, type Matrix3, randomRotation } from "../../../src/physics/rotations.ts";
import { pointGroup } from "../../../src/physics/symmetry.ts";
import { openTableMaker } from "../../../src/physics/tablePlanes.ts";
import { viewCapacity, viewGrid } from "../../../src/physics/viewGrid.ts";
import { addSlices, emptySums, sampleSumsProgram } from "../../../src/reconstruct/likelihood/backprojection.ts";
import { expectationProgram, templateProgram } from "../../../src/reconstruct/likelihood/refinement.ts";
import { moveShift } from "../../../src/reconstruct/likelihood/shifts.ts";
import { openWiener, tablePrior } from "../../../src/reconstruct/likelihood/wiener.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { compile } from "../../../src/runtime/session.ts";
import { gradient } from "../../../src/tensor/gradient.ts";
import * as op from "../../../src/tensor/ops.ts";
import { constant, input } from "../../../src/tensor/tensor.ts";

const device = nodeCpu(1);
const identity = eulerToMatrix(0, 0, 0);
const flat = (rotations: readonly Matrix3[]): Float32Array => Float32Array.from(rotations.flatMap((r) => [...r]));

describe("expectation step", () => {
  const grid = polarGrid(2, 4),
    views = 3,
    batch = 2,
    turns = 8;
  const orders = harmonicOrders(grid.angles),
    radii = grid.radii.length,
    width = orders.length * 2 * radii;
  const stream = createStream(5, "expectation");
  const normal = (n: number): Float32Array => Float32Array.from({ length: n }, () => stream.normal());
  const templates = normal(orders.length * views * 2 * radii);
  const images = normal(width * batch);
  const ctfSquared = Float32Array.from({ length: radii * batch }, () => stream.uniform());
  const viewPrior = Float32Array.of(-0.3, -1.2, -0.9);

  /** Values on the whole circle, 2·angles samples a radius, of one function given by harmonics, in double precision. */
  function circle(coefficient: (order: number, part: number, radius: number) => number, radius: number): number[] {
    const samples = 2 * grid.angles;
    return Array.from({ length: samples }, (_, a) =>
      orders.reduce((sum, m, i) => {
        const angle = (2 * Math.PI * m * a) / samples,
          norm = Math.sqrt((m === 0 ? 1 : 2) / samples);
        return (
          sum +
          norm *
            (coefficient(i, 0, radius) * Math.cos(angle) + (m === 0 ? 0 : coefficient(i, 1, radius) * Math.sin(angle)))
        );
      }, 0),
    );
  }
  const templateAt =
    (t: ArrayLike<number>, view: number) =>
    (i: number, part: number, r: number): number =>
      t[(i * views + view) * 2 * radii + part * radii + r]!;
  const imageAt =
    (b: number) =>
    (i: number, part: number, r: number): number =>
      images[(i * 2 * radii + part * radii + r) * batch + b]!;

  /** log Σ over views, turns and mirroring, the templates turned sample by sample. Energies are those of `energyOf`. */
  function logLikelihood(t: ArrayLike<number>, b: number, energyOf: ArrayLike<number>): number {
    const samples = 2 * grid.angles;
    let sum = 0;
    for (let view = 0; view < views; view++) {
      let energy = 0;
      for (let r = 0; r < radii; r++)
        energy +=
          0.5 * ctfSquared[r * batch + b]! * circle(templateAt(energyOf, view), r).reduce((s, v) => s + v * v, 0);
      for (const mirror of [1, -1]) {
        for (let turn = 0; turn < turns; turn++) {
          let product = 0;
          for (let r = 0; r < radii; r++) {
            const x = circle(imageAt(b), r),
              y = circle(templateAt(t, view), r);
            x.forEach((v, a) => (product += v * y[(((mirror * (a - turn)) % samples) + samples) % samples]!));
          }
          sum += Math.exp(product - energy + viewPrior[view]!) / (2 * turns);
        }
      }
    }
    return Math.log(sum);
  }

  // sin 0φ is no function: whatever stands in its place must not count.
  const zeroed = (values: Float32Array, start: number, count: number, stride: number): void => {
    for (let i = 0; i < count; i++) values[start + i * stride] = 0;
  };
  for (let view = 0; view < views; view++) zeroed(templates, view * 2 * radii + radii, radii, 1);
  zeroed(images, radii * batch, radii * batch, 1);

  const feeds = { templates, viewPrior, harmonics: images, ctfSquared };
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

  // All images taken for particles; odds against some of them; and one image left out.
  it.each([
    [-1e4, [1, 1]],
    [0.3, [1, 1]],
    [-1e4, [0, 1]],
  ] as const)(
    "equals the sum over turned and mirrored templates; " +
      "its sums are the posterior-weighted images (junk odds %d, present %s)",
    async (junkOdds, present) => {
      const executable = await compile(expectationProgram({ grid, views, turns, batch, centred: true }), device);
      const out = await executable.run({
        ...feeds,
        junkOdds: Float32Array.of(junkOdds),
        present: Float32Array.from(present),
      });
      const evidence = [0, 1].map((b) => logLikelihood(templates, b, templates)),
        shares = evidence.map((e, b) => present[b]! * sigmoid(e - junkOdds));
      evidence.forEach((value, b) => expect(out.evidence![b]).toBeCloseTo(value, 4));
      shares.forEach((value, b) => expect(out.share![b]).toBeCloseTo(value, 4));
      // With energies held fixed the slope in a template is Σ posterior · turned image.
      const numerator = await executable.getState("numerator");
      for (const i of [0, 1, 9, 17, 30, 47]) {
        const moved = (h: number): number => {
          const t = Float64Array.from(templates);
          t[i]! += h;
          return shares.reduce((sum, share, b) => sum + share * logLikelihood(t, b, templates), 0);
        };
        expect(numerator[i]).toBeCloseTo(zeroSine(i) ? 0 : (moved(1e-4) - moved(-1e-4)) / 2e-4, 3);
      }
      // The views' posteriors of an image sum to its probability of being a particle, so the denominators sum to that
      // times its CTF².
      const denominator = await executable.getState("denominator");
      for (let r = 0; r < radii; r++) {
        const total = [0, 1, 2].reduce((sum, view) => sum + denominator[view * radii + r]!, 0);
        expect(total).toBeCloseTo(shares[0]! * ctfSquared[r * batch]! + shares[1]! * ctfSquared[r * batch + 1]!, 4);
      }
      await executable.release();
    },
  );
  /** Whether coefficient i of the templates is that of sin 0φ. */
  const zeroSine = (i: number): boolean => Math.floor(i / (views * 2 * radii)) === 0 && i % (2 * radii) >= radii;

  it("of two classes an image belongs to each as the likelihoods by each alone say", async () => {
    const of = [0, 1, 1],
      logShares = [Math.log(0.3), Math.log(0.7)],
      odds = -0.4;
    const executable = await compile(expectationProgram({ grid, views, turns, batch, centred: true, of }), device);
    const out = await executable.run({
      ...feeds,
      classPrior: Float32Array.from({ length: 2 * batch }, (_, i) => logShares[Math.floor(i / batch)]!),
      junkOdds: Float32Array.of(odds),
      present: Float32Array.of(1, 1),
    });
    for (let b = 0; b < batch; b++) {
      // Views of the other class count for nothing.
      const alone = [0, 1].map((c) => {
        const kept = viewPrior.slice();
        of.forEach((own, view) => {
          if (own !== c) viewPrior[view] = -1e4;
        });
        const log = logLikelihood(templates, b, templates);
        viewPrior.set(kept);
        return logShares[c]! + log;
      });
      const evidence = Math.log(Math.exp(alone[0]!) + Math.exp(alone[1]!));
      expect(out.evidence![b]).toBeCloseTo(evidence, 4);
      alone.forEach((log, c) =>
        expect(out.memberships![c * batch + b]).toBeCloseTo(Math.exp(log - evidence) * sigmoid(evidence - odds), 4),
      );
    }
    await executable.release();
  });

  it.each([
    ["of one structure", [0]],
    ["of two, the other of which is empty", [0, 1]],
  ])("knows where a moved image %s belongs: Newton's steps along its slope end at the shift", async (_, of) => {
    const fine = polarGrid(6, 12),
      truth = [0.03, -0.02] as const,
      law = { kind: "gaussian", sigma: 10 } as const;
    const n = 12,
      critic = likelihoodRatioCritic(
        { maxRadius: 6, noisePower: new Float64Array(7).fill(1), signalPower: new Float64Array(7).fill(1) },
        { angles: 12, turns: 12, templates: 1 },
      );
    const whitening = critic.whitening(new Float64Array(7).fill(1e-4));
    const t = await templatesOf(blobs(n, identity), n, fine, [identity], whitening);
    // The projection of a moved volume is the projection moved as much.
    const harmonics = await templatesOf(blobs(n, identity, truth[0] * n, truth[1] * n), n, fine, [identity], whitening);
    const views = of.length,
      width = 2 * fine.radii.length,
      templates = new Float32Array(views * t.length);
    for (let m = 0; m < fine.angles; m++) templates.set(t.subarray(m * width, (m + 1) * width), m * views * width);
    const executable = await compile(
      expectationProgram({ grid: fine, views, turns: 1, batch: 1, centred: false, of }),
      device,
    );
    const shifts = new Float32Array(2),
      certain = {
        viewPrior: new Float32Array(views),
        present: Float32Array.of(1),
        junkOdds: Float32Array.of(-1e4),
        ...(views > 1 ? { classPrior: new Float32Array(views) } : {}),
      };
    let before = 0;
    for (let step = 0; step < 6; step++) {
      const { evidence, slope, curvature } = await executable.run({
        templates,
        harmonics,
        ctfSquared: new Float32Array(6).fill(1),
        shifts,
        ...certain,
      });
      expect(evidence![0]!).toBeGreaterThan(before * (1 - 1e-5));
      before = evidence![0]!;
      moveShift(shifts, 0, [slope![0]!, slope![1]!], curvature![0]!, law);
    }
    expect(shifts[0]).toBeCloseTo(truth[0], 3);
    expect(shifts[1]).toBeCloseTo(truth[1], 3);
    await executable.release();
  });
});

async function templatesOf(
  volume: Float32Array,
  n: number,
  grid: PolarGrid,
  views: readonly Matrix3[],
  whitening: Float32Array,
): Promise<Float32Array> {
  const makeTable = await openTableMaker(n, 1, device),
    make = await compile(templateProgram(n, grid, views.length, whitening), device);
  const { table } = await makeTable.run({ volume });
  const { templates } = await make.run({ table: table!, rotations: flat(views) });
  await Promise.all([makeTable.release(), make.release()]);
  return templates!;
}

/** Gaussian blobs in an n³ box, turned, and moved by x and y voxels. */
function blobs(n: number, turn: Matrix3, x = 0, y = 0): Float32Array {
  const out = new Float32Array(n ** 3);
  for (const [at, weight] of [
    [[0.11, -0.06, 0.04], 1],
    [[-0.08, 0.13, 0.1], 0.7],
    [[0.02, 0.05, -0.16], 1.4],
  ] as const) {
    const centre = [0, 3, 6].map((r) => n * (turn[r]! * at[0] + turn[r + 1]! * at[1] + turn[r + 2]! * at[2]));
    for (let k = 0, i = 0; k < n; k++)
      for (let j = 0; j < n; j++)
        for (let l = 0; l < n; l++, i++) {
          const d2 =
            (l - n / 2 - x - centre[0]!) ** 2 + (j - n / 2 - y - centre[1]!) ** 2 + (k - n / 2 - centre[2]!) ** 2;
          out[i]! += weight * Math.exp(-d2 / (2 * (0.07 * n) ** 2));
        }
  }
  return out;
}

describe("maximisation step", () => {
  it.each(["C1", "C2"])("gives back the volume whose projections it is handed, %s", async (symbol) => {
    const n = 20,
      maxRadius = 10,
      group = pointGroup(symbol);
    const grid: PolarGrid = polarGrid(maxRadius, 20);
    const truth = new Float32Array(n ** 3);
    for (const g of group) blobs(n, g).forEach((v, i) => (truth[i]! += v / group.length));
    const spacing = (9 * Math.PI) / 180;
    const views = viewGrid(spacing, group, identity),
      whitening = new Float32Array(grid.count);
    for (let i = 0; i < grid.count; i++) whitening[i] = Math.sqrt((Math.PI * grid.radii[i % maxRadius]!) / grid.angles);
    const templates = await templatesOf(truth, n, grid, views, whitening);
    // A hundred perfect images of each view; the group brings in the views that the grid leaves out.
    const weight = 100;
    const sampleSums = await compile(sampleSumsProgram(grid, views.length, whitening), device);
    const { re, im } = await sampleSums.run({ numerator: templates.map((v) => weight * v) });
    const sums = emptySums(n);
    addSlices(
      sums,
      { re: re!, im: im!, denominator: new Float32Array(views.length * maxRadius).fill(weight) },
      views.map((pose, place) => ({ pose, place })),
      group,
      grid,
      whitening,
    );
    const mask = sphericalMask([n, n, n], 0.45 * n, 2),
      prior = tablePrior(new Float64Array(maxRadius + 1).fill(1e3), maxRadius);
    const wiener = await openWiener(n, prior, device);
    const unmasked = await wiener.density([sums.values]),
      volume = unmasked.map((v, i) => v * mask[i]!);
    expect(unmasked.some((v, i) => mask[i] === 0 && v !== 0)).toBe(true);
    let dot = 0,
      own = 0,
      other = 0;
    truth.forEach((v, i) => {
      dot += v * volume[i]!;
      own += v * v;
      other += volume[i]! ** 2;
    });
    expect(dot / Math.sqrt(own * other)).toBeGreaterThan(0.99);
    expect(dot / own).toBeGreaterThan(0.93); // the scale too
    expect(dot / own).toBeLessThan(1.07);
    await Promise.all([sampleSums, wiener].map((e) => e.release()));
  });

  it("adds slices where the adjoint of the projector does", async () => {
    const n = 8,
      grid = polarGrid(4, 6),
      views = 3,
      radii = grid.radii.length,
      m = 2 * n + 2;
    const stream = createStream(11, "slices"),
      normal = (size: number): Float32Array => Float32Array.from({ length: size }, () => stream.normal());
    const poses = Array.from({ length: views }, () => randomRotation(stream)),
      whitening = normal(grid.count).map(Math.abs);
    const numerator = normal(grid.angles * views * 2 * radii),
      denominator = normal(views * radii).map(Math.abs);
    const sampleSums = await compile(sampleSumsProgram(grid, views, whitening), device);
    const { re, im } = await sampleSums.run({ numerator });
    const sums = emptySums(n);
    const seen = poses.map((pose, place) => ({ pose, place }));
    addSlices(sums, { re: re!, im: im!, denominator }, seen, [identity], grid, whitening);
    // The textbook way: differentiate the inner product of the numerators with the templates, and that of the weights
    // with the slices.
    const table = input("table", [2, m, m, m]),
      rotations = input("rotations", [views, 3, 3]);
    const program = templateProgram(n, grid, views, whitening);
    const factor = input("numerator", [grid.angles, views, 2 * radii]);
    const inner = op.sum(op.mul(program.outputs.templates!, factor));
    const weights = Float32Array.from(
      { length: grid.count * views },
      (_, i) =>
        2 *
        whitening[Math.floor(i / views)]! ** 2 *
        denominator[(i % views) * radii + (Math.floor(i / views) % radii)]!,
    );
    const weighed = op.sum(op.mul(centralSlices(table, rotations, grid).re, constant(weights, [grid.count, views])));
    const byTable = gradient(inner, [program.feeds.table!])[0]!,
      byWeights = gradient(weighed, [table])[0]!;
    const textbook = await compile(
      { name: "adjoint", state: {}, feeds: { ...program.feeds, numerator: factor }, outputs: { byTable } },
      device,
    );
    const { byTable: complex } = await textbook.run({
      table: new Float32Array(2 * m ** 3),
      rotations: flat(poses),
      numerator,
    });
    const textbookWeights = await compile(
      { name: "adjoint-weights", state: {}, feeds: { table, rotations }, outputs: { byWeights } },
      device,
    );
    const { byWeights: real } = await textbookWeights.run({
      table: new Float32Array(2 * m ** 3),
      rotations: flat(poses),
    });
    // f and -f together, as one half of the table holds both.
    const inHalf = (i: number): number[] =>
      i < n * m * m ? [0, 0, 0] : [...sums.values.subarray(3 * (i - n * m * m), 3 * (i - n * m * m) + 3)];
    for (let z = 0; z <= 2 * n; z++)
      for (let y = 0; y <= 2 * n; y++)
        for (let x = 0; x <= 2 * n; x++) {
          const at = (z * m + y) * m + x,
            opposite = ((2 * n - z) * m + 2 * n - y) * m + 2 * n - x,
            [here, there] = [inHalf(at), inHalf(opposite)] as const;
          expect(here[0]! + there[0]!).toBeCloseTo(complex![at]! + complex![opposite]!, 3);
          expect(here[1]! - there[1]!).toBeCloseTo(complex![m ** 3 + at]! - complex![m ** 3 + opposite]!, 3);
          expect(here[2]! + there[2]!).toBeCloseTo(real![at]! + real![opposite]!, 3);
        }
    await Promise.all([sampleSums, textbook, textbookWeights].map((e) => e.release()));
  });
});

describe("viewGrid", () => {
  it.each(["C1", "C3", "D2", "D7", "T", "O", "I"])(
    "covers every direction once, up to %s and mirroring, however it is turned",
    (symbol) => {
      const group = pointGroup(symbol),
        spacing = (8 * Math.PI) / 180;
      const stream = createStream(3, symbol);
      for (let trial = 0; trial < 5; trial++) {
        const views = viewGrid(spacing, group, randomRotation(stream));
        const expected = (2 * Math.PI) / spacing ** 2 / group.length;
        expect(Math.abs(views.length - expected)).toBeLessThan(3 * Math.sqrt(expected) + 2);
        expect(views.length).toBeLessThanOrEqual(viewCapacity(spacing, group));
        for (let i = 0; i < 50; i++) {
          const d = randomRotation(stream);
          const nearest = Math.max(
            ...views.flatMap((view) =>
              group.map((g) =>
                Math.abs(
                  [0, 1, 2].reduce(
                    (sum, row) =>
                      sum + view[6 + row]! * (g[3 * row]! * d[6]! + g[3 * row + 1]! * d[7]! + g[3 * row + 2]! * d[8]!),
                    0,
                  ),
                ),
              ),
            ),
          );
          // across the border of the unit the lattices do not match
          expect(Math.acos(Math.min(1, nearest))).toBeLessThan(2 * spacing);
        }
      }
    },
  );
});
