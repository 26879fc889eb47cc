/** Views of a volume as the templates of a critic or of the likelihood. */
import { type Complex, scaleComplex } from "../physics/complex.ts";
import type { PolarGrid } from "../physics/frequencies.ts";
import * as op from "../tensor/ops.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import { harmonics } from "./harmonics.ts";
import { logMeanOverPoses, templateResponses } from "./likelihoodRatio.ts";

/**
 * Noise-weighted templates [orders, views, 2·radii] of slices [samples, views]. @param whitening of each sample, from
 * the critic
 */
export function templatesOfSlices(slices: Complex, grid: PolarGrid, whitening: Float32Array): Tensor {
  return op.transpose(harmonics(scaleComplex(slices, constant(whitening, [grid.count, 1])), grid), [0, 2, 1]);
}

/** Views are taken in portions with about this many responses, which then stay in a core's cache between operators. */
const portionSize = 2 ** 18;

/**
 * Templates [orders, parts·views, 2·radii] in portions of views, each of all parts.
 * @param responses for each view of all parts
 * @param parts     of what a view shows: the mean and the components of a molecule that moves
 */
export function inPortions(templates: Tensor, responses: number, parts = 1): Tensor[] {
  const views = templates.shape[1]! / parts,
    portion = Math.max(1, Math.round(portionSize / responses));
  return Array.from({ length: Math.ceil(views / portion) }, (_, i) => {
    const of = Array.from({ length: parts }, (__, j) =>
      op.slice(templates, 1, j * views + i * portion, j * views + Math.min(views, (i + 1) * portion)),
    );
    return parts === 1 ? of[0]! : op.concat(of, 1);
  });
}

/** Log of the mean over in-plane turns and mirroring for the views of all portions, [views, batch]. */
export const overPosesOf = (images: Tensor, portions: readonly Tensor[], turns: number): Tensor =>
  op.concat(
    portions.map((part) => logMeanOverPoses(templateResponses(images, part, turns))),
    0,
  );
