/**
 * The likelihood-ratio critic. For normal noise the best critic, log p_real(x)/p_simulated(x), is a difference of
 * log-sum-exps of template responses, one sum over all poses for each density:
 *
 *   D(x) = LSE_{j,g} [⟨x, g·a_j⟩ - ½‖h·a_j‖² + α_j] - LSE_{j,g} [⟨x, g·c_j⟩ - ½‖h·c_j‖² + γ_j]
 *
 * with templates a_j (real) and c_j (simulated), g running over in-plane turns and mirroring (a particle seen from
 * behind is its mirror image), and h the particle's own CTF. x is the image whitened and multiplied by h once more
 * (matched filter), so that ⟨x, g·a⟩ is the inner product with the template seen through the CTF. Turns are sums over
 * circular harmonics: a product per order, then a Fourier sum over the angle.
 *
 * @see Sigworth (1998) J. Struct. Biol. 122, 328 (the likelihood); docs/method.md (the critic)
 */
import { scaleComplex } from "../physics/complex.ts";
import { type PolarGrid, polarGrid } from "../physics/frequencies.ts";
import * as op from "../tensor/ops.ts";
import { constant, ShapeError, type Tensor } from "../tensor/tensor.ts";
import type { CriticModel, ImageStatistics, SampleMap } from "./critic.ts";
import { harmonics, turningMatrix } from "./harmonics.ts";

export interface Templates {
  /**
   * [orders, 2·templates, 2·radii], the first half are the real, the second the simulated templates; cosine, then sine
   * parts.
   */
  coefficients: Tensor;
  /** α and γ, [2·templates]. */
  offsets: Tensor;
}

/** Images as this critic sees them. */
export interface LikelihoodInput {
  /** Whitened, matched-filtered circular harmonics, [orders, 2·radii, batch]. */
  harmonics: Tensor;
  /** Mean square CTF on each circle, [radii, batch]. */
  ctfSquared: Tensor;
}

/**
 * Inner products with turned and mirrored templates: even + odd with the template itself, even - odd with its mirror
 * image.
 */
export interface Responses {
  /** [turns, templates, batch]; from the cosine parts of the templates, which mirroring keeps. */
  even: Tensor;
  /** [turns, templates, batch]; from the sine parts, which mirroring negates. */
  odd: Tensor;
}

/**
 * ⟨x, g·t⟩ of every template t for every turn and mirroring g: a matrix product for each angular order, then a Fourier
 * sum.
 *
 * @param x         harmonics of images, [orders, 2·radii, batch]
 * @param templates [orders, templates, 2·radii]
 */
export function templateResponses(x: Tensor, templates: Tensor, turns: number): Responses {
  const [orders, count, width] = templates.shape as [number, number, number];
  const radii = width / 2,
    batch = x.shape[2]!;
  const turned = (part: Tensor, phases: Tensor): Tensor => {
    const twice = op.reshape(op.expand(op.reshape(part, [orders, 1, count, radii]), [orders, 2, count, radii]), [
      2 * orders,
      count,
      radii,
    ]);
    const products = op.matmul(twice, op.reshape(phases, [2 * orders, radii, batch]));
    return op.reshape(op.matmul(turningMatrix(orders, turns), op.reshape(products, [2 * orders, count * batch])), [
      turns,
      count,
      batch,
    ]);
  };
  // A turn by θ takes cosine and sine coefficients (c, s) of order m to (c·cos mθ - s·sin mθ, s·cos mθ + c·sin mθ).
  const quadrature = op.concat([op.slice(x, 1, radii, width), op.neg(op.slice(x, 1, 0, radii))], 1);
  return {
    even: turned(op.slice(templates, 2, 0, radii), x),
    odd: turned(op.slice(templates, 2, radii, width), quadrature),
  };
}

/** Log of the mean over turns and mirrorings of the exponentials of responses, [templates, batch]. */
export function logMeanOverPoses({ even, odd }: Responses): Tensor {
  const turns = even.shape[0]!;
  const peak = op.stopGradient(op.max(op.add(even, op.abs(odd)), [0], true));
  const level = op.sub(even, peak);
  const total = op.sum(op.add(op.exp(op.add(level, odd)), op.exp(op.sub(level, odd))), [0]);
  return op.add(op.log(op.mul(total, 1 / (2 * turns))), op.reshape(peak, total.shape));
}

/** Energy of each template on each circle, [templates, radii]. */
export function energyOnCircles(templates: Tensor): Tensor {
  const [, count, width] = templates.shape as [number, number, number];
  return op.sum(op.reshape(op.sum(op.square(templates), [0]), [count, 2, width / 2]), [1]);
}

/**
 * ½‖h·t‖² of every template seen through every particle's CTF, taking the CTF's mean on each circle: [templates,
 * batch].
 */
export const halfEnergies = (templates: Tensor, ctfSquared: Tensor): Tensor =>
  op.mul(op.matmul(energyOnCircles(templates), ctfSquared), 0.5);

/**
 * Critic output, the estimated log-likelihood ratio of real over simulated.
 *
 * @param turns in-plane angles over the whole turn
 * @returns [batch]
 */
export function likelihoodRatio(templates: Templates, x: LikelihoodInput, turns: number): Tensor {
  const count = templates.coefficients.shape[1]!;
  const responses = logMeanOverPoses(templateResponses(x.harmonics, templates.coefficients, turns));
  const scores = op.add(
    op.sub(responses, halfEnergies(templates.coefficients, x.ctfSquared)),
    op.reshape(templates.offsets, [count, 1]),
  );
  const real = op.slice(scores, 0, 0, count / 2),
    simulated = op.slice(scores, 0, count / 2, count);
  return op.sub(op.logSumExp(real, [0]), op.logSumExp(simulated, [0]));
}

export interface LikelihoodRatioSettings {
  /** Directions of the polar grid over half a turn. */
  angles: number;
  /** In-plane turns over the whole turn in the sum over poses. */
  turns: number;
  /** Templates of each of the two densities. */
  templates: number;
}

/** Factor per radius that whitens and gives each polar sample the weight of its area: sqrt(π r/angles / N(r)). */
function polarWeights(grid: PolarGrid, noisePower: ArrayLike<number>): Float32Array {
  return Float32Array.from(grid.radii, (r) => Math.sqrt((Math.PI * r) / grid.angles / noisePower[r]!));
}

/**
 * Quarter turns and mirror images of them. Noise in a square image is the same in these alone: samples of its transform
 * hang together along the image's edges, and a critic tells noise that was turned by another angle.
 * Directions beyond half a turn are the complex conjugates of those within.
 *
 * @throws {ShapeError} if the number of directions is odd, so that the grid has no quarter turn
 */
function quarterTurns({ angles, radii, count }: PolarGrid): SampleMap[] {
  if (angles % 2 !== 0) throw new ShapeError(`a polar grid of ${angles} directions has no quarter turn`);
  return [1, -1].flatMap((sense) =>
    [0, 1, 2, 3].map((quarter) => {
      const from = new Int32Array(count),
        conjugate = new Uint8Array(count);
      for (let a = 0, i = 0; a < angles; a++) {
        const source = (sense * a + (quarter * angles) / 2 + 2 * angles) % (2 * angles);
        for (let r = 0; r < radii.length; r++, i++) {
          from[i] = (source % angles) * radii.length + r;
          conjugate[i] = source < angles ? 0 : 1;
        }
      }
      return { from, conjugate };
    }),
  );
}

/** Mean square of the CTF on each circle: [samples, batch] → [radii, batch]. */
function meanSquare(transfer: Tensor, grid: PolarGrid): Tensor {
  return op.mean(op.reshape(op.square(transfer), [grid.angles, grid.radii.length, transfer.shape[1]!]), [0]);
}

/**
 * The critic for a stage. Templates are learned in units of the expected size of a projection's harmonics on each
 * circle.
 * Parameters: `templates` [orders, 2·templates, 2·radii] and `offsets` [2·templates].
 */
export function likelihoodRatioCritic(statistics: ImageStatistics, settings: LikelihoodRatioSettings): CriticModel {
  const grid = polarGrid(statistics.maxRadius, settings.angles);
  const radii = grid.radii.length,
    orders = grid.angles,
    count = 2 * settings.templates;
  const perRadius = polarWeights(grid, statistics.noisePower);
  const expected = Array.from(grid.radii, (r, i) => perRadius[i]! * Math.sqrt(statistics.signalPower[r]!));
  const scale = constant([...expected, ...expected], [2 * radii]); // cosine, then sine parts
  return {
    name: "likelihood-ratio",
    grid,
    turns: quarterTurns(grid),
    whitening(noisePower) {
      const weights = polarWeights(grid, noisePower);
      return Float32Array.from({ length: grid.count }, (_, i) => weights[i % radii]!);
    },
    parameters: {
      templates: {
        shape: [orders, count, 2 * radii],
        initial(stream) {
          const out = new Float32Array(orders * count * 2 * radii);
          stream.fillNormal(out);
          return out.map((v) => 0.1 * v);
        },
      },
      offsets: { shape: [count], initial: () => new Float32Array(count) },
    },
    inputs: { harmonics: [orders, 2 * radii], ctfSquared: [radii] },
    image: "harmonics",
    view: (whitened, ctf) => ({
      harmonics: harmonics(scaleComplex(whitened, ctf), grid),
      ctfSquared: meanSquare(ctf, grid),
    }),
    judge: (p, x) =>
      likelihoodRatio(
        { coefficients: op.mul(p.templates!, scale), offsets: p.offsets! },
        { harmonics: x.harmonics!, ctfSquared: x.ctfSquared! },
        settings.turns,
      ),
  };
}
