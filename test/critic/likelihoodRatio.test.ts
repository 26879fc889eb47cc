import { describe, expect, it } from "vitest";
import { harmonicOrders, harmonics } from "../../src/critic/harmonics.ts";
import { likelihoodRatio, likelihoodRatioCritic, templateResponses } from "../../src/critic/likelihoodRatio.ts";
import { polarGrid } from "../../src/physics/frequencies.ts";
import { transformOfImages } from "../../src/physics/imageTransform.ts";
import { createStream } from "../../src/runtime/random.ts";
import * as op from "../../src/tensor/ops.ts";
import { evaluateReference } from "../../src/tensor/reference.ts";
import { constant, input } from "../../src/tensor/tensor.ts";
import { circle, noScene, randomTransforms } from "./polar.ts";

const angles = 6,
  radii = 2,
  batch = 3,
  perSide = 2;
const grid = polarGrid(radii, angles);
const orders = harmonicOrders(angles);
const turns = 2 * angles; // so that every turn maps the polar grid onto itself
const stream = createStream(3, "templates");
/** Template coefficients [orders, 2·perSide, 2·radii] and offsets, and images. */
const coefficients = Float64Array.from({ length: angles * 2 * perSide * 2 * radii }, () => 0.3 * stream.normal());
coefficients.forEach((_, i) => {
  // Order zero has no sine part.
  if (i < 2 * perSide * 2 * radii && i % (2 * radii) >= radii) coefficients[i] = 0;
});
const offsets = Array.from({ length: 2 * perSide }, () => stream.normal());
const ctfSquared = Array.from({ length: radii * batch }, () => stream.uniform());
const { re, im } = randomTransforms(grid, batch, 4);

/** A template's Hartley values around circle r, at an angle in steps of the grid, summed from its series. */
const templateAt = (j: number, r: number, step: number): number =>
  orders.reduce((sum, m, i) => {
    const at = (part: number): number => coefficients[(i * 2 * perSide + j) * 2 * radii + part * radii + r]!;
    const norm = (m === 0 ? Math.SQRT1_2 : 1) * Math.sqrt(2 / (2 * angles));
    const phase = (Math.PI * m * step) / angles;
    return sum + norm * (at(0) * Math.cos(phase) + at(1) * Math.sin(phase));
  }, 0);

/** Inner product over the whole Fourier plane of image b with template j, mirrored (φ → -φ) or not, then turned. */
function response(b: number, j: number, turn: number, mirror: boolean): number {
  let total = 0;
  for (let r = 0; r < radii; r++)
    circle(grid, re, im, batch, b, r).forEach((y, a) => {
      const angle = mirror ? turn - a : a - turn;
      total += y * templateAt(j, r, angle);
    });
  return total;
}
const logSumExp = (x: number[]): number => {
  const peak = Math.max(...x);
  return peak + Math.log(x.reduce((sum, v) => sum + Math.exp(v - peak), 0));
};
const poses = Array.from({ length: turns }, (_, t) => [false, true].map((mirror) => ({ t, mirror }))).flat();
const meanOverPoses = (b: number, j: number): number =>
  logSumExp(poses.map(({ t, mirror }) => response(b, j, t, mirror))) - Math.log(poses.length);
const halfEnergy = (b: number, j: number): number => {
  let total = 0;
  for (let r = 0; r < radii; r++)
    for (let a = 0; a < 2 * angles; a++) total += templateAt(j, r, a) ** 2 * ctfSquared[r * batch + b]!;
  return total / 2;
};
const expected = Array.from({ length: batch }, (_, b) => {
  const score = (j: number): number => meanOverPoses(b, j) - halfEnergy(b, j) + offsets[j]!;
  const side = (first: number): number => logSumExp(Array.from({ length: perSide }, (_, j) => score(first + j)));
  return side(0) - side(perSide);
});

const f = { re: input("re", [grid.count, batch]), im: input("im", [grid.count, batch]) };
const feeds = new Map([
  [f.re, Float64Array.from(re)],
  [f.im, Float64Array.from(im)],
]);
const templates = input("templates", [angles, 2 * perSide, 2 * radii]);
const withTemplates = new Map([...feeds, [templates, coefficients]]);

describe("likelihood-ratio critic against templates turned one by one in double precision", () => {
  it("every response", () => {
    const { even, odd } = templateResponses(harmonics(f, grid), templates, turns);
    const [values] = evaluateReference([op.concat([op.add(even, odd), op.sub(even, odd)], 0)], withTemplates);
    for (let t = 0; t < turns; t++)
      for (let j = 0; j < 2 * perSide; j++)
        for (let b = 0; b < batch; b++)
          for (const mirror of [false, true]) {
            expect(values![(((mirror ? turns : 0) + t) * 2 * perSide + j) * batch + b]).toBeCloseTo(
              response(b, j, t, mirror),
              5,
            );
          }
  });

  it("the whole output", () => {
    const output = likelihoodRatio(
      { coefficients: templates, offsets: constant(offsets, [2 * perSide]) },
      { harmonics: harmonics(f, grid), ctfSquared: constant(ctfSquared, [radii, batch]) },
      turns,
    );
    const [values] = evaluateReference([output], withTemplates);
    values!.forEach((v, b) => expect(v).toBeCloseTo(expected[b]!, 5));
  });
});

describe("likelihood-ratio critic as a model", () => {
  const statistics = { maxRadius: radii, noisePower: [1, 2, 3], signalPower: [5, 5, 7] };
  const critic = likelihoodRatioCritic(statistics, { angles, turns, templates: perSide });

  it("whitens by the noise of each radius and weights by area", () => {
    const w = critic.whitening(statistics.noisePower);
    for (let a = 0; a < angles; a++) {
      expect(w[a * radii]).toBeCloseTo(Math.sqrt(Math.PI / angles / 2), 6);
      expect(w[a * radii + 1]).toBeCloseTo(Math.sqrt((2 * Math.PI) / angles / 3), 6);
    }
  });

  it("learns templates in units of a projection's expected size", () => {
    const p = { templates: input("t", critic.parameters.templates!.shape), offsets: input("o", [2 * perSide]) };
    const x = { harmonics: harmonics(f, grid), ctfSquared: constant(ctfSquared, [radii, batch]) };
    const expectedSize = [1, 2].map((r) =>
      Math.sqrt(((Math.PI * r) / angles / statistics.noisePower[r]!) * statistics.signalPower[r]!),
    );
    const unscaled = coefficients.map((c, i) => c / expectedSize[i % radii]!);
    const [values] = evaluateReference(
      [critic.judge(p, x, noScene)],
      new Map([...feeds, [p.templates, unscaled], [p.offsets, Float64Array.from(offsets)]]),
    );
    values!.forEach((v, b) => expect(v).toBeCloseTo(expected[b]!, 5));
  });

  it("views images multiplied by the CTF once more, and takes the CTF's mean square on circles", () => {
    const ctf = input("ctf", [grid.count, batch]);
    const transfer = Float64Array.from({ length: grid.count * batch }, (_, i) => Math.sin(i));
    const view = critic.view(f, ctf);
    const filtered = {
      re: constant(
        re.map((v, i) => v * transfer[i]!),
        [grid.count, batch],
      ),
      im: constant(
        im.map((v, i) => v * transfer[i]!),
        [grid.count, batch],
      ),
    };
    const [seen, squares, direct] = evaluateReference(
      [view.harmonics!, view.ctfSquared!, harmonics(filtered, grid)],
      new Map([...feeds, [ctf, transfer]]),
    );
    seen!.forEach((v, i) => expect(v).toBeCloseTo(direct![i]!, 5));
    for (let r = 0; r < radii; r++)
      for (let b = 0; b < batch; b++) {
        let mean = 0;
        for (let a = 0; a < angles; a++) mean += transfer[(a * radii + r) * batch + b]! ** 2 / angles;
        expect(squares![r * batch + b]).toBeCloseTo(mean, 6);
      }
  });

  it("turns map samples to samples: circles by quarters, and the same mirrored", () => {
    critic.turns.forEach(({ from, conjugate }, t) => {
      const turnedRe = Array.from(from, (i) => re[i * batch]!),
        turnedIm = Array.from(from, (i, k) => (conjugate[k] ? -1 : 1) * im[i * batch]!);
      const steps = ((t % 4) * angles) / 2,
        sense = t < 4 ? 1 : -1;
      for (let r = 0; r < radii; r++) {
        const before = circle(grid, re, im, batch, 0, r),
          after = circle(grid, turnedRe, turnedIm, 1, 0, r);
        after.forEach((v, a) => expect(v).toBeCloseTo(before[(sense * a + steps + 2 * angles) % (2 * angles)]!, 6));
      }
    });
    expect(critic.turns.length).toBe(8);
  });

  it("turns are those of square images: of pixels moved by quarters and mirrored about their middle", () => {
    const n = 9,
      pixels = Float64Array.from({ length: n * n }, () => stream.normal()),
      images = input("images", [1, n * n]);
    const f = transformOfImages(images, n, grid);
    const transform = (of: Float64Array) => evaluateReference([f.re, f.im], new Map([[images, of]]));
    const [plainRe, plainIm] = transform(pixels),
      middle = (n - 1) / 2;
    critic.turns.forEach(({ from, conjugate }, t) => {
      // The wave vector's angle φ becomes ±φ + 90°·t, so does where a pixel comes from.
      const moved = Float64Array.from({ length: n * n }, (_, i) => {
        let x = (i % n) - middle,
          y = Math.floor(i / n) - middle;
        if (t >= 4) y = -y;
        for (let quarter = 0; quarter < t % 4; quarter++) [x, y] = [-y, x];
        return pixels[(y + middle) * n + x + middle]!;
      });
      const [movedRe, movedIm] = transform(moved);
      for (let i = 0; i < grid.count; i++) {
        expect(movedRe![i]).toBeCloseTo(plainRe![from[i]!]!, 4);
        expect(movedIm![i]).toBeCloseTo((conjugate[i] ? -1 : 1) * plainIm![from[i]!]!, 4);
      }
    });
  });

  it("refuses a grid that has no quarter turn", () => {
    expect(() => likelihoodRatioCritic(statistics, { angles: 5, turns, templates: 1 })).toThrow("5 directions");
  });
});
