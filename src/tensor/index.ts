/**
 * Symbolic tensors: build an expression with `input`, `constant` and the operators in `op`, differentiate it with
 * `gradient`, run it with `compile` of cryogan/runtime.
 *
 * @module
 */
export { emitOnnx } from "./emit.ts";
export { gradient } from "./gradient.ts";
export * as op from "./ops.ts";
export type { Attributes, DType, Primitive, Primitives } from "./primitives.ts";
export { programText } from "./print.ts";
export { evaluateReference } from "./reference.ts";
export {
  constant,
  input,
  type Shape,
  ShapeError,
  scalar,
  sizeOf,
  type Tensor,
} from "./tensor.ts";
