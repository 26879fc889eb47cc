/**
 * The primitives, each with the number of its inputs and the attributes that a node carries besides them. Gradient
 * rules, ONNX emission and the reference interpreter are maps over all of them, so that one without a rule does not
 * compile: to add a primitive, add it here and follow the compiler.
 */
export type DType = "float32" | "int32" | "bool";

interface Form<Arity extends 0 | 1 | 2 | 3 | "any", Attributes extends object = object> {
  arity: Arity;
  attributes: Attributes;
}

export interface Primitives {
  input: Form<0, { name: string }>;
  constant: Form<0>;

  add: Form<2>;
  sub: Form<2>;
  mul: Form<2>;
  div: Form<2>;
  maximum: Form<2>;
  greater: Form<2>;
  equal: Form<2>;
  where: Form<3>;

  neg: Form<1>;
  exp: Form<1>;
  log: Form<1>;
  sqrt: Form<1>;
  sin: Form<1>;
  cos: Form<1>;
  abs: Form<1>;
  sign: Form<1>;
  floor: Form<1>;
  sigmoid: Form<1>;
  softplus: Form<1>;
  stopGradient: Form<1>;
  cast: Form<1, { to: DType }>;

  matmul: Form<2>;
  convolve: Form<2>;

  transpose: Form<1, { permutation: readonly number[] }>;
  reshape: Form<1>;
  expand: Form<1>;
  sum: Form<1, { axes: readonly number[] }>;
  max: Form<1, { axes: readonly number[] }>;
  concat: Form<"any", { axis: number }>;
  slice: Form<1, { axis: number; start: number; end: number }>;
  pad: Form<1, { axis: number; before: number; after: number }>;

  gather: Form<2>;
  gatherColumns: Form<2>;
  scatterAdd: Form<2, { rows: number }>;
  scatterColumns: Form<2, { columns: number }>;
}

export type Primitive = keyof Primitives;
/** Primitives that are computed from others: all but inputs and constants. */
export type Computed = Exclude<Primitive, "input" | "constant">;
export type Attributes<P extends Primitive> = Readonly<Primitives[P]["attributes"]>;

/** One T for each input of a primitive. */
export type PerInput<P extends Primitive, T> = {
  0: readonly [];
  1: readonly [T];
  2: readonly [T, T];
  3: readonly [T, T, T];
  any: readonly T[];
}[Primitives[P]["arity"]];
