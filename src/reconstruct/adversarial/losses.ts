/**
 * What critic and volume strive for: the pairs of adversarial losses, each with the gradient penalty that keeps its
 * critic smooth.
 */
import type { CriticInput } from "../../critic/critic.ts";
import { gradient } from "../../tensor/gradient.ts";
import * as op from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { LossName } from "../options.ts";

/** A batch of each kind with the critic's outputs on it, [batch]. */
export interface JudgedBatch {
  /** The critic: its output on images, [batch]. */
  judge: (input: CriticInput) => Tensor;
  /** Name of the entry that holds the image. */
  image: string;
  real: CriticInput;
  realLogit: Tensor;
  fake: CriticInput;
  /** Uniform random numbers in 0..1, one per image, [batch]; only for losses that mix. */
  mixing?: Tensor;
}

export interface AdversarialLoss {
  name: string;
  /** Whether the penalty needs `mixing`. */
  mixes: boolean;
  /** Loss of the critic without penalty, scalar. @param weights of the simulated images, of mean 1; absent: all 1 */
  critic(realLogit: Tensor, fakeLogit: Tensor, weights?: Tensor): Tensor;
  /** Gradient penalty of the critic before its weight, scalar. */
  penalty(batch: JudgedBatch): Tensor;
  /** Loss of the volume, scalar. */
  volume(fakeLogit: Tensor, weights?: Tensor): Tensor;
}

/** Mean over a batch of images, the last axis. @param weights of mean 1, [batch]; absent: all 1 */
export const weightedMean = (values: Tensor, weights: Tensor | undefined): Tensor =>
  op.mean(weights ? op.mul(values, weights) : values);

/**
 * Logistic loss, non-saturating for the volume, with the penalty E‖∇D‖² on real images (R1).
 *
 * @see Goodfellow et al. (2014) NeurIPS; Mescheder, Geiger & Nowozin (2018) ICML, eq. 9, with their γ/2 left to the
 *   weight
 */
export const logisticR1: AdversarialLoss = {
  name: "logistic-r1",
  mixes: false,
  critic: (real, fake, weights) => op.add(op.mean(op.softplus(op.neg(real))), weightedMean(op.softplus(fake), weights)),
  penalty({ real, realLogit, image }) {
    const [slope] = gradient(op.sum(realLogit), [real[image]!]);
    return op.mul(op.sum(op.square(slope!)), 1 / realLogit.shape[0]!);
  },
  volume: (fake, weights) => weightedMean(op.softplus(op.neg(fake)), weights),
};

/**
 * Wasserstein loss with the penalty E(‖∇D‖ - 1)² on random mixtures of real and simulated images.
 *
 * @see Gulrajani et al. (2017) NeurIPS, "Improved training of Wasserstein GANs", eq. 3
 */
export const wganGp: AdversarialLoss = {
  name: "wgan-gp",
  mixes: true,
  critic: (real, fake, weights) => op.sub(weightedMean(fake, weights), op.mean(real)),
  penalty({ judge, image, real, fake, mixing }) {
    const mixed = Object.fromEntries(
      Object.keys(real).map((name) => {
        const r = real[name]!,
          f = fake[name]!;
        return [name, op.add(f, op.mul(op.sub(r, f), mixing!))];
      }),
    );
    const [slope] = gradient(op.sum(judge(mixed)), [mixed[image]!]);
    const squares = op.sum(op.square(slope!), [...Array(slope!.shape.length - 1).keys()]); // [batch]
    // The root's derivative is infinite at zero slope; 1e-12 bounds it.
    return op.mean(op.square(op.sub(op.sqrt(op.add(squares, 1e-12)), 1)));
  },
  volume: (fake, weights) => op.neg(weightedMean(fake, weights)),
};

/** The loss of a name. */
export const losses: Record<LossName, AdversarialLoss> = { "logistic-r1": logisticR1, "wgan-gp": wganGp };

/** Gradients scaled down together, where needed, to a norm of at most `maxNorm` over all of them. */
export function clipByNorm(gradients: readonly Tensor[], maxNorm: number): Tensor[] {
  const squares = gradients.map((g) => op.sum(op.square(g))).reduce((a, b) => op.add(a, b));
  const factor = op.div(maxNorm, op.maximum(op.sqrt(squares), maxNorm));
  return gradients.map((g) => op.mul(g, factor));
}
