import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { weakCache } from "../../src/tensor/cache.ts";
import * as op from "../../src/tensor/ops.ts";
import { builtNodes, input, scalar, type Tensor } from "../../src/tensor/tensor.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Collects until something holds, or often in vain: the collector calls a registry back in its own time. */
async function collectUntil(holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 200 && !holds(); attempt++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("a weak cache", () => {
  it("makes a value once for as long as it is held, and drops its key when it has died", async () => {
    const cache = weakCache<{ n: number }>();
    const held = cache.get("held", () => ({ n: 1 }));
    for (let i = 0; i < 100; i++) cache.get(`dropped ${i}`, () => ({ n: i }));
    expect(cache.get("held", () => ({ n: 2 }))).toBe(held);
    expect(cache.size).toBe(101);
    await collectUntil(() => cache.size === 1);
    expect(cache.size).toBe(1);
    expect(cache.get("held", () => ({ n: 3 }))).toBe(held);
  });
});

describe("nodes that nobody holds", () => {
  it("leave the cache, those in use do not", async () => {
    const x = input("x", [3]);
    const kept = op.sin(op.mul(x, 1.25));
    await collectUntil(() => builtNodes() === 3);
    const before = builtNodes();
    expect(before).toBe(3);
    let chain: Tensor | undefined = x;
    for (let i = 0; i < 1000; i++) chain = op.add(chain, scalar(i + 0.5));
    expect(builtNodes()).toBeGreaterThanOrEqual(before + 2000);
    chain = undefined;
    await collectUntil(() => builtNodes() <= before);
    expect(builtNodes()).toBeLessThanOrEqual(before);
    expect(op.sin(op.mul(x, 1.25))).toBe(kept);
  });
});
