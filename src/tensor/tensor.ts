/**
 * Symbolic tensors: nodes of a computation graph with static shapes, checked when a node is built.
 * Nothing is computed here; `emit.ts` turns a graph into an ONNX model and `gradient.ts` differentiates it.
 */
import { weakCache } from "./cache.ts";
import type { Attributes, Computed, DType, PerInput, Primitive } from "./primitives.ts";

export type Shape = readonly number[];

/** A node; of a known primitive, its attributes are known too (see `isA`). */
export interface Tensor<P extends Primitive = Primitive> {
  readonly id: number;
  readonly primitive: P;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes<P>;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Values of a `constant`, row-major. */
  readonly data?: Float32Array | Int32Array;
}

/** Whether a node is of one primitive. */
export const isA = <P extends Primitive>(t: Tensor, primitive: P): t is Tensor<P> => t.primitive === primitive;

/** Whether a node is computed from others, not an input or a constant. */
export const isComputed = (t: Tensor): t is Tensor<Computed> => t.primitive !== "input" && t.primitive !== "constant";

/** Shapes that do not fit; the message names the operator and the shapes. */
export class ShapeError extends Error {
  override name = "ShapeError";
}

function checkLengths(shape: Shape, operator: string): void {
  if (!shape.every((n) => Number.isInteger(n) && n >= 0))
    throw new ShapeError(`${operator}: [${shape}] is not a shape; lengths are whole numbers, 0 or more`);
}

let nextId = 0;
/** Nodes in use, so that the same expression written twice is computed once. */
const built = weakCache<Tensor>();

/** Number of expressions that are known to be built: those in use, and some that the collector has yet to find. */
export const builtNodes = (): number => built.size;

/** A primitive's attributes, as the last argument of `node`: left out where it has none. */
type AttributesOf<P extends Primitive> = object extends Attributes<P> ? [] : [attributes: Attributes<P>];

/** Builds a node, or returns the identical one built before. Operators in `ops.ts` call this after checking shapes. */
export function node<P extends Primitive>(
  primitive: P,
  inputs: PerInput<P, Tensor>,
  shape: Shape,
  dtype: DType,
  ...[attributes = {} as Attributes<P>]: AttributesOf<P>
): Tensor {
  checkLengths(shape, primitive);
  const key = [primitive, inputs.map((t) => t.id), JSON.stringify(attributes), shape, dtype].join("|");
  return built.get(key, () => ({ id: nextId++, primitive, inputs, attributes, shape: [...shape], dtype }));
}

/** A named input of the program, fed at every run. */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Tensor {
  checkLengths(shape, `input '${name}'`);
  return { id: nextId++, primitive: "input", inputs: [], attributes: { name }, shape: [...shape], dtype };
}

/** The name that a program feeds an input under. @throws {Error} if `t` is no input */
export function inputName(t: Tensor): string {
  if (!isA(t, "input")) throw new Error(`a ${t.primitive} of shape [${t.shape}] has no name: it is no input`);
  return t.attributes.name;
}

/** Fixed values, row-major. @throws {ShapeError} if the number of values is not that of the shape */
export function constant(data: ArrayLike<number>, shape: Shape, dtype: "float32" | "int32" = "float32"): Tensor {
  if (data.length !== sizeOf(shape)) throw new ShapeError(`constant: ${data.length} values for shape [${shape}]`);
  const values = dtype === "float32" ? new Float32Array(data) : new Int32Array(data);
  return { id: nextId++, primitive: "constant", inputs: [], attributes: {}, shape: [...shape], dtype, data: values };
}

/** A constant of shape []; equal values share one node. */
export const scalar = (value: number): Tensor => built.get(`scalar|${value}`, () => constant([value], []));

/** Number of values of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** The value of a scalar constant, else undefined. */
export function scalarValue(t: Tensor): number | undefined {
  return t.primitive === "constant" && t.shape.length === 0 && t.data ? t.data[0] : undefined;
}

/** All nodes that `outputs` depend on, every node after its inputs. */
export function topologicalOrder(outputs: readonly Tensor[]): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  // Iterative, because a training step is a graph deeper than the call stack.
  const stack: { tensor: Tensor; next: number }[] = [];
  for (const output of outputs) {
    if (seen.has(output)) continue;
    seen.add(output);
    stack.push({ tensor: output, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (top.next < top.tensor.inputs.length) {
        const dependency = top.tensor.inputs[top.next++]!;
        if (!seen.has(dependency)) {
          seen.add(dependency);
          stack.push({ tensor: dependency, next: 0 });
        }
      } else {
        order.push(top.tensor);
        stack.pop();
      }
    }
  }
  return order;
}
