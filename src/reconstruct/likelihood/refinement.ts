/**
 * Posterior-weighted refinement over all poses, as tensor programs. The critic's templates become projections of the
 * volume itself on a grid of viewing directions; its log-sum-exp over them is then the log-likelihood of an image, and
 * the gradient of that is the image's posterior over poses. Images enter the volume weighted by their posterior
 * (expectation-maximisation): no pose is decided here, but near the most likely one in `localStage.ts`.
 * Here distribution matching ends and likelihood begins.
 *
 * @see Sigworth (1998) J. Struct. Biol. 122, 328; Scheres (2012) J. Mol. Biol. 415, 406
 */
import { angularSamples, harmonics } from "../../critic/harmonics.ts";
import { energyOnCircles, halfEnergies } from "../../critic/likelihoodRatio.ts";
import { inPortions, overPosesOf, templatesOfSlices } from "../../critic/views.ts";
import type { PolarGrid } from "../../physics/frequencies.ts";
import { centralSlices } from "../../physics/project.ts";
import { shift } from "../../physics/shift.ts";
import type { Program } from "../../runtime/program.ts";
import { gradient } from "../../tensor/gradient.ts";
import * as op from "../../tensor/ops.ts";
import { constant, input, type Tensor } from "../../tensor/tensor.ts";

/** Below this probability of being a particle, an image tells nothing of its pose. */
export const leastShare = 1e-3;

/**
 * Templates of views of a Fourier table. Feeds `table` from `openTableMaker`, `rotations` [views,3,3]; output
 * `templates` [orders, views, 2·radii].
 * @param of class of each view, ascending, where there are tables of several
 */
export function templateProgram(
  n: number,
  grid: PolarGrid,
  views: number,
  whitening: Float32Array,
  of: readonly number[] = [0],
): Program {
  const m = 2 * n + 2,
    table = input("table", [2, (1 + of.at(-1)!) * m, m, m]),
    rotations = input("rotations", [views, 3, 3]);
  return {
    name: "templates",
    state: {},
    feeds: { table, rotations },
    outputs: { templates: templatesOfSlices(centralSlices(table, rotations, grid, of), grid, whitening) },
  };
}

export interface ExpectationShape {
  grid: PolarGrid;
  views: number;
  turns: number;
  batch: number;
  /** Whether particles are centred, so that no shift is taken back. */
  centred: boolean;
  /** Class of each view, ascending, where there are several. */
  of?: readonly number[];
  /** Whether the odds of junk are each image's own. */
  ownOdds?: boolean;
}

/** Images with their shifts taken back. @param shifts [2, batch], units of the box */
export function takeBack(images: Tensor, shifts: Tensor, grid: PolarGrid): Tensor {
  return harmonics(shift(angularSamples(images, grid), op.neg(shifts), grid), grid);
}

/**
 * Second derivative (negative) of an image's log-likelihood in its shift along one axis, were its pose known: Σ
 * (2πk)²/2 · CTF² · |template|², averaged over views, and over z of a molecule that moves, of which each part adds its
 * own. Shape [batch].
 *
 * @param templates [orders, (1 + components)·views, 2·radii]
 */
export function shiftCurvature(templates: Tensor, ctfSquared: Tensor, { radii }: PolarGrid, components = 0): Tensor {
  const views = templates.shape[1]! / (1 + components),
    energy = op.sum(energyOnCircles(templates), [0], true);
  return op.reshape(op.matmul(op.mul(energy, squareOfPhase(radii, views)), ctfSquared), [ctfSquared.shape[1]!]);
}

/**
 * The same where views differ much, as those of several classes: averaged as an image is likely to show them.
 * @param posterior of each view, times the share of a particle, [views, batch]
 * @param share     [batch]
 */
function likelyCurvature(
  templates: Tensor,
  ctfSquared: Tensor,
  { radii }: PolarGrid,
  posterior: Tensor,
  share: Tensor,
): Tensor {
  const ofViews = op.matmul(op.mul(energyOnCircles(templates), squareOfPhase(radii)), ctfSquared);
  return op.div(op.sum(op.mul(posterior, ofViews), [0]), op.maximum(share, leastShare));
}

/** (2πk)²/2, [1, radii]. @param by what it is divided by */
const squareOfPhase = (radii: Float64Array, by = 1): Tensor =>
  constant(
    radii.map((r) => (2 * Math.PI * r) ** 2 / 2 / by),
    [1, radii.length],
  );

/**
 * Log-likelihood of every image under every view, relative to pure noise, averaged over in-plane turns and mirroring.
 *
 * Feeds: `templates` [orders, views, 2·radii]; the images' `harmonics` [orders, 2·radii, batch] and `ctfSquared`
 * [radii, batch]; unless particles are centred, `shifts` [2, batch] to take back.
 */
function viewLikelihoods({ grid, views, turns, batch, centred }: ExpectationShape) {
  const radii = grid.radii.length,
    orders = grid.angles;
  const templates = input("templates", [orders, views, 2 * radii]);
  const images = input("harmonics", [orders, 2 * radii, batch]),
    ctfSquared = input("ctfSquared", [radii, batch]),
    shifts = input("shifts", [2, batch]);
  const moved = centred ? images : takeBack(images, shifts, grid);
  const energies = halfEnergies(op.stopGradient(templates), ctfSquared);
  const parts = inPortions(templates, turns * batch);
  return {
    feeds: { templates, harmonics: images, ctfSquared, ...(centred ? {} : { shifts }) },
    templates,
    parts,
    energies,
    ctfSquared,
    shifts,
    /** [views, batch] */
    byView: op.sub(overPosesOf(moved, parts, turns), energies),
  };
}

/** The likelihoods of views by themselves, with the feeds of `viewLikelihoods`. Output `byView` [views, batch]. */
export function viewLikelihoodProgram(shape: ExpectationShape): Program {
  const { feeds, byView } = viewLikelihoods(shape);
  return { name: "view-likelihood", state: {}, feeds, outputs: { byView } };
}

/**
 * Expectation step of a batch, accumulated in the state:
 * `numerator` [orders, views, 2·radii] = Σ posterior · image moved and turned back, `denominator` [views, radii] = Σ
 * posterior · CTF².
 *
 * Feeds: those of `viewLikelihoods`; `viewPrior` [views], the log prior of each view, very negative for places without
 * one; `present` [batch], 0 to leave an image out; `junkOdds` [1], or [batch], the log odds of an image without a
 * particle; of several classes `classPrior` [classes, batch], the log prior of each.
 * Outputs: `posterior` [views], summed over the batch; [batch] each: `evidence`, the log-likelihood relative to pure
 * noise; `share`, the posterior probability of a particle; `memberships` [classes, batch], of one of each class, where
 * there are several; and, unless particles are centred, the `slope` [2, batch] of
 * the log-likelihood in the shift, times that, and its `curvature`.
 */
export function expectationProgram(shape: ExpectationShape): Program {
  const { grid, views, batch, centred, of = [0], ownOdds } = shape,
    classes = 1 + of.at(-1)!,
    radii = grid.radii.length,
    orders = grid.angles;
  const { feeds, templates, parts, energies, ctfSquared, shifts, byView } = viewLikelihoods(shape);
  const viewPrior = input("viewPrior", [views]),
    present = input("present", [batch]),
    junkOdds = input("junkOdds", [ownOdds ? batch : 1]),
    classPrior = input("classPrior", [classes, batch]);
  const byPrior = op.add(byView, op.reshape(viewPrior, [views, 1])),
    evidence = op.logSumExp(
      classes > 1 ? op.add(byPrior, op.gather(classPrior, constant(of, [views], "int32"))) : byPrior,
      [0],
    );
  const excess = op.sub(evidence, junkOdds);
  const total = op.sum(op.mul(op.softplus(excess), present));
  const [minusWeights, slope, ...numerators] = gradient(total, [energies, shifts, ...parts]);
  const weights = op.neg(minusWeights!),
    share = op.mul(op.sigmoid(excess), present),
    denominator = op.matmul(weights, op.matrixTranspose(ctfSquared));

  const sums = {
    numerator: input("numerator", [orders, views, 2 * radii]),
    denominator: input("denominator", [views, radii]),
  };
  return {
    name: "expectation",
    state: {
      numerator: { input: sums.numerator, next: op.add(sums.numerator, op.concat(numerators, 1)) },
      denominator: { input: sums.denominator, next: op.add(sums.denominator, denominator) },
    },
    feeds: { ...feeds, viewPrior, present, junkOdds, ...(classes > 1 ? { classPrior } : {}) },
    outputs: {
      posterior: op.sum(weights, [1]),
      evidence,
      share,
      ...(classes > 1 ? { memberships: ofClasses(weights, of) } : {}),
      ...(centred
        ? {}
        : {
            slope: slope!,
            curvature:
              classes > 1
                ? likelyCurvature(templates, ctfSquared, grid, weights, share)
                : shiftCurvature(templates, ctfSquared, grid),
          }),
    },
  };
}

/** Sums over the views of each class: [views, batch] → [classes, batch]. @param of class of each view, ascending */
function ofClasses(weights: Tensor, of: readonly number[]): Tensor {
  const classes = 1 + of.at(-1)!;
  return op.stack(
    Array.from({ length: classes }, (_, c) => op.sum(op.slice(weights, 0, of.indexOf(c), of.lastIndexOf(c) + 1), [0])),
    0,
  );
}
