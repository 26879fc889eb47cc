/**
 * The density of a molecule that moves, V₀ + Σ z_j·V_j, and z of each particle. The same densities have many
 * descriptions: here the one is chosen in which z has the mean 0 and the variance 1, and components are orthogonal.
 */

import { pairOf, pairsOf } from "../../critic/motion.ts";
import { eigenvaluesOf, type Matrix, ofEigenvalues } from "../../numeric/symmetric.ts";
import { partOf } from "../classes.ts";
import type { Latent, MotionModel } from "../motion.ts";

export const componentsOf = ({ n, volumes }: MotionModel): number => volumes.length / n ** 3 - 1;

/** Of pairs of components among themselves, from 0. */
const ownPairs = (components: number): [number, number][] => pairsOf(components - 1);

export const noLatent = (components: number, count: number): Latent => ({
  means: new Float32Array(components * count),
  moments: new Float32Array(ownPairs(components).length * count),
});

/**
 * The same densities with z = `middle` + `axes`·z'.
 * @param inverse of `axes`
 */
function redescribed(
  { n, volumes, power }: MotionModel,
  { means, moments }: Latent,
  middle: readonly number[],
  axes: Matrix,
  inverse: Matrix,
): { model: MotionModel; latent: Latent } {
  const d = middle.length,
    count = means.length / d,
    pairs = ownPairs(d),
    old = (j: number): Float32Array => partOf(volumes, j, d + 1),
    oldPower = (j: number): Float32Array => partOf(power, j, d + 1);
  const model: MotionModel = { n, volumes: volumes.slice(), power: power.slice() };
  for (let j = 0; j < d; j++) {
    const mean = partOf(model.volumes, 0, d + 1),
      own = partOf(model.volumes, j + 1, d + 1).fill(0),
      ownPower = partOf(model.power, j + 1, d + 1).fill(0);
    old(j + 1).forEach((v, i) => (mean[i]! += middle[j]! * v));
    for (let k = 0; k < d; k++) {
      old(k + 1).forEach((v, i) => (own[i]! += axes[k]![j]! * v));
      oldPower(k + 1).forEach((v, i) => (ownPower[i]! += axes[k]![j]! ** 2 * v));
    }
  }
  const latent = noLatent(d, count);
  for (let p = 0; p < count; p++) {
    const off = middle.map((m, j) => means[j * count + p]! - m);
    /** ⟨(z_j − m_j)(z_k − m_k)⟩ */
    const moment = (j: number, k: number): number =>
      moments[pairOf(pairs, Math.min(j, k), Math.max(j, k)) * count + p]! -
      middle[j]! * means[k * count + p]! -
      middle[k]! * means[j * count + p]! +
      middle[j]! * middle[k]!;
    for (let j = 0; j < d; j++) latent.means[j * count + p] = inverse[j]!.reduce((sum, a, k) => sum + a * off[k]!, 0);
    pairs.forEach(([j, k], pair) => {
      let sum = 0;
      for (let a = 0; a < d; a++) for (let b = 0; b < d; b++) sum += inverse[j]![a]! * inverse[k]![b]! * moment(a, b);
      latent.moments[pair * count + p] = sum;
    });
  }
  return { model, latent };
}

/**
 * With z of the mean 0 and the covariance 1 over the particles: what a step of expectation-maximisation takes long to
 * come to (Liu, Rubin & Wu 1998, Biometrika 85, 755, parameter expansion).
 */
export function standardised(model: MotionModel, latent: Latent): { model: MotionModel; latent: Latent } {
  const d = componentsOf(model),
    count = latent.means.length / d,
    pairs = ownPairs(d);
  const meanOf = (values: Float32Array, j: number): number =>
    partOf(values, j, values.length / count).reduce((sum, v) => sum + v, 0) / count;
  const middle = Array.from({ length: d }, (_, j) => meanOf(latent.means, j)),
    covariance = (j: number, k: number): number =>
      meanOf(latent.moments, pairOf(pairs, Math.min(j, k), Math.max(j, k))) - middle[j]! * middle[k]!;
  const all = Array.from({ length: d }, (_, j) => Array.from({ length: d }, (_, k) => covariance(j, k))),
    deviation = (variance: number): number => Math.sqrt(Math.max(leastVariance, variance));
  return redescribed(
    model,
    latent,
    middle,
    ofEigenvalues(all, deviation),
    ofEigenvalues(all, (variance) => 1 / deviation(variance)),
  );
}
/** A component that no image tells of is not blown up. */
const leastVariance = 1e-4;

/**
 * With components that are orthogonal as densities, the one that moves most first; each is the more skewed to its
 * positive side.
 * @param model whose z has the covariance 1
 */
export function inOrder(model: MotionModel, latent: Latent): { model: MotionModel; latent: Latent } {
  const d = componentsOf(model),
    own = Array.from({ length: d }, (_, j) => partOf(model.volumes, j + 1, d + 1));
  const products = own.map((a) => own.map((b) => a.reduce((sum, v, i) => sum + v * b[i]!, 0)));
  const { vectors } = eigenvaluesOf(products);
  const skewed = vectors.map((vector) => {
    let cubes = 0;
    for (let i = 0; i < own[0]!.length; i++) cubes += vector.reduce((sum, a, j) => sum + a * own[j]![i]!, 0) ** 3;
    return cubes < 0 ? vector.map((v) => -v) : vector;
  });
  const axes = products.map((_, k) => skewed.map((vector) => vector[k]!));
  return redescribed(model, latent, new Array<number>(d).fill(0), axes, skewed);
}
