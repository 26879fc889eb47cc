import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { harmonicOrders } from "../../../src/critic/harmonics.ts";
import { polarGrid } from "../../../src/physics/frequencies.ts";
import { localExpectationProgram, turnProgram } from "../../../src/reconstruct/likelihood/localExpectation.ts";
import { expectationProgram } from "../../../src/reconstruct/likelihood/refinement.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { compile, type Executable } from "../../../src/runtime/session.ts";

const device = nodeCpu(1);
const grid = polarGrid(3, 6),
  views = 4,
  batch = 3;
const orders = harmonicOrders(grid.angles),
  radii = grid.radii.length,
  samples = 2 * grid.angles;
const turns = [-0.5, -0.2, 0.1, 0.6];

const stream = createStream(5, "local expectation");
const normal = (n: number, scale = 1): Float32Array => Float32Array.from({ length: n }, () => scale * stream.normal());
const templates = normal(orders.length * views * 2 * radii, 0.6),
  images = normal(orders.length * 2 * radii * batch, 0.6);
// sin 0φ is no function: whatever stands in its place must not count.
for (let view = 0; view < views; view++) templates.fill(0, (2 * view + 1) * radii, (2 * view + 2) * radii);
images.fill(0, radii * batch, 2 * radii * batch);
const ctfSquared = Float32Array.from({ length: radii * batch }, () => stream.uniform());
const tilts = normal(2 * views, 0.1),
  psi = Float32Array.of(0.9, -2.5, 0.3),
  mirror = Float32Array.of(1, -1, -1),
  shifts = normal(2 * batch, 0.04);
const present = new Float32Array(batch).fill(1);

/** A function on every circle: value at radius number r and angle φ. */
type Picture = (r: number, phi: number) => number;

/** The function of circular harmonics, orthonormal over `samples` points of each circle. */
const picture =
  (coefficient: (order: number, part: number, r: number) => number): Picture =>
  (r, phi) =>
    orders.reduce(
      (sum, m, i) =>
        sum +
        Math.sqrt((m === 0 ? 1 : 2) / samples) *
          (coefficient(i, 0, r) * Math.cos(m * phi) + coefficient(i, 1, r) * Math.sin(m * phi)),
      0,
    );
const pictureOfTemplate = (t: ArrayLike<number>, view: number): Picture =>
  picture((i, part, r) => t[(i * views + view) * 2 * radii + part * radii + r]!);
const pictureOfImage = (b: number): Picture =>
  picture((i, part, r) => images[(i * 2 * radii + part * radii + r) * batch + b]!);

const inner = (a: Picture, b: Picture): number => {
  let sum = 0;
  for (let r = 0; r < radii; r++)
    for (let a0 = 0; a0 < samples; a0++) sum += a(r, (2 * Math.PI * a0) / samples) * b(r, (2 * Math.PI * a0) / samples);
  return sum;
};

/**
 * The image moved back by d (units of the box): its transform times e^(2πi k·d). Re F is the even part of the Hartley
 * values Re F + Im F, Im F the odd one.
 * The highest angular order is none that harmonics keep, so that it does not matter in products with templates.
 */
const movedBack =
  (x: Picture, dx: number, dy: number): Picture =>
  (r, phi) => {
    const re = (x(r, phi) + x(r, phi + Math.PI)) / 2,
      im = (x(r, phi) - x(r, phi + Math.PI)) / 2;
    const phase = 2 * Math.PI * grid.radii[r]! * (Math.cos(phi) * dx + Math.sin(phi) * dy);
    return re * Math.cos(phase) - im * Math.sin(phase) + re * Math.sin(phase) + im * Math.cos(phase);
  };
/** Only what harmonics keep, so that it may be turned by any angle. */
function kept(x: Picture): Picture {
  const values = Array.from({ length: radii }, (_, r) =>
    Array.from({ length: samples }, (_, a) => x(r, (2 * Math.PI * a) / samples)),
  );
  const wave = [Math.cos, Math.sin];
  const coefficients = orders.map((m) =>
    wave.map((w) =>
      values.map((circle) =>
        circle.reduce(
          (sum, v, a) => sum + Math.sqrt((m === 0 ? 1 : 2) / samples) * v * w((2 * Math.PI * m * a) / samples),
          0,
        ),
      ),
    ),
  );
  return picture((i, part, r) => coefficients[i]![part]![r]!);
}

interface Direct {
  evidence: number;
  /** Posterior of each view and turn. */
  posterior: number[][];
}
/**
 * The definition: each template against the image moved back, mirrored, turned by psi, and turned back by each of the
 * turns. Energies are those of `energyOf`.
 */
function direct(
  b: number,
  d: readonly [number, number],
  t: ArrayLike<number> = templates,
  energyOf: ArrayLike<number> = t,
): Direct {
  const moved = kept(movedBack(pictureOfImage(b), ...d)),
    upright: Picture = (r, phi) => moved(r, mirror[b]! * (phi - psi[b]!));
  const logs = Array.from({ length: views }, (_, view) => {
    const own = pictureOfTemplate(energyOf, view);
    let energy = 0;
    for (let r = 0; r < radii; r++)
      for (let a = 0; a < samples; a++)
        energy += 0.5 * ctfSquared[r * batch + b]! * own(r, (2 * Math.PI * a) / samples) ** 2;
    return turns.map((turn) => inner((r, phi) => upright(r, phi + turn), pictureOfTemplate(t, view)) - energy);
  });
  const total = logs.flat().reduce((sum, l) => sum + Math.exp(l), 0);
  return {
    evidence: Math.log(total / (views * turns.length)),
    posterior: logs.map((row) => row.map((l) => Math.exp(l) / total)),
  };
}
const shiftOf = (b: number): [number, number] => [shifts[b]!, shifts[batch + b]!];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const relevant = (i: number): boolean => !(Math.floor(i / (views * 2 * radii)) === 0 && i % (2 * radii) >= radii);

describe("local expectation step", () => {
  let moving: Executable, centred: Executable;
  beforeAll(async () => {
    moving = await compile(
      localExpectationProgram({ grid, views, turns, poses: views * turns.length, batch, centred: false }),
      device,
    );
    centred = await compile(
      localExpectationProgram({ grid, views, turns, poses: views * turns.length, batch, centred: true }),
      device,
    );
  });
  afterAll(() => Promise.all([moving.release(), centred.release()]));

  const feeds = { templates, tilts, harmonics: images, ctfSquared, psi, mirror, present, shifts };
  const certain = { junkOdds: Float32Array.of(-1e4) };
  async function run(executable: Executable, change: Record<string, Float32Array> = {}) {
    executable.setState("numerator", new Float32Array(templates.length));
    executable.setState("denominator", new Float32Array(views * radii));
    const out = await executable.run({ ...feeds, ...certain, ...change });
    return {
      out,
      numerator: (await executable.getState("numerator")).slice(),
      denominator: (await executable.getState("denominator")).slice(),
    };
  }

  it("gives the log of the mean likelihood over the poses tried, images mirrored, turned and moved back", async () => {
    const { out } = await run(moving),
      { out: still } = await run(centred);
    for (let b = 0; b < batch; b++) {
      expect(out.evidence![b]).toBeCloseTo(direct(b, shiftOf(b)).evidence, 4);
      expect(still.evidence![b]).toBeCloseTo(direct(b, [0, 0]).evidence, 4);
      expect(out.share![b]).toBe(1);
    }
    // The images are such that it matters.
    expect(Math.max(...[0, 1, 2].map((b) => Math.abs(still.evidence![b]! - out.evidence![b]!)))).toBeGreaterThan(0.05);
    expect(Object.keys(still)).not.toContain("slope");
  });

  it("tells how an image fits: its log-likelihood against mean e and variance 2e, e the mean half-energy", async () => {
    const { out } = await run(moving);
    for (let b = 0; b < batch; b++) {
      let e = 0;
      templates.forEach((t, i) => (e += (0.5 * t * t * ctfSquared[(i % radii) * batch + b]!) / views));
      const total = direct(b, shiftOf(b)).evidence + Math.log(views * turns.length);
      expect(out.fit![b]).toBeCloseTo((total - e) / Math.sqrt(2 * e), 3);
    }
  });

  it("gives every pose the prior that it has among all", async () => {
    const among = await compile(
      localExpectationProgram({ grid, views, turns, poses: 1000, batch, centred: false }),
      device,
    );
    const { out } = await run(moving),
      { out: less } = await run(among);
    for (let b = 0; b < batch; b++)
      expect(less.evidence![b]).toBeCloseTo(out.evidence![b]! + Math.log((views * turns.length) / 1000), 4);
    await among.release();
  });

  it("gives the posterior means of turn and tilt", async () => {
    const { out } = await run(moving);
    for (let b = 0; b < batch; b++) {
      const { posterior } = direct(b, shiftOf(b));
      let turn = 0;
      const tilt = [0, 0];
      posterior.forEach((row, view) =>
        row.forEach((p, i) => {
          turn += p * turns[i]!;
          for (const axis of [0, 1]) tilt[axis]! += p * tilts[axis * views + view]!;
        }),
      );
      expect(out.turn![b]).toBeCloseTo(turn, 4);
      for (const axis of [0, 1]) expect(out.tilt![axis * batch + b]).toBeCloseTo(tilt[axis]!, 4);
    }
  });

  it("gives the slope of the evidence in the shift", async () => {
    const { out } = await run(moving),
      h = 1e-4;
    for (let b = 0; b < batch; b++)
      for (const axis of [0, 1]) {
        const at = (step: number): number =>
          direct(b, shiftOf(b).map((v, i) => v + (i === axis ? step : 0)) as [number, number]).evidence;
        expect(out.slope![axis * batch + b]! / ((at(h) - at(-h)) / (2 * h))).toBeCloseTo(1, 3);
      }
  });

  it("gives the posterior means of the response to the templates and of their half-energy", async () => {
    const { out } = await run(moving),
      h = 1e-4;
    for (let b = 0; b < batch; b++) {
      // An image that is stronger by a factor, seen against templates of the same energy.
      const at = (step: number): number =>
        direct(
          b,
          shiftOf(b),
          templates.map((v) => v * (1 + step)),
          templates,
        ).evidence;
      expect(out.response![b]! / ((at(h) - at(-h)) / (2 * h))).toBeCloseTo(1, 3);
      let energy = 0;
      direct(b, shiftOf(b)).posterior.forEach((row, view) => {
        const share = row.reduce((sum, p) => sum + p, 0);
        templates.forEach((t, i) => {
          if (Math.floor(i / (2 * radii)) % views === view)
            energy += share * 0.5 * t * t * ctfSquared[(i % radii) * batch + b]!;
        });
      });
      expect(out.energy![b]! / energy).toBeCloseTo(1, 4);
    }
  });

  it("gives the curvature that a perfect image of known pose has about its shift", async () => {
    // One template of all, and images that are that projection behind their CTF.
    const one = templates.map((_, i) => {
      const view = Math.floor(i / (2 * radii)) % views;
      return templates[i - view * 2 * radii]!;
    });
    const perfect = Float32Array.from({ length: images.length }, (_, i) => {
      const b = i % batch,
        width = Math.floor(i / batch),
        r = width % radii;
      return (
        ctfSquared[r * batch + b]! * one[Math.floor(width / (2 * radii)) * views * 2 * radii + (width % (2 * radii))]!
      );
    });
    const single = await compile(
      localExpectationProgram({ grid, views, turns: [0], poses: views, batch, centred: false }),
      device,
    );
    const { out } = await run(single, {
      templates: one,
      harmonics: perfect,
      psi: new Float32Array(batch),
      mirror: new Float32Array(batch).fill(1),
      shifts: new Float32Array(2 * batch),
    });
    await single.release();
    for (let b = 0; b < batch; b++) {
      const template = pictureOfTemplate(one, 0),
        image: Picture = (r, phi) => ctfSquared[r * batch + b]! * template(r, phi),
        h = 1e-3;
      const product = (dx: number, dy: number): number => inner(movedBack(image, dx, dy), template);
      const second = [
        [h, 0],
        [0, h],
      ].map(([x, y]) => (product(x!, y!) + product(-x!, -y!) - 2 * product(0, 0)) / h ** 2);
      expect(out.curvature![b]! / (-(second[0]! + second[1]!) / 2)).toBeCloseTo(1, 3);
      expect(out.slope![b]).toBeCloseTo(0, 4);
    }
  });

  const junkOdds = 0.4;
  it("sums images weighted by their posterior and by the probability that they show a particle", async () => {
    const { out, numerator, denominator } = await run(moving, { junkOdds: Float32Array.of(junkOdds) });
    const found = Array.from({ length: batch }, (_, b) => direct(b, shiftOf(b))),
      shares = found.map(({ evidence }) => sigmoid(evidence - junkOdds));
    const certainly = (await run(moving)).out;
    shares.forEach((share, b) => {
      expect(share).toBeGreaterThan(0.02);
      expect(share).toBeLessThan(0.98);
      expect(out.share![b]).toBeCloseTo(share, 4);
      expect(out.evidence![b]).toBeCloseTo(found[b]!.evidence, 4); // of a particle, whatever the odds
      for (const key of ["turn", "tilt", "slope", "response", "energy"])
        for (let i = b; i < certainly[key]!.length; i += batch)
          expect(out[key]![i]).toBeCloseTo(share * certainly[key]![i]!, 3);
    });
    // With energies held fixed the slope of Σ share·evidence, shares held too, is Σ share · posterior · turned image.
    const objective = (t: ArrayLike<number>): number =>
      shares.reduce((sum, share, b) => sum + share * direct(b, shiftOf(b), t, templates).evidence, 0);
    for (let i = 0; i < templates.length; i += 7) {
      const moved = (h: number): number => objective(Float64Array.from(templates).map((v, j) => (j === i ? v + h : v)));
      expect(numerator[i]).toBeCloseTo(relevant(i) ? (moved(1e-4) - moved(-1e-4)) / 2e-4 : 0, 3);
    }
    for (let view = 0; view < views; view++)
      for (let r = 0; r < radii; r++) {
        const expected = found.reduce(
          (sum, { posterior }, b) =>
            sum + shares[b]! * ctfSquared[r * batch + b]! * posterior[view]!.reduce((s, p) => s + p, 0),
          0,
        );
        expect(denominator[view * radii + r]).toBeCloseTo(expected, 4);
      }
  });

  it("adds one batch to the next", async () => {
    const once = await run(centred);
    await centred.run({ ...feeds, ...certain });
    (await centred.getState("numerator")).forEach((v, i) => expect(v).toBeCloseTo(2 * once.numerator[i]!, 4));
    (await centred.getState("denominator")).forEach((v, i) => expect(v).toBeCloseTo(2 * once.denominator[i]!, 4));
  });

  it("leaves out images that are not present", async () => {
    const all = await run(moving),
      without = await run(moving, { present: Float32Array.of(1, 0, 1) });
    const alone = await run(moving, { present: Float32Array.of(0, 1, 0) });
    expect(without.out.share![1]).toBe(0);
    expect(without.out.turn![1]).toBe(0);
    expect(without.out.turn![0]).toBe(all.out.turn![0]);
    expect(alone.numerator.some((v) => Math.abs(v) > 0.01)).toBe(true);
    all.numerator.forEach((v, i) => expect(without.numerator[i]! + alone.numerator[i]!).toBeCloseTo(v, 4));
    all.denominator.forEach((v, i) => expect(without.denominator[i]! + alone.denominator[i]!).toBeCloseTo(v, 4));
  });

  it("over all turns, each image once mirrored and once not, is the step over all poses", async () => {
    const steps = 12,
      all = Array.from({ length: steps }, (_, i) => (2 * Math.PI * i) / steps);
    const local = await compile(
      localExpectationProgram({ grid, views, turns: all, poses: views * all.length, batch, centred: false }),
      device,
    );
    const everywhere = await compile(expectationProgram({ grid, views, turns: steps, batch, centred: false }), device);
    const upright = { psi: new Float32Array(batch) },
      mirrors = [1, -1].map((m) => ({ ...upright, mirror: new Float32Array(batch).fill(m) }));
    const [plain, reversed] = [(await run(local, mirrors[0])).out, (await run(local, mirrors[1])).out];
    const whole = await everywhere.run({
      ...feeds,
      ...certain,
      viewPrior: new Float32Array(views).fill(-Math.log(views)),
    });
    for (let b = 0; b < batch; b++) {
      const weights = [plain, reversed].map((out) => Math.exp(out.evidence![b]!)),
        total = weights[0]! + weights[1]!;
      expect(Math.log(total / 2)).toBeCloseTo(whole.evidence![b]!, 4);
      expect(plain.curvature![b]).toBeCloseTo(whole.curvature![b]!, 3);
      for (const i of [b, batch + b])
        expect((weights[0]! * plain.slope![i]! + weights[1]! * reversed.slope![i]!) / total).toBeCloseTo(
          whole.slope![i]!,
          3,
        );
    }
    await Promise.all([local.release(), everywhere.release()]);
  });
});

describe("turns of one template for each image", () => {
  const steps = 9;
  it.each([[true], [false]])(
    "are the products with the image at each turn, mirrored and not (centred: %s)",
    async (centred) => {
      // One template for each image: [orders, 2·radii, batch].
      const own = Float32Array.from({ length: orders.length * 2 * radii * batch }, (_, i) => {
        const b = i % batch,
          width = Math.floor(i / batch);
        return templates[(Math.floor(width / (2 * radii)) * views + b) * 2 * radii + (width % (2 * radii))]!;
      });
      const executable = await compile(turnProgram({ grid, turns: steps, batch, centred }), device);
      const { plain, mirror: reversed } = await executable.run({
        templates: own,
        harmonics: images,
        ...(centred ? {} : { shifts }),
      });
      await executable.release();
      for (let b = 0; b < batch; b++) {
        const image = centred ? pictureOfImage(b) : movedBack(pictureOfImage(b), ...shiftOf(b)),
          template = pictureOfTemplate(templates, b);
        for (let turn = 0; turn < steps; turn++) {
          const angle = (2 * Math.PI * turn) / steps;
          expect(plain![turn * batch + b]).toBeCloseTo(
            inner(image, (r, phi) => template(r, phi - angle)),
            4,
          );
          expect(reversed![turn * batch + b]).toBeCloseTo(
            inner(image, (r, phi) => template(r, angle - phi)),
            4,
          );
        }
      }
    },
  );
});
