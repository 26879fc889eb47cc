/** The expectation step over the poses near each image's most likely one, as a tensor program. */
import { harmonicOrders, turningMatrix } from "../../critic/harmonics.ts";
import { overMotion, pairEnergies, pairsOf } from "../../critic/motion.ts";
import type { PolarGrid } from "../../physics/frequencies.ts";
import type { Program } from "../../runtime/program.ts";
import { gradient } from "../../tensor/gradient.ts";
import * as op from "../../tensor/ops.ts";
import { constant, input, type Tensor } from "../../tensor/tensor.ts";
import { shiftCurvature, takeBack } from "./refinement.ts";

export interface LocalShape {
  grid: PolarGrid;
  views: number;
  /** In-plane turns tried, radians, about the one known. */
  turns: readonly number[];
  /** Number of all poses, mirrored ones included, at this spacing: each has the prior 1/poses. */
  poses: number;
  batch: number;
  /** Whether particles are centred, so that no shift is taken back. */
  centred: boolean;
  /** Whether the odds of junk are each image's own. */
  ownOdds?: boolean;
  /** Whether it is told how likely the most likely pose is. */
  tellsPeak?: boolean;
  /** Of a molecule that moves, how many components its density has beside the mean; absent: none. */
  components?: number;
}

/**
 * Mirrors images about their x axis (mirror -1) and turns them by psi: [orders, 2·radii, batch]; `mirror` and `psi`
 * [batch].
 */
function turnImages(x: Tensor, mirror: Tensor, psi: Tensor, angles: number): Tensor {
  const [orders, width, batch] = x.shape as [number, number, number];
  const phases = op.mul(
    constant(Float32Array.from(harmonicOrders(angles)), [orders, 1, 1]),
    op.reshape(psi, [1, 1, batch]),
  );
  const c = op.slice(x, 1, 0, width / 2),
    s = op.mul(op.slice(x, 1, width / 2, width), mirror);
  const cosine = op.cos(phases),
    sine = op.sin(phases);
  return op.concat([op.sub(op.mul(c, cosine), op.mul(s, sine)), op.add(op.mul(s, cosine), op.mul(c, sine))], 1);
}

/**
 * Expectation step of a batch whose poses lie in one cell, accumulated in the state as in `expectationProgram`:
 * `numerator` [orders, views, 2·radii] and `denominator` [views, radii].
 *
 * Feeds: `templates` of the cell's views, `tilts` [2, views] of these; the images' `harmonics` and `ctfSquared`; for
 * each image `psi`, `mirror` (from `sortIntoCells`) and `present` (0 leaves it out); `junkOdds` [1], or [batch], the
 * log odds of an image without a particle, on the scale of `evidence`; unless particles are centred, `shifts` [2,
 * batch] to take back.
 * Outputs: `evidence` [batch], the log-likelihood relative to pure noise, as if the poses not tried had none; `share`
 * [batch], the posterior probability of a particle; times that, posterior means of the `turn` [batch] and the `tilt`
 * [2, batch], the `slope` [2, batch] of the log-likelihood in the shift, the `response` [batch] to the templates and
 * their half-`energy` [batch]; the `curvature` [batch] in the shift of a particle whose pose is known; `fit` [batch],
 * the log-likelihood, summed over the poses tried, against what a particle in its right place gives (mean e, variance
 * 2e for templates of half-energy e), in standard deviations; where asked for, `peak` [batch], the posterior
 * probability of the most likely of the poses tried.
 *
 * Of a molecule that moves (critic/motion.ts) `templates` and `numerator` hold the views of the mean, then those of
 * each component, and `denominator` the views of each pair of these; all is over the poses and over z, and z has the
 * posterior means `motion` [components, batch] and `moments` [pairs of components, batch], times `share`.
 */
export function localExpectationProgram({
  grid,
  views,
  turns,
  poses,
  batch,
  centred,
  ownOdds,
  tellsPeak,
  components = 0,
}: LocalShape): Program {
  const radii = grid.radii.length,
    orders = grid.angles,
    window = turns.length,
    pairs = pairsOf(components),
    slices = (1 + components) * views;
  const templates = input("templates", [orders, slices, 2 * radii]),
    tilts = input("tilts", [2, views]);
  const images = input("harmonics", [orders, 2 * radii, batch]),
    ctfSquared = input("ctfSquared", [radii, batch]);
  const psi = input("psi", [batch]),
    mirror = input("mirror", [batch]),
    present = input("present", [batch]),
    junkOdds = input("junkOdds", [ownOdds ? batch : 1]),
    shifts = input("shifts", [2, batch]);

  // The slope of the log-likelihood in these is the posterior mean of what they multiply.
  const scale = constant(new Float32Array(batch).fill(1), [batch]);
  const x = turnImages(centred ? images : takeBack(op.mul(images, scale), shifts, grid), mirror, psi, grid.angles);
  const quadrature = op.concat([op.slice(x, 1, radii, 2 * radii), op.neg(op.slice(x, 1, 0, radii))], 1);
  const rows = (f: (angle: number) => number): Tensor =>
    constant(
      turns.flatMap((angle) => harmonicOrders(grid.angles).map((m) => f(m * angle))),
      [window, orders],
    );
  const product = (with_: Tensor): Tensor => op.reshape(op.matmul(templates, with_), [orders, slices * batch]);
  const toTemplates = op.reshape(
    op.add(op.matmul(rows(Math.cos), product(x)), op.matmul(rows(Math.sin), product(quadrature))),
    [window, slices, batch],
  );

  // The slope of the evidence in these, at 0, is the posterior mean of what they multiply.
  const lean = {
    turn: constant(new Float32Array(batch), [batch]),
    tilt: constant(new Float32Array(2 * batch), [2, batch]),
    motion: Array.from({ length: components }, () => constant(new Float32Array(batch), [batch])),
  };
  const ofPairs = pairEnergies(op.stopGradient(templates), components, ctfSquared),
    { responses, energies } = overMotion(toTemplates, ofPairs, components, lean.motion);
  const leaning = op.add(responses, op.mul(constant(turns, [window, 1, 1]), op.reshape(lean.turn, [1, 1, batch])));
  const overTurns = op.sub(op.logSumExp(leaning, [0]), energies);
  const overPoses = op.logSumExp(op.add(overTurns, op.matmul(op.matrixTranspose(tilts), lean.tilt)), [0]);
  const evidence = op.sub(overPoses, Math.log(poses));
  const excess = op.sub(evidence, junkOdds);
  const [numerator, turn, tilt, slope, response, ...others] = gradient(op.sum(op.mul(op.softplus(excess), present)), [
    templates,
    lean.turn,
    lean.tilt,
    shifts,
    scale,
    ...ofPairs,
    ...lean.motion,
  ]);
  const weights = others.slice(0, pairs.length).map(op.neg),
    ofComponents = others.slice(pairs.length);
  const denominator = op.concat(
    weights.map((weight) => op.matmul(weight, op.matrixTranspose(ctfSquared))),
    0,
  );

  const energy = op.mean(ofPairs[0]!, [0]);
  const sums = {
    numerator: input("numerator", [orders, slices, 2 * radii]),
    denominator: input("denominator", [pairs.length * views, radii]),
  };
  return {
    name: "local-expectation",
    state: {
      numerator: { input: sums.numerator, next: op.add(sums.numerator, numerator!) },
      denominator: { input: sums.denominator, next: op.add(sums.denominator, denominator) },
    },
    feeds: {
      templates,
      tilts,
      harmonics: images,
      ctfSquared,
      psi,
      mirror,
      present,
      junkOdds,
      ...(centred ? {} : { shifts }),
    },
    outputs: {
      evidence,
      fit: op.div(op.sub(overPoses, energy), op.sqrt(op.mul(energy, 2))),
      share: op.mul(op.sigmoid(excess), present),
      turn: turn!,
      tilt: tilt!,
      ...(tellsPeak ? { peak: op.exp(op.sub(op.max(op.sub(op.max(responses, [0]), energies), [0]), overPoses)) } : {}),
      ...(centred
        ? {}
        : {
            slope: slope!,
            curvature: shiftCurvature(templates, ctfSquared, grid, components),
            response: response!,
            energy: weights.map((weight, i) => op.sum(op.mul(weight, ofPairs[i]!), [0])).reduce(op.add),
          }),
      ...(components === 0
        ? {}
        : {
            motion: op.stack(ofComponents, 0),
            moments: op.stack(
              weights.flatMap((weight, i) => (pairs[i]![0] === 0 ? [] : [op.sum(weight, [0])])),
              0,
            ),
          }),
    },
  };
}

/**
 * Log-likelihoods (up to a constant of each image) of all in-plane turns of one template for each image.
 *
 * Feeds: `templates` and `harmonics` [orders, 2·radii, batch]; unless particles are centred, `shifts` [2, batch] to
 * take back.
 * Outputs [turns, batch]: `plain`, and `mirror` for the template's mirror image.
 */
export function turnProgram({
  grid,
  turns,
  batch,
  centred,
}: {
  grid: PolarGrid;
  turns: number;
  batch: number;
  centred: boolean;
}): Program {
  const radii = grid.radii.length,
    orders = grid.angles;
  const templates = input("templates", [orders, 2 * radii, batch]),
    images = input("harmonics", [orders, 2 * radii, batch]),
    shifts = input("shifts", [2, batch]);
  const x = centred ? images : takeBack(images, shifts, grid);
  const [xc, xs, tc, ts] = [x, templates].flatMap((t) => [
    op.slice(t, 1, 0, radii),
    op.slice(t, 1, radii, 2 * radii),
  ]) as [Tensor, Tensor, Tensor, Tensor];
  const perOrder = (a: Tensor, b: Tensor): Tensor => op.sum(op.mul(a, b), [1]);
  const both = (cosine: Tensor, sine: Tensor): Tensor =>
    op.matmul(turningMatrix(orders, turns), op.reshape(op.stack([cosine, sine], 1), [2 * orders, batch]));
  const even = both(perOrder(xc, tc), perOrder(xs, tc)),
    odd = both(perOrder(xs, ts), op.neg(perOrder(xc, ts)));
  return {
    name: "turns",
    state: {},
    feeds: { templates, harmonics: images, ...(centred ? {} : { shifts }) },
    outputs: { plain: op.add(even, odd), mirror: op.sub(even, odd) },
  };
}
