/**
 * A molecule that moves, as probabilistic principal components: the density of an image is V₀ + Σ z_j·V_j with z
 * normal, of variance 1. What an image tells of z in a pose is normal, too, and comes of inner products of templates
 * alone.
 *
 * @see Tipping & Bishop (1999) J. R. Stat. Soc. B 61, 611; Punjani & Fleet (2021) J. Struct. Biol. 213, 107702;
 *   Gilles & Singer (2025) PNAS 122, e2419140122
 */

import * as op from "../tensor/ops.ts";
import { cholesky, forward } from "../tensor/smallSystems.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { halfEnergies } from "./likelihoodRatio.ts";

/** Pairs (j, k), j ≤ k, of the mean (0) and the components, in the order in which all that is of pairs is kept. */
export const pairsOf = (components: number): [j: number, k: number][] =>
  Array.from({ length: components + 1 }, (_, j) =>
    Array.from({ length: components + 1 - j }, (_, i): [number, number] => [j, j + i]),
  ).flat();

/** The place of a pair among these. */
export const pairOf = (pairs: readonly (readonly [number, number])[], j: number, k: number): number =>
  pairs.findIndex(([a, b]) => a === j && b === k);

/** Part j of a tensor that holds those of the mean and of the components one after another along an axis. */
export function partAlong(x: Tensor, axis: number, j: number, parts: number): Tensor {
  const length = x.shape[axis]! / parts;
  return op.slice(x, axis, j * length, (j + 1) * length);
}

/**
 * Inner products of templates seen through every particle's CTF, taking its mean on each circle: [views, batch] of each
 * of `pairsOf`, half of that for a template with itself.
 *
 * @param templates  [orders, (1 + components)·views, 2·radii]
 * @param ctfSquared [radii, batch]
 */
export function pairEnergies(templates: Tensor, components: number, ctfSquared: Tensor): Tensor[] {
  const parts = Array.from({ length: components + 1 }, (_, j) => partAlong(templates, 1, j, components + 1));
  return pairsOf(components).map(([j, k]) => {
    if (j === k) return halfEnergies(parts[j]!, ctfSquared);
    const [, views, width] = parts[j]!.shape as [number, number, number];
    const onCircles = op.sum(op.reshape(op.sum(op.mul(parts[j]!, parts[k]!), [0]), [views, 2, width / 2]), [1]);
    return op.matmul(onCircles, ctfSquared);
  });
}

/**
 * Log-likelihood of an image in a pose over all z, as `responses` less `energies`. With r the responses to the
 * templates, E their inner products, a_j = r_j − E_0j and M = E + 1 over the components, it is
 *
 *     r₀ − E₀₀/2 + aᵀM⁻¹a/2 − ln det(M)/2,
 *
 * and z is normal about M⁻¹a with the covariance M⁻¹.
 *
 * @param responses [turns, (1 + components)·views, batch]
 * @param energies  from `pairEnergies`
 * @param lean      what is added to each a_j, [batch]: the slope of the log-likelihood in it is the posterior mean of
 *   z_j; absent: nothing
 * @returns `responses` [turns, views, batch] and `energies` [views, batch]; without components as they are given
 */
export function overMotion(
  responses: Tensor,
  energies: readonly Tensor[],
  components: number,
  lean?: readonly Tensor[],
): { responses: Tensor; energies: Tensor } {
  if (components === 0) return { responses, energies: energies[0]! };
  const pairs = pairsOf(components),
    of = (j: number, k: number): Tensor => energies[pairOf(pairs, j, k)]!;
  const part = (j: number): Tensor => partAlong(responses, 1, j, components + 1),
    [, , batch] = responses.shape as [number, number, number];
  const a = Array.from({ length: components }, (_, i) => {
    const own = op.sub(part(i + 1), of(0, i + 1));
    return lean ? op.add(own, op.reshape(lean[i]!, [1, 1, batch])) : own;
  });
  const factor = cholesky(components, (j, k) => (j === k ? op.add(op.mul(of(j + 1, j + 1), 2), 1) : of(k + 1, j + 1)));
  const squares = forward(factor, a).map(op.square);
  return {
    responses: op.add(part(0), op.mul(squares.reduce(op.add), 0.5)),
    energies: op.add(of(0, 0), factor.map((row) => op.log(row.at(-1)!)).reduce(op.add)),
  };
}
