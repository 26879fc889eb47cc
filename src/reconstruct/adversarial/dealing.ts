/**
 * How simulated images are dealt out to several classes: evenly, image b to class b modulo their number, each weighted
 * by the share of its class. So the losses are those of images drawn by the shares, which have a gradient then.
 */
import * as op from "../../tensor/ops.ts";
import { constant, type Tensor } from "../../tensor/tensor.ts";

/** Some images of a batch, those from `first` on, of `whole` in all. */
export interface PartOfBatch {
  batch: number;
  first: number;
  whole: number;
}

/** Class of each of some images of a batch. */
export const dealt = ({ batch, first }: PartOfBatch, classes: number): number[] =>
  Array.from({ length: batch }, (_, b) => (first + b) % classes);

/** Log of the shares of classes, [classes, 1]. @param logits the same up to a common constant */
export const logSharesOf = (logits: Tensor): Tensor => op.sub(logits, op.logSumExp(logits, [0]));

/** Weights of some images of a batch, [batch]; over the whole of it their mean is 1. */
export function imageWeights(logShares: Tensor, part: PartOfBatch): Tensor {
  const classes = logShares.shape[0]!,
    { batch, whole } = part,
    of = dealt(part, classes);
  const counts = new Float32Array(classes);
  for (const c of dealt({ batch: whole, first: 0, whole }, classes)) counts[c]!++;
  const each = op.mul(
    op.exp(logShares),
    constant(
      counts.map((count) => whole / count),
      [classes, 1],
    ),
  );
  return op.reshape(op.gather(each, constant(of, [batch], "int32")), [batch]);
}
