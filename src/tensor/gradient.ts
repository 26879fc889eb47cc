/**
 * Reverse-mode differentiation. Every rule is written with the operators of `ops.ts`, so a gradient is again a graph
 * that can be differentiated: that is how gradient penalties get their second-order terms.
 */
import * as op from "./ops.ts";
import type { Computed, PerInput } from "./primitives.ts";
import { isComputed, type Shape, ShapeError, sizeOf, type Tensor, topologicalOrder } from "./tensor.ts";

/** Given a node and the gradient arriving at it, the gradient for each input (undefined: none flows). */
type Flow<P extends Computed> = (
  g: Tensor,
  y: Tensor<P>,
  ...inputs: PerInput<P, Tensor>
) => PerInput<P, Tensor | undefined>;
/** "none": no gradient flows, because the derivative is zero almost everywhere, or cut on purpose. */
type Rule<P extends Computed> = Flow<P> | "none";

/** Sums a gradient over the axes along which an operand was broadcast. */
function sumTo(g: Tensor, shape: Shape): Tensor {
  if (g.shape.join() === shape.join()) return g;
  const extra = g.shape.length - shape.length;
  const axes = g.shape.flatMap((n, i) => (i < extra || (shape[i - extra] === 1 && n !== 1) ? [i] : []));
  return op.reshape(op.sum(g, axes), shape);
}
/** Kernels that take gradients of outputs back to inputs: turned about, in and out exchanged. */
function turnedKernels(kernels: Tensor): Tensor {
  const [out, channels, rows, columns] = kernels.shape as [number, number, number, number],
    places = rows * columns;
  const table = op.reshape(op.transpose(kernels, [2, 3, 1, 0]), [places, channels * out]);
  const backwards = op.constant(
    Array.from({ length: places }, (_, i) => places - 1 - i),
    [places],
    "int32",
  );
  return op.transpose(op.reshape(op.gather(table, backwards), [rows, columns, channels, out]), [2, 3, 0, 1]);
}
/**
 * The gradient of kernels: Σ over images and pixels of g[out, y, x]·x[in, y + dy, x + dx], a product of matrices for
 * each row of them. Rows of the padded images follow one another, so that an offset is a slice of them all; of the two
 * sides the one with fewer channels is moved.
 */
function kernelGradient(x: Tensor, g: Tensor, [out, channels, rows, columns]: Shape): Tensor {
  if (out! < channels!) return turnedKernels(kernelGradient(g, x, [channels!, out!, rows!, columns!]));
  const [batch, , height, width] = x.shape as [number, number, number, number],
    [up, left] = [(rows! - 1) / 2, (columns! - 1) / 2],
    row = width + 2 * left,
    length = height * row - 2 * left;
  const lines = (t: Tensor): Tensor => op.transpose(op.reshape(t, [batch, t.shape[1]!, t.shape[2]! * row]), [1, 0, 2]);
  const flat = (t: Tensor): Tensor => op.reshape(t, [sizeOf(t.shape) / (batch * length), batch * length]);
  const padded = lines(op.pad(op.pad(x, 3, left, left), 2, up, up)),
    weights = flat(op.slice(lines(op.pad(g, 3, 0, 2 * left)), 2, 0, length));
  const products = Array.from({ length: rows! }, (_, r) => {
    const moved = Array.from({ length: columns! }, (_, c) => op.slice(padded, 2, r * row + c, r * row + c + length));
    return op.matmul(weights, op.matrixTranspose(flat(op.concat(moved, 0))));
  });
  return op.transpose(op.reshape(op.concat(products, 1), [out!, rows!, columns!, channels!]), [0, 3, 1, 2]);
}
/** The other way round of constant indices that put so many places in another order; undefined if they do not. */
function inverse({ shape, data }: Tensor, places: number): Tensor | undefined {
  if (!data || shape.length !== 1 || shape[0] !== places || new Set(data).size !== places) return undefined;
  const back = new Int32Array(places);
  data.forEach((place, i) => (back[place] = i));
  return op.constant(back, [places], "int32");
}
const float = (condition: Tensor): Tensor => op.cast(condition, "float32");

const rules: { [P in Computed]: Rule<P> } = {
  add: (g, _y, a, b) => [sumTo(g, a.shape), sumTo(g, b.shape)],
  sub: (g, _y, a, b) => [sumTo(g, a.shape), sumTo(op.neg(g), b.shape)],
  mul: (g, _y, a, b) => [sumTo(op.mul(g, b), a.shape), sumTo(op.mul(g, a), b.shape)],
  div: (g, y, a, b) => [sumTo(op.div(g, b), a.shape), sumTo(op.neg(op.div(op.mul(g, y), b)), b.shape)],
  maximum: (g, _y, a, b) => {
    const first = float(op.greater(a, b));
    return [sumTo(op.mul(g, first), a.shape), sumTo(op.mul(g, op.sub(1, first)), b.shape)];
  },
  where: (g, _y, condition, a, b) => [
    undefined,
    sumTo(op.mul(g, float(condition)), a.shape),
    sumTo(op.mul(g, op.sub(1, float(condition))), b.shape),
  ],
  greater: "none",
  equal: "none",
  neg: (g) => [op.neg(g)],
  exp: (g, y) => [op.mul(g, y)],
  log: (g, _y, x) => [op.div(g, x)],
  sqrt: (g, y) => [op.div(op.mul(g, 0.5), y)],
  sin: (g, _y, x) => [op.mul(g, op.cos(x))],
  cos: (g, _y, x) => [op.neg(op.mul(g, op.sin(x)))],
  abs: (g, _y, x) => [op.mul(g, op.sign(x))],
  sign: "none",
  floor: "none",
  sigmoid: (g, y) => [op.mul(g, op.mul(y, op.sub(1, y)))],
  softplus: (g, _y, x) => [op.mul(g, op.sigmoid(x))],
  stopGradient: "none",
  cast: "none",
  matmul: (g, _y, a, b) => {
    const ga =
      a.shape.length === 2 && b.shape.length > 2
        ? op.sum(op.matmul(g, op.matrixTranspose(b)), [...Array(b.shape.length - 2).keys()])
        : op.matmul(g, op.matrixTranspose(b));
    if (b.shape.length === 2 && a.shape.length > 2) {
      // One large product over all leading axes instead of a product for each.
      const k = a.shape[a.shape.length - 1]!,
        n = b.shape[1]!,
        rows = sizeOf(a.shape) / k;
      return [ga, op.matmul(op.matrixTranspose(op.reshape(a, [rows, k])), op.reshape(g, [rows, n]))];
    }
    return [ga, op.matmul(op.matrixTranspose(a), g)];
  },
  convolve: (g, _y, x, kernels) => [op.convolve(g, turnedKernels(kernels)), kernelGradient(x, g, kernels.shape)],
  transpose: (g, y) => {
    const permutation = y.attributes.permutation;
    const inverse = permutation.map((_, i) => permutation.indexOf(i));
    return [op.transpose(g, inverse)];
  },
  reshape: (g, _y, x) => [op.reshape(g, x.shape)],
  expand: (g, _y, x) => [sumTo(g, x.shape)],
  sum: (g, _y, x) => [op.expand(g, x.shape)],
  max: (g, y, x) => {
    const attained = float(op.equal(x, y));
    const count = op.sum(attained, y.attributes.axes, true);
    return [op.mul(op.div(g, count), attained)];
  },
  concat: (g, y, ...inputs) => {
    const axis = y.attributes.axis;
    let start = 0;
    return inputs.map((t) => op.slice(g, axis, start, (start += t.shape[axis]!)));
  },
  slice: (g, y, x) => {
    const { axis, start, end } = y.attributes;
    return [op.pad(g, axis, start, x.shape[axis]! - end)];
  },
  pad: (g, y, x) => {
    const { axis, before } = y.attributes;
    return [op.slice(g, axis, before, before + x.shape[axis]!)];
  },
  gather: (g, _y, table, indices) => {
    const back = inverse(indices, table.shape[0]!);
    return [back ? op.gather(g, back) : op.scatterAdd(g, indices, table.shape[0]!), undefined];
  },
  gatherColumns: (g, _y, table, indices) => {
    const back = inverse(indices, table.shape[1]!);
    return [back ? op.gatherColumns(g, back) : op.scatterColumns(g, indices, table.shape[1]!), undefined];
  },
  scatterAdd: (g, _y, _updates, indices) => [op.gather(g, indices), undefined],
  scatterColumns: (g, _y, _updates, indices) => [op.gatherColumns(g, indices), undefined],
};

/** Names of all primitives. */
export const primitives: readonly string[] = ["input", "constant", ...Object.keys(rules)];

const ruleOf = <P extends Computed>(t: Tensor<P>): Rule<P> => rules[t.primitive];

/**
 * Gradient of a scalar with respect to tensors it depends on (zeros where it does not).
 *
 * @param loss shape []
 * @param parameters nodes of the graph, usually inputs
 * @returns one tensor per parameter, of its shape
 * @throws {ShapeError} if `loss` is not a float32 scalar
 */
export function gradient(loss: Tensor, parameters: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0 || loss.dtype !== "float32")
    throw new ShapeError(`gradient: the loss is ${loss.dtype} [${loss.shape}], not a float32 scalar`);
  const order = topologicalOrder([loss]);
  const wanted = new Set<Tensor>(parameters);
  const reaches = new Set<Tensor>();
  for (const t of order) {
    const flows = isComputed(t) && ruleOf(t) !== "none" && t.inputs.some((i) => reaches.has(i));
    if (flows || wanted.has(t)) reaches.add(t);
  }

  const arriving = new Map<Tensor, Tensor>([[loss, op.scalar(1)]]);
  for (const t of order.reverse()) {
    const g = arriving.get(t);
    if (!g || !reaches.has(t) || !isComputed(t)) continue;
    const rule = ruleOf(t);
    if (rule === "none") continue;
    rule(g, t, ...t.inputs).forEach((contribution, i) => {
      const source = t.inputs[i]!;
      if (!contribution || !reaches.has(source)) return;
      const sofar = arriving.get(source);
      arriving.set(source, sofar ? op.add(sofar, contribution) : contribution);
    });
  }
  return parameters.map((p) => op.expand(arriving.get(p) ?? op.scalar(0), p.shape));
}
