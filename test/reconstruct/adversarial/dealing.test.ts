import { describe, expect, it } from "vitest";
import { dealt, imageWeights, logSharesOf } from "../../../src/reconstruct/adversarial/dealing.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { compile } from "../../../src/runtime/session.ts";
import { gradient } from "../../../src/tensor/gradient.ts";
import * as op from "../../../src/tensor/ops.ts";
import { input } from "../../../src/tensor/tensor.ts";

const batch = 7,
  classes = 3,
  all = { batch, first: 0, whole: batch };
/** Some number of each image. */
const values = Float32Array.from({ length: batch }, (_, b) => Math.sin(3 * b) + b / 5);

/** The mean over images that are drawn by the shares: by hand, class by class. */
function meanByShares(logits: readonly number[]): number {
  const total = logits.reduce((sum, l) => sum + Math.exp(l), 0),
    of = dealt(all, classes);
  return logits.reduce((sum, logit, c) => {
    const own = [...values].filter((_, b) => of[b] === c);
    return sum + ((Math.exp(logit) / total) * own.reduce((a, v) => a + v, 0)) / own.length;
  }, 0);
}

describe("images dealt out to classes", () => {
  const logits = input("logits", [classes, 1]),
    images = input("images", [batch]);
  const mean = op.mean(op.mul(images, imageWeights(logSharesOf(logits), all)));
  const [slope] = gradient(mean, [logits]);

  it("has each class in turn", () => {
    expect(dealt(all, classes)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  it("means of them are those by the shares of the classes, and move with these", async () => {
    const program = await compile(
      { name: "dealing", state: {}, feeds: { logits, images }, outputs: { mean, slope: slope! } },
      nodeCpu(1),
    );
    const at = [0.4, -0.7, 1.1],
      found = await program.run({ logits: Float32Array.from(at), images: values });
    expect(found.mean![0]).toBeCloseTo(meanByShares(at), 5);
    const step = 1e-4;
    at.forEach((_, c) => {
      const moved = (by: number): number => meanByShares(at.map((l, i) => (i === c ? l + by : l)));
      expect(found.slope![c]).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 4);
    });
    await program.release();
  });
});
