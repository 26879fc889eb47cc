/**
 * What every primitive means, as plain loops in double precision: the truth that gradients and ONNX emission are tested
 * against, and the place to look when an operator's description leaves a doubt. It is slow and runs no program.
 *
 * All values are Float64Array, row-major; an int32 holds whole numbers, a bool holds 0 and 1.
 */
import type { Computed, PerInput } from "./primitives.ts";
import { inputName, isComputed, type Shape, ShapeError, sizeOf, type Tensor, topologicalOrder } from "./tensor.ts";

/** An evaluated node. */
interface Value {
  readonly shape: Shape;
  readonly data: Float64Array;
}
type Index = readonly number[];
/** The values of a node from those of its inputs. */
type Meaning<P extends Computed> = (t: Tensor<P>, ...inputs: PerInput<P, Value>) => Float64Array;

/** Calls `visit` with every index of an array, last axis fastest, and its position in memory. */
function forEachIndex(shape: Shape, visit: (index: Index, position: number) => void): void {
  const index = shape.map(() => 0);
  for (let position = 0; position < sizeOf(shape); position++) {
    visit(index, position);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
}

/** Where an index lies in memory. */
const positionOf = (shape: Shape, index: Index): number =>
  index.reduce((position, i, axis) => position * shape[axis]! + i, 0);

/**
 * The element at an index, by the NumPy broadcasting rule: surplus leading axes are dropped, axes of length one repeat.
 */
function at(x: Value, index: Index): number {
  const aligned = index.slice(index.length - x.shape.length);
  return x.data[
    positionOf(
      x.shape,
      aligned.map((i, axis) => (x.shape[axis] === 1 ? 0 : i)),
    )
  ]!;
}

/** An array whose element at every index is given by a formula. */
function build(shape: Shape, element: (index: Index) => number): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  forEachIndex(shape, (index, position) => (out[position] = element(index)));
  return out;
}

/** The index with its entry for one axis replaced. */
const replaced = (index: Index, axis: number, value: number): number[] => index.map((i, a) => (a === axis ? value : i));

const elementwise =
  (f: (...x: number[]) => number) =>
  (t: Tensor, ...inputs: Value[]): Float64Array =>
    build(t.shape, (index) => f(...inputs.map((x) => at(x, index))));

/** Combines all elements that differ only along the attribute `axes`, which keep length one. */
const reduction =
  (start: number, combine: (sofar: number, x: number) => number): Meaning<"sum" | "max"> =>
  (t, x) => {
    const { axes } = t.attributes;
    const out = new Float64Array(sizeOf(t.shape)).fill(start);
    forEachIndex(x.shape, (index, position) => {
      const target = positionOf(
        t.shape,
        index.map((i, axis) => (axes.includes(axis) ? 0 : i)),
      );
      out[target] = combine(out[target]!, x.data[position]!);
    });
    return out;
  };

const meanings: { [P in Computed]: Meaning<P> } = {
  add: elementwise((a, b) => a + b),
  sub: elementwise((a, b) => a - b),
  mul: elementwise((a, b) => a * b),
  div: (t, a, b) => elementwise(t.dtype === "int32" ? (p, q) => Math.trunc(p / q) : (p, q) => p / q)(t, a, b),
  maximum: elementwise((a, b) => Math.max(a, b)),
  greater: elementwise((a, b) => Number(a > b)),
  equal: elementwise((a, b) => Number(a === b)),
  where: elementwise((condition, a, b) => (condition ? a : b)),

  neg: elementwise((x) => -x),
  exp: elementwise((x) => Math.exp(x)),
  log: elementwise((x) => Math.log(x)),
  sqrt: elementwise((x) => Math.sqrt(x)),
  sin: elementwise((x) => Math.sin(x)),
  cos: elementwise((x) => Math.cos(x)),
  abs: elementwise((x) => Math.abs(x)),
  sign: elementwise((x) => Math.sign(x)),
  floor: elementwise((x) => Math.floor(x)),
  sigmoid: elementwise((x) => 1 / (1 + Math.exp(-x))),
  softplus: elementwise((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  stopGradient: elementwise((x) => x),
  cast: (t, x) => elementwise(t.dtype === "int32" ? (v) => Math.trunc(v) : (v) => v)(t, x),

  /** y[…, i, j] = Σ_k a[…, i, k] · b[…, k, j] */
  matmul: (t, a, b) =>
    build(t.shape, (index) => {
      const lead = index.slice(0, -2),
        i = index[index.length - 2]!,
        j = index[index.length - 1]!;
      let total = 0;
      for (let k = 0; k < a.shape[a.shape.length - 1]!; k++) total += at(a, [...lead, i, k]) * at(b, [...lead, k, j]);
      return total;
    }),

  /** y[b, o, v, u] = Σ_i,r,c x[b, i, v + r - up, u + c - left] · kernels[o, i, r, c], zero outside */
  convolve: (t, x, kernels) => {
    const [, channels, rows, columns] = kernels.shape as [number, number, number, number],
      [, , height, width] = x.shape as [number, number, number, number];
    return build(t.shape, ([image, out, y, u]) => {
      let total = 0;
      for (let i = 0; i < channels; i++)
        for (let r = 0; r < rows; r++)
          for (let c = 0; c < columns; c++) {
            const v = y! + r - (rows - 1) / 2,
              w = u! + c - (columns - 1) / 2;
            if (v >= 0 && v < height && w >= 0 && w < width)
              total += at(x, [image!, i, v, w]) * at(kernels, [out!, i, r, c]);
          }
      return total;
    });
  },

  /** Axis p of the result is axis permutation[p] of x. */
  transpose: (t, x) => {
    const permutation = t.attributes.permutation;
    return build(t.shape, (index) =>
      at(
        x,
        permutation.map((_, axis) => index[permutation.indexOf(axis)]!),
      ),
    );
  },
  reshape: (_t, x) => x.data,
  expand: elementwise((x) => x),

  sum: reduction(0, (total, x) => total + x),
  max: reduction(-Infinity, Math.max),

  concat: (t, ...parts) => {
    const axis = t.attributes.axis;
    return build(t.shape, (index) => {
      let along = index[axis]!;
      let part = 0;
      while (along >= parts[part]!.shape[axis]!) along -= parts[part++]!.shape[axis]!;
      return at(parts[part]!, replaced(index, axis, along));
    });
  },
  slice: (t, x) => {
    const { axis, start } = t.attributes;
    return build(t.shape, (index) => at(x, replaced(index, axis, index[axis]! + start)));
  },
  pad: (t, x) => {
    const { axis, before } = t.attributes;
    return build(t.shape, (index) => {
      const source = index[axis]! - before;
      return source >= 0 && source < x.shape[axis]! ? at(x, replaced(index, axis, source)) : 0;
    });
  },

  /** y[…, c] = table[indices[…], c] */
  gather: (t, table, indices) =>
    build(t.shape, (index) => at(table, [at(indices, index.slice(0, -1)), index[index.length - 1]!])),
  /** y[r, …] = table[r, indices[…]] */
  gatherColumns: (t, table, indices) => build(t.shape, ([row, ...place]) => at(table, [row!, at(indices, place)])),
  /** y[r, c] = Σ over places p with indices[p] = c of updates[r, p] */
  scatterColumns: (t, updates, indices) => {
    const [width, columns] = t.shape as [number, number],
      places = indices.data.length;
    const out = new Float64Array(width * columns);
    indices.data.forEach((column, place) => {
      for (let r = 0; r < width; r++) out[r * columns + column]! += updates.data[r * places + place]!;
    });
    return out;
  },
  /** y[r, c] = Σ over places p with indices[p] = r of updates[p, c] */
  scatterAdd: (t, updates, indices) => {
    const width = t.shape[1]!;
    const out = new Float64Array(sizeOf(t.shape));
    indices.data.forEach((row, place) => {
      for (let c = 0; c < width; c++) out[row * width + c]! += updates.data[place * width + c]!;
    });
    return out;
  },
};

const meaningOf = <P extends Computed>(t: Tensor<P>): Meaning<P> => meanings[t.primitive];

/**
 * Values of `outputs`, in double precision.
 *
 * @param feeds values of the inputs they depend on, row-major
 * @returns one array per output, row-major
 * @throws {Error} if an input has no feed
 * @throws {ShapeError} if a feed has the wrong number of values
 */
export function evaluateReference(
  outputs: readonly Tensor[],
  feeds: ReadonlyMap<Tensor, Float64Array>,
): Float64Array[] {
  const values = new Map<Tensor, Value>();
  for (const t of topologicalOrder(outputs)) {
    values.set(t, {
      shape: t.shape,
      data: isComputed(t) ? meaningOf(t)(t, ...t.inputs.map((i) => values.get(i)!)) : givenData(t, feeds),
    });
  }
  return outputs.map((t) => values.get(t)!.data);
}

/** Values of a constant or an input. */
function givenData(t: Tensor, feeds: ReadonlyMap<Tensor, Float64Array>): Float64Array {
  if (t.data) return Float64Array.from(t.data);
  const data = feeds.get(t);
  if (!data) throw new Error(`evaluateReference: no values for input '${inputName(t)}'`);
  if (data.length !== sizeOf(t.shape))
    throw new ShapeError(`evaluateReference: ${data.length} values for input '${inputName(t)}' of shape [${t.shape}]`);
  return data;
}
