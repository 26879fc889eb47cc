/**
 * A critic of one's own in the adversarial iteration: a small network of two layers that looks at the low frequencies
 * of an image on a polar grid, in place of the likelihood-ratio critic. Simulated particles are reconstructed with it,
 * and the map is compared with the truth.
 *
 *   npx tsx examples/ownCritic.ts
 */
import type { CriticModel, ImageStatistics } from "../src/critic/index.ts";
import { interpolateShells, polarGrid, radiusOf } from "../src/physics/index.ts";
import { type AdversarialRecipe, likelihoodRatioRecipe } from "../src/reconstruct/index.ts";
import type { RandomStream } from "../src/runtime/index.ts";
import { op, type Shape, sizeOf } from "../src/tensor/index.ts";
import { fscWith } from "./ribosome.ts";

/** Width of the layer between. */
const hidden = 48;

/** Normal weights of a deviation. */
const normal = (shape: Shape, deviation: number) => ({
  shape,
  initial(stream: RandomStream) {
    const out = new Float32Array(sizeOf(shape));
    stream.fillNormal(out);
    return out.map((v) => deviation * v);
  },
});

function networkCritic({ maxRadius }: ImageStatistics): CriticModel {
  const grid = polarGrid(maxRadius, 2 * maxRadius);
  const radius = radiusOf(grid);
  return {
    name: "two-layers",
    grid,
    turns: [{ from: Int32Array.from(radius.keys()), conjugate: new Uint8Array(grid.count) }],
    // Noise becomes white, and a sample counts by the area that it stands for.
    whitening(noisePower) {
      const power = interpolateShells(noisePower, radius);
      return Float32Array.from(radius, (r, i) => Math.sqrt(r / power[i]!));
    },
    parameters: {
      inner: normal([hidden, 2 * grid.count], Math.sqrt(1 / (2 * grid.count))),
      bias: normal([hidden, 1], 0),
      outer: normal([1, hidden], Math.sqrt(1 / hidden)),
    },
    inputs: { samples: [2 * grid.count] },
    image: "samples",
    view: (whitened, ctf) => ({ samples: op.concat([op.mul(whitened.re, ctf), op.mul(whitened.im, ctf)], 0) }),
    judge(p, { samples }) {
      const features = op.softplus(op.add(op.matmul(p.inner!, samples!), p.bias!));
      return op.reshape(op.matmul(p.outer!, features), [samples!.shape[1]!]);
    },
  };
}

// Everything else of the iteration stays as it is for the default critic, but for the weight of the gradient penalty.
const recipe: AdversarialRecipe = { ...likelihoodRatioRecipe, critic: networkCritic, gradientPenalty: 0.1 };

console.log(`FSC of shells 1 to 5: ${(await fscWith(recipe)).map((value) => value.toFixed(2)).join(" ")}`);
