import { describe, expect, it } from "vitest";
import { gradient, primitives } from "../../src/tensor/gradient.ts";
import * as op from "../../src/tensor/ops.ts";
import { evaluateReference } from "../../src/tensor/reference.ts";
import { input, sizeOf, type Tensor, topologicalOrder } from "../../src/tensor/tensor.ts";
import { cases, instantiate, titleOf, uniforms, withWeights } from "./cases.ts";

type Feeds = ReadonlyMap<Tensor, Float64Array>;

/** Central differences of a scalar in every element of x. */
function finiteDifferences(loss: Tensor, x: Tensor, feeds: Feeds): number[] {
  const step = 1e-5;
  const lossAt = (element: number, offset: number): number => {
    const moved = Float64Array.from(feeds.get(x)!);
    moved[element]! += offset;
    return evaluateReference([loss], new Map([...feeds, [x, moved]]))[0]![0]!;
  };
  return Array.from({ length: sizeOf(x.shape) }, (_, i) => (lossAt(i, step) - lossAt(i, -step)) / (2 * step));
}

/** Central differences of order h² with h = 1e-5 and doubles: both errors stay under 1e-8 for the values used here. */
function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) {
    expect(
      Math.abs(actual[i]! - expected[i]!),
      `element ${i}: ${actual[i]} against ${expected[i]}`,
    ).toBeLessThanOrEqual(1e-7 * (1 + Math.abs(expected[i]!)));
  }
}

/** Values of tensors of inputs written here as plain numbers. */
const evaluate = (outputs: Tensor[], ...feeds: [Tensor, number[]][]): number[][] =>
  evaluateReference(outputs, new Map(feeds.map(([t, values]) => [t, Float64Array.from(values)]))).map((v) =>
    Array.from(v),
  );

describe("the table of cases", () => {
  it("has a case for every primitive", () => {
    const covered = new Set(cases.map((c) => c.operator));
    expect(primitives.filter((name) => !covered.has(name))).toEqual([]);
  });

  it("has a case for every operator a program can be written with", () => {
    const covered = new Set(cases.map((c) => c.operator));
    const operators = Object.keys(op).filter((name) => name !== "broadcastShape");
    expect(operators.filter((name) => !covered.has(name))).toEqual([]);
  });

  it("builds, in every case named after a primitive, that primitive", () => {
    cases.forEach((c, i) => {
      const built = topologicalOrder([instantiate(c, i).output]).map((t) => t.primitive);
      if (primitives.includes(c.operator)) expect(built, titleOf(c, i)).toContain(c.operator);
    });
  });
});

const differentiable = cases.filter((c) => c.inputs.some((s) => s.dtype === undefined));

describe("gradient against finite differences", () => {
  differentiable.forEach((c, i) => {
    it(`of ${titleOf(c, i)}`, () => {
      const { loss, variables, first, feeds } = withWeights(c, i, gradient);
      const values = evaluateReference(first, feeds);
      variables.forEach((x, k) => {
        expect(first[k]!.shape).toEqual(x.shape);
        expectClose(values[k]!, c.cut ? new Float64Array(sizeOf(x.shape)) : finiteDifferences(loss, x, feeds));
      });
    });
  });
});

describe("gradient of a gradient against finite differences", () => {
  differentiable.forEach((c, i) => {
    it(`of ${titleOf(c, i)}`, () => {
      const { variables, w, directional, second, feeds } = withWeights(c, i, gradient);
      const values = evaluateReference(second, feeds);
      [...variables, w].forEach((x, k) => {
        expect(second[k]!.shape).toEqual(x.shape);
        expectClose(values[k]!, finiteDifferences(directional, x, feeds));
      });
    });
  });
});

describe("gradient of whole graphs", () => {
  it("of a gradient penalty on a small network", () => {
    const random = uniforms(7);
    const feeds = new Map<Tensor, Float64Array>();
    const fed = (name: string, shape: number[]): Tensor => {
      const t = input(name, shape);
      feeds.set(
        t,
        Float64Array.from({ length: sizeOf(shape) }, () => random() * 2 - 1),
      );
      return t;
    };
    const images = fed("images", [4, 3]);
    const parameters = [fed("w1", [3, 5]), fed("b1", [5]), fed("w2", [5, 1])];
    const [w1, b1, w2] = parameters as [Tensor, Tensor, Tensor];
    const critic = op.matmul(op.softplus(op.add(op.matmul(images, w1), b1)), w2);
    const slope = gradient(op.sum(critic), [images])[0]!;
    const norm = op.sqrt(op.add(op.sum(op.square(slope), [1]), 1e-6));
    const loss = op.add(op.mean(critic), op.mul(10, op.mean(op.square(op.sub(norm, 1)))));
    const grads = gradient(loss, parameters);
    const values = evaluateReference(grads, feeds);
    parameters.forEach((p, k) => expectClose(values[k]!, finiteDifferences(loss, p, feeds)));
  });

  it("adds up what arrives along every path", () => {
    // d/dx (x·sin x + x) = sin x + x·cos x + 1
    const x = input("x", []);
    const [g] = evaluate(gradient(op.add(op.mul(x, op.sin(x)), x), [x]), [x, [0.7]]);
    expect(g![0]).toBeCloseTo(Math.sin(0.7) + 0.7 * Math.cos(0.7) + 1, 12);
  });

  it("is zero, in the parameter's shape, for a parameter the loss does not depend on", () => {
    const x = input("x", []),
      unused = input("unused", [2, 3]);
    const [g] = gradient(op.exp(x), [unused]);
    expect(g!.shape).toEqual([2, 3]);
    expect(evaluate([g!])).toEqual([[0, 0, 0, 0, 0, 0]]);
  });

  it("is taken with respect to a node inside the graph", () => {
    const x = input("x", [2]);
    const inside = op.mul(x, 3);
    expect(evaluate(gradient(op.sum(op.square(inside)), [inside, x]), [x, [1, -2]])).toEqual([
      [6, -12],
      [18, -36],
    ]);
  });

  it("of the loss itself is one", () => {
    const x = input("x", []);
    expect(evaluate(gradient(x, [x]), [x, [5]])).toEqual([[1]]);
  });

  it("of a third derivative: (x⁴)''' = 24x", () => {
    const x = input("x", []);
    let y = op.square(op.square(x));
    for (let order = 0; order < 3; order++) y = gradient(y, [x])[0]!;
    expect(evaluate([y], [x, [1.5]])[0]![0]).toBeCloseTo(36, 10);
  });

  it("of a chain longer than the call stack is deep", () => {
    const x = input("x", []);
    let y = x;
    for (let i = 0; i < 20000; i++) y = op.neg(y);
    expect(evaluate(gradient(y, [x]), [x, [2]])).toEqual([[1]]);
  });
});

describe("gradient with respect to sampling points", () => {
  const points = input("points", [2, 3]),
    volume = input("volume", [1, 2, 2, 2]);
  const samples = op.trilinear(volume, points);
  it("is zero for trilinear interpolation", () => {
    expect(evaluate(gradient(op.sum(samples), [points]))).toEqual([[0, 0, 0, 0, 0, 0]]);
  });
  it("is zero for its adjoint", () => {
    const [spread] = gradient(op.sum(op.square(samples)), [volume]);
    const loss = op.sum(op.mul(spread!, op.constant([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2])));
    expect(evaluate(gradient(loss, [points]))).toEqual([[0, 0, 0, 0, 0, 0]]);
  });
});

describe("gradient where a function has a kink", () => {
  it("of max is shared equally among the places that attain it", () => {
    const x = input("x", [4]);
    expect(evaluate(gradient(op.max(x), [x]), [x, [2, 1, 2, 0]])).toEqual([[0.5, 0, 0.5, 0]]);
  });

  it("of maximum sums to one where both operands are equal", () => {
    const a = input("a", []),
      b = input("b", []);
    const [ga, gb] = evaluate(gradient(op.maximum(a, b), [a, b]), [a, [1]], [b, [1]]);
    expect(ga![0]! + gb![0]!).toBe(1);
  });

  it("of abs is zero at zero", () => {
    const x = input("x", []);
    expect(evaluate(gradient(op.abs(x), [x]), [x, [0]])).toEqual([[0]]);
  });
});
