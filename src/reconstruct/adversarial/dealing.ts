/**
 * How simulated images are dealt out to several classes: evenly, image b to class b modulo their number, each weighted
 * by the share of its class. So the losses are those of images drawn by the shares, which have a gradient then.
 */
import * as op from "../../tensor/ops.ts";
import { constant, type Tensor } from "../../tensor/tensor.ts";

/** Class of each image of a batch. */
export const dealt = (batch: number, classes: number): number[] => Array.from({ length: batch }, (_, b) => b % classes);

/** Log of the shares of classes, [classes, 1]. @param logits the same up to a common constant */
export const logSharesOf = (logits: Tensor): Tensor => op.sub(logits, op.logSumExp(logits, [0]));

/** Weights of the images of a batch, [batch], with the mean 1. */
export function imageWeights(logShares: Tensor, batch: number): Tensor {
  const classes = logShares.shape[0]!,
    of = dealt(batch, classes);
  const counts = new Float32Array(classes);
  for (const c of of) counts[c]!++;
  const each = op.mul(
    op.exp(logShares),
    constant(
      counts.map((count) => batch / count),
      [classes, 1],
    ),
  );
  return op.reshape(op.gather(each, constant(of, [batch], "int32")), [batch]);
}
