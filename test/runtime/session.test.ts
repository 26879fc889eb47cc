import { describe, expect, it } from "vitest";
import { nodeCpu } from "../../src/runtime/onnxRuntimeNode.ts";
import { compile } from "../../src/runtime/session.ts";
import * as op from "../../src/tensor/ops.ts";
import { constant, input } from "../../src/tensor/tensor.ts";

const cpu = nodeCpu(1);

/**
 * x ← x/2 + u, v ← v + x (both from the old x); tripled = 3x before the step. `kept` stays; `renewed` forgets what it
 * was.
 */
function recurrence() {
  const x = input("x", [2]),
    v = input("v", [2]),
    kept = input("kept", [1]),
    renewed = input("renewed", [2]);
  const u = input("u", [2]),
    unused = input("unused", [5]);
  return compile(
    {
      name: "recurrence",
      state: {
        x: { input: x, next: op.add(op.mul(x, 0.5), u) },
        v: { input: v, next: op.add(v, x) },
        kept: { input: kept, next: kept },
        renewed: { input: renewed, next: op.mul(u, 2) },
      },
      feeds: { u, unused },
      // `sum` is also the next value of v: being read back must not take it from the state.
      outputs: { tripled: op.mul(x, 3), sum: op.add(v, x) },
    },
    cpu,
  );
}
const unused = new Float32Array(5);

describe("session", () => {
  it("hands large constants over instead of writing them into the model, and small ones not", async () => {
    const size = 2 ** 22,
      x = input("x", [size, 1]),
      large = constant(
        Float32Array.from({ length: size }, (_, i) => i % 1000),
        [size, 1],
      ),
      places = constant(
        Int32Array.from({ length: size }, (_, i) => size - 1 - i),
        [size],
        "int32",
      ),
      small = constant([0.5], [1]);
    const turned = op.mul(op.add(op.gather(x, places), large), small);
    const program = await compile({ name: "large", state: {}, feeds: { x }, outputs: { turned } }, cpu);
    expect(program.model.byteLength).toBeLessThan(2000);
    const values = Float32Array.from({ length: size }, (_, i) => (i % 777) - 300);
    for (const times of [1, 2]) {
      const out = (await program.run({ x: values.map((v) => times * v) })).turned!;
      expect(out.findIndex((v, i) => v !== (times * values[size - 1 - i]! + (i % 1000)) / 2)).toBe(-1);
    }
    await program.release();
  });

  it("carries its state from run to run", async () => {
    const session = await recurrence();
    session.setState("x", Float32Array.of(8, -4));
    session.setState("kept", Float32Array.of(42));
    let x = [8, -4],
      v = [0, 0]; // v was not set: it starts at zero
    for (const u of [
      [1, 2],
      [-3, 0.5],
      [0, 0],
      [7, -1],
    ]) {
      const out = await session.run({ u: Float32Array.from(u), unused });
      expect(Object.keys(out).sort()).toEqual(["sum", "tripled"]);
      expect(Array.from(out.tripled!)).toEqual(x.map((a) => 3 * a));
      v = v.map((b, i) => b + x[i]!);
      x = x.map((a, i) => a / 2 + u[i]!);
      expect(Array.from(out.sum!)).toEqual(v);
      expect(Array.from(await session.getState("x"))).toEqual(x);
      expect(Array.from(await session.getState("v"))).toEqual(v);
      expect(Array.from(await session.getState("renewed"))).toEqual(u.map((a) => 2 * a));
    }
    expect(Array.from(await session.getState("kept"))).toEqual([42]);
    await session.release();
  });

  it("copies the state it is given", async () => {
    const session = await recurrence();
    const mine = Float32Array.of(1, 2);
    session.setState("x", mine);
    mine.fill(100);
    const out = await session.run({ u: new Float32Array(2), unused });
    expect(Array.from(out.tripled!)).toEqual([3, 6]);
    await session.release();
  });

  it("feeds whole numbers as such", async () => {
    const table = input("table", [3, 2]),
      rows = input("rows", [2], "int32");
    const session = await compile(
      { name: "gather", state: {}, feeds: { table, rows }, outputs: { out: op.gather(table, rows) } },
      cpu,
    );
    const out = await session.run({ table: Float32Array.of(1, 2, 3, 4, 5, 6), rows: Int32Array.of(2, 0) });
    expect(Array.from(out.out!)).toEqual([5, 6, 1, 2]);
    await session.release();
  });

  it("names what is missing, unknown or of the wrong size, and works on after that", async () => {
    const session = await recurrence();
    session.setState("x", Float32Array.of(2, 4));
    await expect(session.run({ unused })).rejects.toThrow("recurrence: 'u' was not fed");
    await expect(session.run({ u: new Float32Array(3), unused })).rejects.toThrow(
      "'u' holds 3 values, but its shape is [2]",
    );
    expect(() => session.setState("w", new Float32Array(2))).toThrow("no state 'w' in recurrence");
    expect(Array.from((await session.run({ u: new Float32Array(2), unused })).tripled!)).toEqual([6, 12]);
    expect(() => session.setState("v", new Float32Array(1))).toThrow("'v' holds 1 values, but its shape is [2]");
    await session.release();
  });
});
