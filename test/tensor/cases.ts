/** One or more examples of every operator, shared by the tests of gradients and of ONNX emission. */
import * as op from "../../src/tensor/ops.ts";
import type { DType } from "../../src/tensor/primitives.ts";
import { input, type Shape, sizeOf, type Tensor } from "../../src/tensor/tensor.ts";

/**
 * How an input is filled. A finite difference must not step over a kink, so "distinct" values lie at least 0.1 apart
 * across all such inputs of a case, "nonzero" ones at least 0.3 from zero, and "fractional" ones 0.2 from an integer.
 */
type Fill = "any" | "positive" | "nonzero" | "fractional" | "distinct" | readonly number[];

export interface InputSpec {
  shape: Shape;
  fill: Fill;
  dtype?: DType;
}

export interface Case {
  /** Name exported by ops.ts, or "input". */
  operator: string;
  inputs: InputSpec[];
  build: (...inputs: Tensor[]) => Tensor;
  /** The gradient is zero by definition, not by calculus. */
  cut?: true;
}

const x = (shape: Shape, fill: Fill = "any"): InputSpec => ({ shape, fill });
const ints = (shape: Shape, values: readonly number[]): InputSpec => ({ shape, fill: values, dtype: "int32" });
const bools = (shape: Shape, values: readonly number[]): InputSpec => ({ shape, fill: values, dtype: "bool" });

const unary = (
  operator: "neg" | "exp" | "log" | "sqrt" | "sin" | "cos" | "abs" | "sign" | "floor" | "sigmoid" | "softplus",
  fill: Fill = "any",
): Case[] => [[], [5], [2, 3]].map((shape) => ({ operator, inputs: [x(shape, fill)], build: op[operator] }));

/** Equal shapes, a scalar, and axes that broadcast on either side or on both. */
const binaryShapes: [Shape, Shape][] = [
  [[], []],
  [[4], [4]],
  [[2, 3], []],
  [[2, 3], [3]],
  [
    [1, 3],
    [2, 1],
  ],
  [[3], [2, 1, 3]],
  [[1, 1], [1]],
];
const binary = (
  operator: "add" | "sub" | "mul" | "div" | "maximum" | "greater" | "equal",
  fillA: Fill = "any",
  fillB: Fill = fillA,
): Case[] => binaryShapes.map(([a, b]) => ({ operator, inputs: [x(a, fillA), x(b, fillB)], build: op[operator] }));

/**
 * [2, 2, 3] positions (x, y, z) in a grid of depth 3, height 4, width 5: inside, on a voxel, on a near face, and shared
 * cells.
 */
const points = op.constant([0.25, 1.5, 0.75, 2, 1, 1, 0, 0, 0, 3.5, 2.25, 1.125], [2, 2, 3]);

export const cases: Case[] = [
  { operator: "input", inputs: [x([2, 3])], build: (a) => a },
  { operator: "constant", inputs: [x([2, 3])], build: (a) => op.mul(a, op.constant([0.5, -1.25, 2], [3])) },
  { operator: "scalar", inputs: [x([2, 3])], build: (a) => op.mul(a, op.scalar(0.3)) },

  ...binary("add"),
  ...binary("sub"),
  ...binary("mul"),
  ...binary("div", "any", "nonzero"),
  ...binary("maximum", "distinct"),
  ...binary("greater", "distinct"),
  ...binary("equal", "distinct"),
  { operator: "equal", inputs: [ints([5], [0, 1, 2, 3, 4]), ints([5], [0, 2, 2, -3, 4])], build: op.equal },
  { operator: "greater", inputs: [ints([3], [1, 2, 3]), ints([3], [1, 3, 2])], build: op.greater },
  // Zeros where the other has its values, either way round; and nearly so.
  {
    operator: "concat",
    inputs: [x([2, 2]), x([2, 3])],
    build: (a, b) => op.add(op.pad(a, 1, 0, 3), op.pad(b, 1, 2, 0)),
  },
  {
    operator: "concat",
    inputs: [x([1, 3]), x([2, 3])],
    build: (a, b) => op.add(op.pad(b, 0, 1, 0), op.pad(a, 0, 0, 2)),
  },
  { operator: "add", inputs: [x([2, 2]), x([2, 2])], build: (a, b) => op.add(op.pad(a, 1, 0, 1), op.pad(b, 1, 1, 0)) },
  { operator: "mul", inputs: [x([2, 3])], build: (a) => op.mul(a, a) },
  { operator: "add", inputs: [ints([3], [1, -2, 3]), ints([], [5])], build: op.add },
  { operator: "sub", inputs: [ints([3], [1, -2, 3]), ints([], [5])], build: op.sub },
  { operator: "mul", inputs: [ints([3], [1, -2, 3]), ints([], [5])], build: op.mul },
  { operator: "div", inputs: [ints([4], [7, -7, 6, 1]), ints([], [3])], build: op.div },
  { operator: "maximum", inputs: [ints([3], [1, -2, 3]), ints([], [0])], build: op.maximum },

  ...unary("neg"),
  ...unary("exp"),
  ...unary("log", "positive"),
  ...unary("sqrt", "positive"),
  ...unary("sin"),
  ...unary("cos"),
  ...unary("abs", "nonzero"),
  ...unary("sign", "nonzero"),
  ...unary("floor", "fractional"),
  ...unary("sigmoid"),
  ...unary("softplus"),
  { operator: "stopGradient", inputs: [x([2, 3])], build: op.stopGradient, cut: true },

  { operator: "where", inputs: [bools([2, 3], [1, 0, 1, 0, 0, 1]), x([2, 3]), x([2, 3])], build: op.where },
  { operator: "where", inputs: [bools([3], [1, 0, 1]), x([2, 1]), x([])], build: op.where },
  { operator: "where", inputs: [bools([2, 1], [1, 0]), x([3]), x([2, 3])], build: op.where },
  {
    operator: "where",
    inputs: [x([4], "distinct"), x([4], "distinct")],
    build: (a, b) => op.where(op.greater(a, b), op.mul(a, b), op.exp(a)),
  },
  { operator: "cast", inputs: [x([2, 3], "fractional")], build: (a) => op.cast(a, "int32") },
  { operator: "cast", inputs: [ints([3], [-1, 0, 7]), x([3])], build: (i, a) => op.mul(op.cast(i, "float32"), a) },
  { operator: "cast", inputs: [bools([3], [1, 0, 1]), x([3])], build: (b, a) => op.mul(op.cast(b, "float32"), a) },

  ...(
    [
      [
        [2, 3],
        [3, 4],
      ],
      [
        [1, 1],
        [1, 1],
      ],
      [
        [2, 2, 3],
        [2, 3, 2],
      ],
      [
        [3, 2],
        [2, 2, 1],
      ],
      [
        [2, 2, 3],
        [3, 2],
      ],
      [
        [2, 1, 2, 3],
        [3, 2],
      ],
      [
        [2, 3],
        [2, 1, 3, 2],
      ],
      [
        [2, 2, 1, 3],
        [2, 2, 3, 2],
      ],
    ] as [Shape, Shape][]
  ).map(([a, b]): Case => ({ operator: "matmul", inputs: [x(a), x(b)], build: op.matmul })),

  { operator: "convolve", inputs: [x([2, 2, 3, 4]), x([3, 2, 3, 3])], build: op.convolve },
  { operator: "convolve", inputs: [x([2, 1, 4, 2]), x([2, 1, 3, 1])], build: op.convolve },
  { operator: "convolve", inputs: [x([1, 2, 2, 3]), x([1, 2, 1, 5])], build: op.convolve },

  { operator: "transpose", inputs: [x([2, 3])], build: (a) => op.transpose(a, [1, 0]) },
  { operator: "transpose", inputs: [x([2, 3, 4])], build: (a) => op.transpose(a, [1, 2, 0]) },
  { operator: "transpose", inputs: [x([2, 1, 3, 2])], build: (a) => op.transpose(a, [3, 0, 2, 1]) },
  { operator: "matrixTranspose", inputs: [x([2, 3, 4])], build: op.matrixTranspose },
  { operator: "reshape", inputs: [x([2, 6])], build: (a) => op.reshape(a, [3, 2, 2]) },
  { operator: "reshape", inputs: [x([1, 1])], build: (a) => op.reshape(a, []) },
  { operator: "expand", inputs: [x([])], build: (a) => op.expand(a, [2, 3]) },
  { operator: "expand", inputs: [x([3, 1])], build: (a) => op.expand(a, [2, 3, 2]) },
  { operator: "expand", inputs: [x([1, 2])], build: (a) => op.expand(a, [1, 1, 2]) },

  { operator: "sum", inputs: [x([2, 3, 2])], build: (a) => op.sum(a) },
  { operator: "sum", inputs: [x([2, 3, 2])], build: (a) => op.sum(a, [0, -1]) },
  { operator: "sum", inputs: [x([2, 3, 2])], build: (a) => op.sum(a, [1], true) },
  { operator: "max", inputs: [x([2, 3, 2], "distinct")], build: (a) => op.max(a) },
  { operator: "max", inputs: [x([2, 3, 2], "distinct")], build: (a) => op.max(a, [0, -1]) },
  { operator: "max", inputs: [x([2, 3, 2], "distinct")], build: (a) => op.max(a, [1], true) },
  { operator: "logSumExp", inputs: [x([4])], build: (a) => op.logSumExp(a, [0]) },
  { operator: "logSumExp", inputs: [x([2, 2, 3])], build: (a) => op.logSumExp(a, [0, -1]) },

  { operator: "concat", inputs: [x([2]), x([3])], build: (a, b) => op.concat([a, b], 0) },
  {
    operator: "concat",
    inputs: [x([2, 1, 2]), x([2, 3, 2]), x([2, 2, 2])],
    build: (a, b, c) => op.concat([a, b, c], 1),
  },
  { operator: "concat", inputs: [x([2, 1])], build: (a) => op.concat([a, op.sin(a), a], -1) },
  { operator: "slice", inputs: [x([5])], build: (a) => op.slice(a, 0, 1, 4) },
  { operator: "slice", inputs: [x([2, 4, 3])], build: (a) => op.slice(a, -2, 3, 4) },
  { operator: "pad", inputs: [x([3])], build: (a) => op.pad(a, 0, 2, 1) },
  { operator: "pad", inputs: [x([2, 2, 3])], build: (a) => op.pad(a, -2, 0, 2) },
  { operator: "gather", inputs: [x([4, 3]), ints([5], [3, 0, 3, 2, 0])], build: op.gather },
  { operator: "gather", inputs: [x([3, 1]), ints([2, 2], [2, 2, 0, 1])], build: op.gather },
  { operator: "gather", inputs: [x([3, 2]), ints([], [1])], build: op.gather },
  { operator: "gatherColumns", inputs: [x([3, 4]), ints([5], [3, 0, 3, 2, 0])], build: op.gatherColumns },
  { operator: "gatherColumns", inputs: [x([1, 3]), ints([2, 2], [2, 2, 0, 1])], build: op.gatherColumns },
  { operator: "gatherColumns", inputs: [x([2, 3]), ints([], [1])], build: op.gatherColumns },
  // Constant indices: all rows or columns in another order, and one twice.
  { operator: "gather", inputs: [x([3, 2])], build: (t) => op.gather(t, op.constant([2, 0, 1], [3], "int32")) },
  {
    operator: "gatherColumns",
    inputs: [x([3, 4])],
    build: (t) => op.gatherColumns(t, op.constant([2, 0, 3, 1], [4], "int32")),
  },
  {
    operator: "gatherColumns",
    inputs: [x([3, 4])],
    build: (t) => op.gatherColumns(t, op.constant([2, 0, 2, 1], [4], "int32")),
  },
  {
    operator: "scatterColumns",
    inputs: [x([3, 5]), ints([5], [3, 0, 3, 2, 0])],
    build: (u, i) => op.scatterColumns(u, i, 4),
  },
  {
    operator: "scatterColumns",
    inputs: [x([1, 2, 2]), ints([2, 2], [2, 2, 0, 2])],
    build: (u, i) => op.scatterColumns(u, i, 5),
  },
  { operator: "scatterColumns", inputs: [x([2]), ints([], [1])], build: (u, i) => op.scatterColumns(u, i, 3) },
  // Constant indices, few and many updates of a row.
  {
    operator: "scatterAdd",
    inputs: [x([5, 3])],
    build: (u) => op.scatterAdd(u, op.constant([3, 0, 3, 2, 0], [5], "int32"), 4),
  },
  {
    operator: "scatterAdd",
    inputs: [x([20, 2])],
    build: (u) => op.scatterAdd(u, op.constant([...Array(18).fill(1), 0, 3], [20], "int32"), 4),
  },
  {
    operator: "gather",
    inputs: [x([4, 2])],
    build: (table) => op.gather(table, op.constant([...Array(18).fill(1), 0, 3], [4, 5], "int32")),
  },
  { operator: "scatterAdd", inputs: [x([5, 3]), ints([5], [3, 0, 3, 2, 0])], build: (u, i) => op.scatterAdd(u, i, 4) },
  {
    operator: "scatterAdd",
    inputs: [x([2, 2, 1]), ints([2, 2], [2, 2, 0, 2])],
    build: (u, i) => op.scatterAdd(u, i, 5),
  },
  { operator: "scatterAdd", inputs: [x([2]), ints([], [1])], build: (u, i) => op.scatterAdd(u, i, 3) },

  { operator: "trilinear", inputs: [x([2, 3, 4, 5])], build: (v) => op.trilinear(v, points) },

  { operator: "square", inputs: [x([2, 3])], build: op.square },
  { operator: "mean", inputs: [x([2, 3])], build: (a) => op.mean(a) },
  { operator: "mean", inputs: [x([2, 3])], build: (a) => op.mean(a, [-1], true) },
  { operator: "leakyRelu", inputs: [x([2, 3], "nonzero")], build: (a) => op.leakyRelu(a, 0.2) },
  { operator: "zeros", inputs: [x([3])], build: (a) => op.maximum(op.mul(a, a), op.zeros([2, 3])) },
  { operator: "ones", inputs: [x([3])], build: (a) => op.mul(a, op.ones([2, 3])) },
  { operator: "stack", inputs: [x([2, 3]), x([2, 3])], build: (a, b) => op.stack([a, b], 1) },
  { operator: "stack", inputs: [x([2]), x([2])], build: (a, b) => op.stack([a, b, a], -1) },
  { operator: "pick", inputs: [x([2, 3, 2])], build: (a) => op.pick(a, -2, 1) },
];

export const titleOf = (c: Case, i: number): string =>
  `${c.operator} ${c.inputs.map((s) => `[${s.shape}]`).join(" ")} (case ${i})`;

/** Uniform numbers in 0..1 from Marsaglia's xorshift32, so that every run sees the same values. */
export function uniforms(seed: number): () => number {
  let state = ((seed + 1) * 0x9e3779b1) | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Values for the inputs of a case; float values are exactly representable in float32. */
function valuesOf(specs: readonly InputSpec[], random: () => number): Float64Array[] {
  const distinctCount = specs.reduce((n, s) => n + (s.fill === "distinct" ? sizeOf(s.shape) : 0), 0);
  const distinct = Array.from({ length: distinctCount }, (_, i) => (i - distinctCount / 2 + 0.3) * 0.17);
  const draw: Record<Extract<Fill, string>, () => number> = {
    any: () => random() * 4 - 2,
    positive: () => 0.3 + 2 * random(),
    nonzero: () => (0.3 + 1.7 * random()) * (random() < 0.5 ? -1 : 1),
    fractional: () => Math.floor(random() * 5 - 2) + 0.2 + 0.6 * random(),
    distinct: () => distinct.splice(Math.floor(random() * distinct.length), 1)[0]!,
  };
  return specs.map(({ shape, fill }) => {
    const values = typeof fill === "string" ? Array.from({ length: sizeOf(shape) }, draw[fill]) : fill;
    return Float64Array.from(values, Math.fround);
  });
}

/** The graph of a case, with values to feed it. */
export function instantiate(
  c: Case,
  seed: number,
): { inputs: Tensor[]; feeds: Map<Tensor, Float64Array>; output: Tensor } {
  const inputs = c.inputs.map((s, i) => input(`x${i}`, s.shape, s.dtype));
  const values = valuesOf(c.inputs, uniforms(seed));
  return { inputs, feeds: new Map(inputs.map((t, i) => [t, values[i]!])), output: c.build(...inputs) };
}

/**
 * Scalars whose gradients exercise a case: L = Σ w·y with w an input, so that the gradient of y is weighted unevenly,
 * and H = Σ_i <v_i, ∂L/∂x_i>, whose gradient contains every second derivative of y.
 */
export function withWeights(
  c: Case,
  seed: number,
  gradient: (loss: Tensor, parameters: readonly Tensor[]) => Tensor[],
) {
  const { inputs, feeds, output } = instantiate(c, seed);
  const random = uniforms(seed + 1000);
  const weightsLike = (name: string, shape: Shape): Tensor => {
    const t = input(name, shape);
    feeds.set(
      t,
      Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(random() * 2 - 1)),
    );
    return t;
  };
  const variables = inputs.filter((t) => t.dtype === "float32");
  const w = weightsLike("w", output.shape);
  const loss = op.sum(op.mul(w, output.dtype === "float32" ? output : op.cast(output, "float32")));
  const first = gradient(loss, variables);
  const along = variables.map((t, i) => weightsLike(`v${i}`, t.shape));
  const directional = first.reduce((total, g, i) => op.add(total, op.sum(op.mul(along[i]!, g))), op.scalar(0));
  const second = gradient(directional, [...variables, w]);
  return { output, loss, variables, first, directional, second, w, inputs: [...inputs, w, ...along], feeds };
}
