/**
 * A loss of one's own in the adversarial iteration: the hinge loss, in place of the logistic one. Simulated particles
 * are reconstructed with it and the default critic, and the map is compared with the truth.
 *
 *   npx tsx examples/ownLoss.ts
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateAgainstReference } from "../src/evaluate/index.ts";
import { disk } from "../src/io/index.ts";
import {
  type AdversarialLoss,
  type AdversarialRecipe,
  likelihoodRatioRecipe,
  logisticR1,
  nodeHost,
  reconstruct,
  type Stage,
} from "../src/reconstruct/index.ts";
import { op } from "../src/tensor/index.ts";
import { simulateParticles } from "./ribosome.ts";

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

const folder = await mkdtemp(join(tmpdir(), "cryogan-own-loss-"));
try {
  const { star, truth } = await simulateParticles(folder, { count: 2000, boxSize: 24, signalToNoise: 1 });
  const out = join(folder, "run");
  const stages: Stage[] = [{ kind: "adversarial", maxRadius: 5, iterations: 300 }];
  const request = { particlesFile: star, out, stages, maxShift: 0, device: "cpu" as const };
  await reconstruct(nodeHost, request, undefined, undefined, recipe);
  const { report } = await evaluateAgainstReference(disk.at(join(out, "map.mrc")), disk.at(truth));
  console.log(
    `FSC of shells 1 to 5: ${report.fsc.fsc
      .slice(0, 5)
      .map((value) => value.toFixed(2))
      .join(" ")}`,
  );
} finally {
  await rm(folder, { recursive: true });
}
