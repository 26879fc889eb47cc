/**
 * The operators a program is written with. Each checks its shapes, then builds one node (or, for the composites at the
 * end, a few). Shapes follow NumPy: trailing axes align and axes of length one broadcast.
 */
import { constant, isA, node, type Shape, ShapeError, scalar, scalarValue, sizeOf, type Tensor } from "./tensor.ts";

export type Operand = Tensor | number;
const tensorOf = (x: Operand): Tensor => (typeof x === "number" ? scalar(x) : x);
const show = (...tensors: Tensor[]): string => tensors.map((t) => `[${t.shape}]`).join(" and ");

function needFloat(operator: string, ...tensors: Tensor[]): void {
  const other = tensors.find((t) => t.dtype !== "float32");
  if (other) throw new ShapeError(`${operator}: needs float32, not ${other.dtype} ${show(other)}`);
}
/** An axis counted from the front; negative ones count from the back. @throws {ShapeError} */
function axisFromFront(axis: number, rank: number, operator: string): number {
  const at = axis < 0 ? axis + rank : axis;
  if (!(at >= 0 && at < rank)) throw new ShapeError(`${operator}: no axis ${axis} in ${rank} axes`);
  return at;
}

// ---- elementwise ------------------------------------------------------------------------------------------------

/** Shape of a NumPy broadcast. @throws {ShapeError} */
export function broadcastShape(a: Shape, b: Shape, operator: string): number[] {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) throw new ShapeError(`${operator}: shapes [${a}] and [${b}] do not broadcast`);
    out[i] = m === 1 ? n : m;
  }
  return out;
}

type Binary = "add" | "sub" | "mul" | "div" | "maximum" | "greater" | "equal";
type Unary = "neg" | "exp" | "log" | "sqrt" | "sin" | "cos" | "abs" | "sign" | "floor" | "sigmoid" | "softplus";

function binary(name: Binary, x: Operand, y: Operand, out: "float32" | "bool" = "float32"): Tensor {
  const a = tensorOf(x),
    b = tensorOf(y);
  if (a.dtype !== b.dtype || a.dtype === "bool")
    throw new ShapeError(`${name}: operands are ${a.dtype} and ${b.dtype}`);
  const shape = broadcastShape(a.shape, b.shape, name);
  const small = unexpanded(a, b, shape);
  return node(name, [small, unexpanded(b, small, shape)], shape, out === "bool" ? "bool" : a.dtype);
}
/** What `x` repeats, if the operator's own broadcasting with `other` gives the same shape. */
function unexpanded(x: Tensor, other: Tensor, shape: Shape): Tensor {
  if (!isA(x, "expand")) return x;
  const source = x.inputs[0]!;
  return broadcastShape(source.shape, other.shape, "expand").join() === shape.join() ? source : x;
}
const unary =
  (name: Unary | "stopGradient") =>
  (x: Tensor): Tensor => {
    needFloat(name, x);
    return node(name, [x], x.shape, "float32");
  };

/** x + y; shapes broadcast as in NumPy, here and in the operators below. */
export function add(x: Operand, y: Operand): Tensor {
  const a = tensorOf(x),
    b = tensorOf(y);
  if (scalarValue(a) === 0) return b;
  if (scalarValue(b) === 0) return a;
  return sideBySide(a, b) ?? sideBySide(b, a) ?? binary("add", a, b);
}
/** The sum of two tensors with zeros where the other has its values, as gradients of two halves are. */
function sideBySide(a: Tensor, b: Tensor): Tensor | undefined {
  if (!isA(a, "pad") || !isA(b, "pad")) return undefined;
  const { axis } = a.attributes,
    [first, second] = [a.inputs[0]!, b.inputs[0]!];
  const fit =
    b.attributes.axis === axis &&
    a.attributes.before === 0 &&
    b.attributes.after === 0 &&
    b.attributes.before === first.shape[axis] &&
    a.attributes.after === second.shape[axis] &&
    a.shape.join() === b.shape.join();
  return fit ? concat([first, second], axis) : undefined;
}
/** x - y. */
export function sub(x: Operand, y: Operand): Tensor {
  const a = tensorOf(x),
    b = tensorOf(y);
  return scalarValue(b) === 0 ? a : binary("sub", a, b);
}
/** x · y, elementwise. */
export function mul(x: Operand, y: Operand): Tensor {
  const a = tensorOf(x),
    b = tensorOf(y);
  if (scalarValue(a) === 1) return b;
  if (scalarValue(b) === 1) return a;
  return binary("mul", a, b);
}
/** x / y, elementwise. */
export function div(x: Operand, y: Operand): Tensor {
  const a = tensorOf(x),
    b = tensorOf(y);
  return scalarValue(b) === 1 ? a : binary("div", a, b);
}
/** The larger of x and y, elementwise; the gradient goes to the larger. */
export const maximum = (x: Operand, y: Operand): Tensor => binary("maximum", x, y);
/** x > y, elementwise; bool. */
export const greater = (x: Operand, y: Operand): Tensor => binary("greater", x, y, "bool");
/** x = y, elementwise; bool. */
export const equal = (x: Operand, y: Operand): Tensor => binary("equal", x, y, "bool");

/** -x */
export const neg = unary("neg");
/** e^x */
export const exp = unary("exp");
/** Natural logarithm. */
export const log = unary("log");
/** Square root. */
export const sqrt = unary("sqrt");
/** Sine, radians. */
export const sin = unary("sin");
/** Cosine, radians. */
export const cos = unary("cos");
/** |x| */
export const abs = unary("abs");
/** -1, 0 or 1; its gradient is zero. */
export const sign = unary("sign");
/** Largest integer not above x; its gradient is zero. */
export const floor = unary("floor");
/** 1/(1+e^-x) */
export const sigmoid = unary("sigmoid");
/** ln(1+e^x), stable for large |x|. */
export const softplus = unary("softplus");
/** x forward, nothing backward. */
export const stopGradient = unary("stopGradient");

/** condition ? x : y, elementwise. */
export function where(condition: Tensor, x: Operand, y: Operand): Tensor {
  const a = tensorOf(x),
    b = tensorOf(y);
  if (condition.dtype !== "bool") throw new ShapeError(`where: condition is ${condition.dtype}, not bool`);
  needFloat("where", a, b);
  return node(
    "where",
    [condition, a, b],
    broadcastShape(condition.shape, broadcastShape(a.shape, b.shape, "where"), "where"),
    "float32",
  );
}

/** float32 to int32 (towards zero), int32 or bool to float32. */
export function cast(x: Tensor, dtype: "float32" | "int32"): Tensor {
  return x.dtype === dtype ? x : node("cast", [x], x.shape, dtype, { to: dtype });
}

// ---- products ---------------------------------------------------------------------------------------------------

/** Matrix product over the last two axes; leading axes must be equal, or one operand a plain matrix. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const ra = a.shape.length,
    rb = b.shape.length;
  const leadA = a.shape.slice(0, -2),
    leadB = b.shape.slice(0, -2);
  const fits =
    ra >= 2 &&
    rb >= 2 &&
    a.shape[ra - 1] === b.shape[rb - 2] &&
    (leadA.length === 0 || leadB.length === 0 || leadA.join() === leadB.join());
  if (!fits) throw new ShapeError(`matmul: shapes ${show(a, b)} do not multiply`);
  needFloat("matmul", a, b);
  return node("matmul", [a, b], [...(leadA.length ? leadA : leadB), a.shape[ra - 2]!, b.shape[rb - 1]!], "float32");
}

/**
 * Cross-correlation of images with kernels of odd edges, images padded with zeros to keep their size (what deep
 * learning calls a convolution).
 *
 * @param x       [batch, in, height, width]
 * @param kernels [out, in, rows, columns]
 * @returns [batch, out, height, width]
 */
export function convolve(x: Tensor, kernels: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape,
    [out, inputs, rows, columns] = kernels.shape;
  const fits =
    x.shape.length === 4 && kernels.shape.length === 4 && channels === inputs && rows! % 2 === 1 && columns! % 2 === 1;
  if (!fits) throw new ShapeError(`convolve: images and kernels ${show(x, kernels)}`);
  needFloat("convolve", x, kernels);
  return node("convolve", [x, kernels], [batch!, out!, height!, width!], "float32");
}

// ---- shape ------------------------------------------------------------------------------------------------------

/** Axes in another order: axis i of the result is axis permutation[i] of x. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  const valid =
    permutation.length === x.shape.length && [...permutation].sort((p, q) => p - q).every((p, i) => p === i);
  if (!valid) throw new ShapeError(`transpose: [${permutation}] does not permute the axes of ${show(x)}`);
  if (isA(x, "transpose")) {
    const first = x.attributes.permutation;
    return transpose(
      x.inputs[0]!,
      permutation.map((p) => first[p]!),
    );
  }
  if (permutation.every((p, i) => p === i)) return x;
  return node(
    "transpose",
    [x],
    permutation.map((p) => x.shape[p]!),
    x.dtype,
    { permutation: [...permutation] },
  );
}

/** Swaps the last two axes. */
export function matrixTranspose(x: Tensor): Tensor {
  const r = x.shape.length;
  if (r < 2) throw new ShapeError(`matrixTranspose: ${show(x)} is not a matrix`);
  return transpose(x, [...Array(r - 2).keys(), r - 1, r - 2]);
}

/** The same values, row-major, under another shape. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sizeOf(shape) !== sizeOf(x.shape)) throw new ShapeError(`reshape: ${show(x)} has no shape [${shape}]`);
  if (shape.join() === x.shape.join()) return x;
  if (isA(x, "reshape")) return reshape(x.inputs[0]!, shape);
  return node("reshape", [x], shape, x.dtype);
}

/** Repeats axes of length one (and adds leading axes) to reach `shape`. */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (shape.join() === x.shape.join()) return x;
  if (broadcastShape(x.shape, shape, "expand").join() !== shape.join())
    throw new ShapeError(`expand: ${show(x)} does not broadcast to [${shape}]`);
  return node("expand", [x], shape, x.dtype);
}

function normaliseAxes(x: Tensor, axes: readonly number[] | undefined, operator: string): number[] {
  const rank = x.shape.length;
  const list = (axes ?? [...Array(rank).keys()]).map((a) => (a < 0 ? a + rank : a)).sort((p, q) => p - q);
  if (list.some((a) => a < 0 || a >= rank) || new Set(list).size !== list.length)
    throw new ShapeError(`${operator}: axes [${axes}] of ${show(x)}`);
  return list;
}
function reduce(name: "sum" | "max", x: Tensor, axes: readonly number[] | undefined, keepAxes: boolean): Tensor {
  needFloat(name, x);
  const list = normaliseAxes(x, axes, name);
  if (list.length === 0) return x;
  const kept = x.shape.map((n, i) => (list.includes(i) ? 1 : n));
  return reshape(
    node(name, [x], kept, "float32", { axes: list }),
    keepAxes ? kept : x.shape.filter((_, i) => !list.includes(i)),
  );
}
/** Sum over `axes` (all if absent). */
export const sum = (x: Tensor, axes?: readonly number[], keepAxes = false): Tensor => reduce("sum", x, axes, keepAxes);
/** Maximum over `axes`; the gradient goes to every place that attains it, shared equally. */
export const max = (x: Tensor, axes?: readonly number[], keepAxes = false): Tensor => reduce("max", x, axes, keepAxes);

/** Tensors one after the other along an axis; their other axes must be equal. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0];
  if (!first) throw new ShapeError("concat: nothing to concatenate");
  const at = axisFromFront(axis, first.shape.length, "concat");
  const same = tensors.every(
    (t) =>
      t.dtype === first.dtype &&
      t.shape.length === first.shape.length &&
      t.shape.every((n, i) => i === at || n === first.shape[i]),
  );
  if (!same)
    throw new ShapeError(`concat: ${show(...tensors)} (${tensors.map((t) => t.dtype).join(", ")}) along axis ${axis}`);
  if (tensors.length === 1) return first;
  const length = tensors.reduce((total, t) => total + t.shape[at]!, 0);
  return node(
    "concat",
    [...tensors],
    first.shape.map((n, i) => (i === at ? length : n)),
    first.dtype,
    { axis: at },
  );
}

/** Elements start ≤ i < end along one axis. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const at = axisFromFront(axis, x.shape.length, "slice");
  const n = x.shape[at]!;
  if (start < 0 || end > n || start >= end)
    throw new ShapeError(`slice: ${start}..${end} along axis ${axis} of ${show(x)}`);
  if (start === 0 && end === n) return x;
  return node(
    "slice",
    [x],
    x.shape.map((m, i) => (i === at ? end - start : m)),
    x.dtype,
    { axis: at, start, end },
  );
}

/** Zeros before and after, along one axis. */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  needFloat("pad", x);
  const at = axisFromFront(axis, x.shape.length, "pad");
  if (before < 0 || after < 0) throw new ShapeError(`pad: ${before}, ${after} along axis ${axis} of ${show(x)}`);
  if (before === 0 && after === 0) return x;
  return node(
    "pad",
    [x],
    x.shape.map((m, i) => (i === at ? before + m + after : m)),
    "float32",
    { axis: at, before, after },
  );
}

/** Rows of a table: table [rows, width], indices [...] → [..., width]. Indices must lie in 0..rows-1. */
export function gather(table: Tensor, indices: Tensor): Tensor {
  if (table.shape.length !== 2 || indices.dtype !== "int32")
    throw new ShapeError(`gather: table ${show(table)}, indices ${show(indices)} ${indices.dtype}`);
  needFloat("gather", table);
  return node("gather", [table, indices], [...indices.shape, table.shape[1]!], "float32");
}

/** Columns of a table: table [width, columns], indices [...] → [width, ...]. Indices must lie in 0..columns-1. */
export function gatherColumns(table: Tensor, indices: Tensor): Tensor {
  if (table.shape.length !== 2 || indices.dtype !== "int32")
    throw new ShapeError(`gatherColumns: table ${show(table)}, indices ${show(indices)} ${indices.dtype}`);
  needFloat("gatherColumns", table);
  return node("gatherColumns", [table, indices], [table.shape[0]!, ...indices.shape], "float32");
}

/** The adjoint of `gather`: a table of `rows` rows, each the sum of the updates sent to it. */
export function scatterAdd(updates: Tensor, indices: Tensor, rows: number): Tensor {
  const width = updates.shape[updates.shape.length - 1];
  if (width === undefined || indices.dtype !== "int32" || updates.shape.slice(0, -1).join() !== indices.shape.join())
    throw new ShapeError(`scatterAdd: updates ${show(updates)}, indices ${show(indices)} ${indices.dtype}`);
  needFloat("scatterAdd", updates);
  return node("scatterAdd", [updates, indices], [rows, width], "float32", { rows });
}

/** The adjoint of `gatherColumns`: a table of so many columns, each the sum of the updates [width, ...] sent to it. */
export function scatterColumns(updates: Tensor, indices: Tensor, columns: number): Tensor {
  const width = updates.shape[0];
  if (width === undefined || indices.dtype !== "int32" || updates.shape.slice(1).join() !== indices.shape.join())
    throw new ShapeError(`scatterColumns: updates ${show(updates)}, indices ${show(indices)} ${indices.dtype}`);
  needFloat("scatterColumns", updates);
  return node("scatterColumns", [updates, indices], [width, columns], "float32", { columns });
}

// ---- composites -------------------------------------------------------------------------------------------------

/** x² */
export const square = (x: Tensor): Tensor => mul(x, x);
/** Mean over `axes`, default all; `keepAxes` leaves them with length 1. */
export const mean = (x: Tensor, axes?: readonly number[], keepAxes = false): Tensor => {
  const count = normaliseAxes(x, axes, "mean").reduce((product, a) => product * x.shape[a]!, 1);
  return mul(sum(x, axes, keepAxes), 1 / count);
};
/** ln Σ e^x over `axes`, stable for large |x|. */
export const logSumExp = (x: Tensor, axes: readonly number[]): Tensor => {
  const list = normaliseAxes(x, axes, "logSumExp");
  const peak = stopGradient(max(x, list, true));
  const total = log(sum(exp(sub(x, peak)), list, true));
  return reshape(
    add(total, peak),
    x.shape.filter((_, i) => !list.includes(i)),
  );
};
/** max(x, slope·x) for slope < 1. */
export const leakyRelu = (x: Tensor, slope: number): Tensor => maximum(x, mul(x, slope));
/** All 0. */
export const zeros = (shape: Shape): Tensor => expand(scalar(0), shape);
/** All 1. */
export const ones = (shape: Shape): Tensor => expand(scalar(1), shape);
/** Stacks tensors of one shape along a new axis. */
export const stack = (tensors: readonly Tensor[], axis: number): Tensor => {
  const widen = (t: Tensor): Tensor => {
    const at = axisFromFront(axis, t.shape.length + 1, "stack");
    return reshape(t, [...t.shape.slice(0, at), 1, ...t.shape.slice(at)]);
  };
  return concat(tensors.map(widen), axis);
};
/** Element i along an axis, which is removed. */
export const pick = (x: Tensor, axis: number, i: number): Tensor => {
  const at = axisFromFront(axis, x.shape.length, "pick");
  return reshape(
    slice(x, at, i, i + 1),
    x.shape.filter((_, a) => a !== at),
  );
};

// ---- trilinear interpolation ------------------------------------------------------------------------------------

/**
 * Trilinear interpolation of a volume.
 *
 * @param volume [channels, depth, height, width]
 * @param points [..., 3], coordinates (x, y, z) in voxels, at least one voxel inside the far faces; no gradient flows
 *   to them
 * @returns [channels, ...]
 */
export function trilinear(volume: Tensor, points: Tensor): Tensor {
  if (volume.shape.length !== 4 || points.shape[points.shape.length - 1] !== 3)
    throw new ShapeError(`trilinear: volume ${show(volume)}, points ${show(points)}`);
  needFloat("trilinear", volume, points);
  const [channels, depth, height, width] = volume.shape as [number, number, number, number];
  const rank = points.shape.length,
    count = sizeOf(points.shape) / 3;
  const flat = stopGradient(reshape(transpose(points, [rank - 1, ...Array(rank - 1).keys()]), [3, count]));
  const base = floor(flat);
  const upper = sub(flat, base);
  // weights of the lower and the upper neighbour along each axis, [2, 3, count]
  const both = stack([sub(1, upper), upper], 0);
  const [x, y, z] = [0, 1, 2].map((axis) => pick(both, 1, axis)) as [Tensor, Tensor, Tensor];
  const zy = mul(reshape(z, [2, 1, count]), reshape(y, [1, 2, count]));
  const weights = reshape(mul(reshape(x, [2, 1, count]), reshape(zy, [1, 4, count])), [8, count]);
  // Row numbers in int32: float32 counts no further than 2^24, a 256-voxel cube.
  const [i, j, k] = [0, 1, 2].map((axis) => pick(cast(base, "int32"), 0, axis)) as [Tensor, Tensor, Tensor];
  const times = (t: Tensor, n: number): Tensor => mul(t, constant([n], [], "int32"));
  const lowest = add(add(times(k, height * width), times(j, width)), i);
  const offsets = [0, 1].flatMap((dx) => [0, 1].flatMap((dz) => [0, 1].map((dy) => (dz * height + dy) * width + dx)));
  const rows = add(lowest, constant(offsets, [8, 1], "int32"));
  const corners = gatherColumns(reshape(volume, [channels, depth * height * width]), rows);
  return reshape(sum(mul(corners, weights), [1]), [channels, ...points.shape.slice(0, -1)]);
}
export { constant, scalar };
