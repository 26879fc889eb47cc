/**
 * The settings of the CryoGAN paper's β-galactosidase experiment, by the authors' own file for it: their network on
 * images at full size, from nothing to the finest shell in one stage. docs/critics.md says what differs.
 *
 * @see Gupta, McCann, Donati & Unser (2021) IEEE Trans. Comput. Imaging 7, 759, and
 *      https://github.com/harshit-gupta-cor/CryoGAN, Configs/train_New_Betagal-Synthetic-NoiseCTF.cfg
 */
import { blocksFor, convolutionalCritic } from "../../critic/convolutional.ts";
import { wganGp } from "./losses.ts";
import type { AdversarialRecipe } from "./recipes.ts";

/** num_channel_discriminator = 48 in their file is half of what comes out of the first block. */
const channels = 2 * 48,
  batch = 8,
  criticSteps = 4,
  epochs = 40;

/** Iterations of an epoch as their loop counts them: batches of particles over critic and volume steps together. */
export const iterationsOfEpoch = (particles: number): number =>
  Math.max(1, Math.floor(particles / batch / (criticSteps + 1)));

/** @param particles of a set, which say what an epoch is */
export function paperRecipe(particles: number): AdversarialRecipe {
  const epoch = iterationsOfEpoch(particles);
  return {
    critic: (statistics) => convolutionalCritic(statistics, { channels, features: 10 }),
    loss: wganGp,
    batch,
    criticSteps,
    criticRate: 1e-3,
    volumeRate: 1e-2,
    decay: (done) => 0.99 ** Math.floor(done / epoch),
    gradientPenalty: 0.01,
    criticClipNorm: 1e8,
    volumeClipNorm: 1e4,
    positive: true,
    criticScalesNoise: true,
    averaging: 0.01,
    heldOut: 0,
    noiseFloor: 0,
    start: [{ kind: "adversarial", maxRadius: Infinity, iterations: epochs * epoch }],
    finerStart: [],
    iterationSeconds: networkSeconds,
  };
}

/**
 * Every block but the first takes the same number of products, half an image's pixels by 9·channels². Measured on one
 * core at 32, 64 and 192 px: 1.1, 5.3 and 87 s.
 */
const networkSeconds = (maxRadius: number): number => {
  const n = 2 * maxRadius;
  return 1.9e-4 * n ** 2 * blocksFor(n);
};
