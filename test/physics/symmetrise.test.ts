import { describe, expect, it } from "vitest";
import { symmetrise } from "../../src/physics/symmetrise.ts";
import { pointGroup } from "../../src/physics/symmetry.ts";
import { nodeCpu } from "../../src/runtime/onnxRuntimeNode.ts";
import { compile } from "../../src/runtime/session.ts";
import { input } from "../../src/tensor/tensor.ts";

const n = 24;
const blobs = [
  { at: [3.1, -2.2, 1.4], weight: 1 },
  { at: [-1.3, 4.2, 2.9], weight: 0.7 },
  { at: [0.6, 1.1, -4.8], weight: 1.3 },
];

/** Gaussian blobs of σ = 1.6 voxels at centres taken through a rotation. */
function density(turns: readonly ArrayLike<number>[]): Float32Array {
  const out = new Float32Array(n ** 3);
  for (const g of turns) {
    for (const { at, weight } of blobs) {
      const [cx, cy, cz] = [0, 3, 6].map((r) => g[r]! * at[0]! + g[r + 1]! * at[1]! + g[r + 2]! * at[2]!);
      for (let z = 0, i = 0; z < n; z++)
        for (let y = 0; y < n; y++)
          for (let x = 0; x < n; x++, i++) {
            const d2 = (x - n / 2 - cx!) ** 2 + (y - n / 2 - cy!) ** 2 + (z - n / 2 - cz!) ** 2;
            out[i]! += (weight * Math.exp(-d2 / (2 * 1.6 ** 2))) / turns.length;
          }
    }
  }
  return out;
}

describe("symmetrise", () => {
  // The average over a group of blobs is that of blobs at the turned centres. The bound is the accuracy of trilinear
  // sampling at 2× padding (project.ts), or what of the blobs is at the edge of the box where all take axes to axes.
  it.each([
    ["C1", 1e-4],
    ["C2", 1e-4],
    ["C3", 0.05],
    ["C4", 1e-4],
    ["D2", 1e-4],
    ["D4", 1e-4],
    ["D7", 0.05],
    ["D3", 0.05],
    ["D6", 0.05],
    ["T", 0.05],
    ["O", 1e-4],
    ["I", 0.05],
    ["I4", 0.05],
  ])("averages a molecule of Gaussians over %s to %d", async (symbol, bound) => {
    const group = pointGroup(symbol);
    const v = input("v", [n, n, n]);
    const e = await compile({ name: "s", state: {}, feeds: { v }, outputs: { out: symmetrise(v, group) } }, nodeCpu(1));
    const { out } = await e.run({ v: density(pointGroup("C1")) });
    await e.release();
    const expected = density(group);
    let error = 0,
      norm = 0;
    expected.forEach((x, i) => {
      error += (out![i]! - x) ** 2;
      norm += x * x;
    });
    expect(Math.sqrt(error / norm)).toBeLessThan(bound);
  });
});
