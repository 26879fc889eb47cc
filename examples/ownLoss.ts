/**
 * A loss of one's own in the adversarial iteration: the hinge loss, in place of the logistic one. Simulated particles
 * are reconstructed with it and the default critic, and the map is compared with the truth.
 *
 *   npx tsx examples/ownLoss.ts
 */
import {
  type AdversarialLoss,
  type AdversarialRecipe,
  likelihoodRatioRecipe,
  logisticR1,
} from "../src/reconstruct/index.ts";
import { op } from "../src/tensor/index.ts";
import { fscWith } from "./ribosome.ts";

/**
 * The critic gains nothing by being surer than 1 of an image; the volume strives for a high output.
 *
 * @see Lim & Ye (2017) "Geometric GAN", arXiv:1705.02894
 */
const hinge: AdversarialLoss = {
  name: "hinge",
  mixes: false,
  critic: (real, fake) => op.add(op.mean(op.maximum(op.sub(1, real), 0)), op.mean(op.maximum(op.add(1, fake), 0))),
  penalty: logisticR1.penalty,
  volume: (fake) => op.neg(op.mean(fake)),
};

const recipe: AdversarialRecipe = { ...likelihoodRatioRecipe, loss: hinge };

console.log(`FSC of shells 1 to 5: ${(await fscWith(recipe)).map((value) => value.toFixed(2)).join(" ")}`);
