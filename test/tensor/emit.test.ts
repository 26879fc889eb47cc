import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { emitOnnx } from "../../src/tensor/emit.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { ModelProtoSchema } from "../../src/tensor/onnx/onnx_pb.ts";
import * as op from "../../src/tensor/ops.ts";
import { evaluateReference } from "../../src/tensor/reference.ts";
import { input, inputName, type Tensor } from "../../src/tensor/tensor.ts";
import { cases, titleOf, withWeights } from "./cases.ts";

/** `data` as ONNX Runtime takes it. */
function ortTensor(t: Tensor, data: Float64Array): OrtTensor {
  if (t.dtype === "bool") return new OrtTensor("bool", Uint8Array.from(data), t.shape);
  return t.dtype === "int32"
    ? new OrtTensor("int32", Int32Array.from(data), t.shape)
    : new OrtTensor("float32", Float32Array.from(data), t.shape);
}

/** Emits, loads and runs a graph on the CPU. */
async function runOnnx(inputs: Tensor[], feeds: ReadonlyMap<Tensor, Float64Array>, outputs: Record<string, Tensor>) {
  const session = await InferenceSession.create(emitOnnx(inputs, outputs), {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const fed = Object.fromEntries(inputs.map((t) => [inputName(t), ortTensor(t, feeds.get(t)!)]));
  const results = await session.run(fed);
  await session.release();
  return results;
}

/** Runs a graph of inputs written here as plain numbers, and returns its output `y`. */
async function runPlain(y: Tensor, ...feeds: [Tensor, number[]][]): Promise<number[]> {
  const results = await runOnnx(
    feeds.map(([t]) => t),
    new Map(feeds.map(([t, values]) => [t, Float64Array.from(values)])),
    { y },
  );
  return Array.from(results.y!.data as Float32Array);
}

describe("ONNX emission against the double-precision interpreter", () => {
  cases.forEach((c, i) => {
    it(`of ${titleOf(c, i)}, its gradient and its second derivatives`, async () => {
      const { output, first, second, inputs, feeds } = withWeights(c, i, gradient);
      const outputs = Object.fromEntries([output, ...first, ...second].map((t, k) => [`y${k}`, t]));
      const expected = evaluateReference(Object.values(outputs), feeds);
      const results = await runOnnx(inputs, feeds, outputs);
      Object.entries(outputs).forEach(([name, t], k) => {
        const result = results[name]!;
        expect(result.type).toBe(t.dtype);
        expect(result.dims).toEqual(t.shape);
        // Sums and quotients of a few float32 roundings (6e-8 each) of numbers whose terms are at most a few tens.
        Array.from(result.data as Float32Array, Number).forEach((value, e) => {
          const truth = expected[k]![e]!;
          expect(Math.abs(value - truth), `${name}[${e}]: ${value} against ${truth}`).toBeLessThanOrEqual(
            t.dtype === "float32" ? 4e-6 * (1 + Math.abs(truth)) : 0,
          );
        });
      });
    });
  });
});

describe("ONNX emission at large arguments", () => {
  const big = 200; // e^200 overflows float32
  const x = input("x", [3]);
  const values: [Tensor, number[]] = [x, [-big, 0, big]];

  it("of softplus is 0, ln 2 and x", async () => {
    const y = await runPlain(op.softplus(x), values);
    expect(y[0]).toBe(0);
    expect(y[1]).toBeCloseTo(Math.LN2, 6);
    expect(y[2]).toBe(big);
  });
  it("of the gradient of softplus is 0, ½ and 1", async () => {
    expect(await runPlain(gradient(op.sum(op.softplus(x)), [x])[0]!, values)).toEqual([0, 0.5, 1]);
  });
  it("of logSumExp is the largest", async () => {
    expect(await runPlain(op.logSumExp(x, [0]), values)).toEqual([big]);
  });
  it("of the gradient of logSumExp is one at the largest", async () => {
    expect(await runPlain(gradient(op.logSumExp(x, [0]), [x])[0]!, values)).toEqual([0, 0, 1]);
  });
});

it("sums at constant places into more rows than a call takes arguments", async () => {
  const rows = 300_000,
    places = Int32Array.of(rows - 1, 2, rows - 1),
    y = op.scatterAdd(op.constant([1, 10, 100], [3, 1]), op.constant(places, [3], "int32"), rows);
  const session = await InferenceSession.create(emitOnnx([], { y }), { executionProviders: ["cpu"] });
  const sums = (await session.run({})).y!.data as Float32Array;
  expect([sums.length, sums[2], sums[rows - 1]]).toEqual([rows, 10, 101]);
  expect(sums.reduce((a, b) => a + b, 0)).toBe(111);
  await session.release();
});

describe("ONNX emission of scatters, with several threads", () => {
  // ONNX Runtime's ScatterND loses updates here (github.com/microsoft/onnxruntime/issues/18048). Ones add up exactly in
  // float32.
  const count = 300_000,
    rows = 7;
  const indices = input("indices", [count], "int32");
  const values = Int32Array.from({ length: count }, (_, i) => (i * i) % rows);
  const expected = Array<number>(rows).fill(0);
  for (const row of values) expected[row]!++;
  const scattered: [string, Tensor][] = [
    ["rows", op.scatterAdd(op.ones([count, 2]), indices, rows)],
    ["columns", op.scatterColumns(op.ones([2, count]), indices, rows)],
    ["rows at constant places", op.scatterAdd(op.ones([count, 2]), op.constant(values, [count], "int32"), rows)],
  ];
  for (const [name, y] of scattered) {
    it(`loses no update of the same place: ${name}`, async () => {
      const session = await InferenceSession.create(emitOnnx([indices], { y }), {
        executionProviders: ["cpu"],
        intraOpNumThreads: 4,
      });
      for (let repeat = 0; repeat < 5; repeat++) {
        const sums = Array.from(
          (await session.run({ indices: new OrtTensor("int32", values, [count]) })).y!.data as Float32Array,
        );
        expect(name === "columns" ? sums.slice(0, rows) : sums.filter((_, i) => i % 2 === 0)).toEqual(expected);
        expect(name === "columns" ? sums.slice(rows) : sums.filter((_, i) => i % 2 === 1)).toEqual(expected);
      }
      await session.release();
    });
  }
});

describe("ONNX emission of trilinear interpolation", () => {
  it("weights the eight voxels around a point", async () => {
    const volume = input("volume", [1, 2, 2, 2]);
    const points = op.constant([0, 0, 0, 0.5, 0, 0, 0, 0.25, 0.5], [3, 3]);
    expect(await runPlain(op.trilinear(volume, points), [volume, [1, 2, 3, 4, 5, 6, 7, 8]])).toEqual([
      1,
      1.5,
      0.25 * 3 + 0.75 * 1 + 0.5 * 4,
    ]);
  });

  it("spreads values to the right voxels where there are more of them than float32 counts (2²⁴)", async () => {
    const depth = 2 ** 22 + 100,
      z = depth - 2;
    const value = input("value", [1, 1]),
      volume = op.expand(value, [1, depth, 2, 2]);
    const [spread] = gradient(op.sum(op.mul(op.trilinear(volume, op.constant([0.5, 0, z], [1, 3])), value)), [volume]);
    expect(await runPlain(op.slice(op.reshape(spread!, [depth * 4]), 0, z * 4 - 2, z * 4 + 4), [value, [1]])).toEqual([
      0, 0, 0.5, 0.5, 0, 0,
    ]);
  });
});

describe("ONNX emission of whole models", () => {
  it("keeps inputs that nothing uses, in the order given", () => {
    const a = input("a", [2]),
      b = input("b", [3], "int32"),
      c = input("c", [], "bool");
    const model = fromBinary(ModelProtoSchema, emitOnnx([c, a, b], { y: op.neg(a) }, "name"));
    expect(model.graph!.input.map((v) => v.name)).toEqual(["c", "a", "b"]);
    expect(model.graph!.name).toBe("name");
  });

  it("emits a shared expression once", () => {
    const a = input("a", [2]);
    const model = fromBinary(ModelProtoSchema, emitOnnx([a], { y: op.add(op.exp(a), op.sin(op.exp(a))) }));
    expect(model.graph!.node.filter((n) => n.opType === "Exp").length).toBe(1);
  });

  it("gives an input, or one tensor, under several output names", async () => {
    const a = input("a", [2]);
    const y = op.neg(a);
    const results = await runOnnx([a], new Map([[a, Float64Array.of(1, -2)]]), { same: a, first: y, second: y });
    expect(
      Object.fromEntries(Object.entries(results).map(([name, t]) => [name, Array.from(t.data as Float32Array)])),
    ).toEqual({ same: [1, -2], first: [-1, 2], second: [-1, 2] });
  });

  it("writes int32 constants", async () => {
    const table = input("table", [3, 2]);
    expect(await runPlain(op.gather(table, op.constant([2, 0], [2], "int32")), [table, [1, 2, 3, 4, 5, 6]])).toEqual([
      5, 6, 1, 2,
    ]);
  });

  it("refuses outputs that depend on an input not listed, naming it", () => {
    const a = input("a", [2]),
      b = input("forgotten", [2]);
    expect(() => emitOnnx([a], { y: op.add(a, b) })).toThrow(/'forgotten'/);
  });
});
