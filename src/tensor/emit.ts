/** Writes a graph of symbolic tensors as an ONNX model, which any ONNX tool can open and ONNX Runtime executes. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from "./onnx/onnx_pb.ts";
import type { Computed, DType, PerInput } from "./primitives.ts";
import { inputName, isComputed, type Shape, sizeOf, type Tensor, topologicalOrder } from "./tensor.ts";

type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
type TensorInit = MessageInitShape<typeof TensorProtoSchema>;
type AttributeInit = MessageInitShape<typeof AttributeProtoSchema>;

const opset = 20;
const irVersion = 9;
const elementType: Record<DType, DataType> = { float32: DataType.FLOAT, int32: DataType.INT32, bool: DataType.BOOL };

const valueInfo = (name: string, shape: Shape, dtype: DType): MessageInitShape<typeof ValueInfoProtoSchema> => ({
  name,
  type: {
    value: {
      case: "tensorType",
      value: {
        elemType: elementType[dtype],
        shape: { dim: shape.map((n) => ({ value: { case: "dimValue" as const, value: BigInt(n) } })) },
      },
    },
  },
});
const intAttribute = (name: string, value: number): AttributeInit => ({
  name,
  type: AttributeType.INT,
  i: BigInt(value),
});
const intsAttribute = (name: string, values: readonly number[]): AttributeInit => ({
  name,
  type: AttributeType.INTS,
  ints: values.map(BigInt),
});

const stringAttribute = (name: string, value: string): AttributeInit => ({
  name,
  type: AttributeType.STRING,
  s: new TextEncoder().encode(value),
});

/** The pieces a primitive's emission may use: `op` appends a node and names its output, `ints` a constant vector. */
interface Emitter {
  op(type: string, inputs: readonly string[], attributes?: AttributeInit[], output?: string): string;
  ints(values: readonly number[]): string;
}

/** Adds updates to rows (axis 0) or columns (axis 1) of a blank table. */
function scatterElements(
  e: Emitter,
  t: Tensor,
  [updates, indices]: [string, string],
  axis: 0 | 1,
  output: string,
): string {
  const count = sizeOf(t.inputs[1]!.shape),
    across = t.shape[1 - axis]!;
  const shape = (n: number): string => e.ints(axis === 0 ? [count, n] : [n, count]);
  const where = e.op("Expand", [e.op("Reshape", [indices, shape(1)]), shape(across)]);
  const blank = e.op("ConstantOfShape", [e.ints(t.shape)]);
  return e.op(
    "ScatterElements",
    [blank, where, e.op("Reshape", [updates, shape(across)])],
    [intAttribute("axis", axis), stringAttribute("reduction", "add")],
    output,
  );
}

/**
 * A `scatterAdd` with constant indices the other way round, ten times faster than ScatterElements where rows are wide:
 * each row gathers the updates meant for it and sums them. Undefined if the indices are not constant, or too many rows
 * have many updates.
 */
function sumOfPlaces(e: Emitter, t: Tensor, updates: string, output: string): string | undefined {
  const indices = t.inputs[1]!.data;
  if (!indices) return undefined;
  const [rows, width] = t.shape as [number, number];
  const places = Array.from({ length: rows }, (): number[] => []);
  indices.forEach((row, place) => places[row]!.push(place));
  const many = places.filter((list) => list.length > 16);
  if (many.length > 16) return undefined;
  // Rows with many updates are summed first and appended to the updates, then a row of zeros.
  const table = e.op("Reshape", [updates, e.ints([indices.length, width])]);
  const sums = many.map((list) =>
    e.op("ReduceSum", [e.op("Gather", [table, e.ints(list)]), e.ints([0])], [intAttribute("keepdims", 1)]),
  );
  const all = e.op(
    "Concat",
    [table, ...sums, e.op("ConstantOfShape", [e.ints([1, width])])],
    [intAttribute("axis", 0)],
  );
  const short = places.map((list) => (many.includes(list) ? [indices.length + many.indexOf(list)] : list));
  const most = short.reduce((longest, list) => Math.max(longest, list.length), 1),
    zero = indices.length + many.length;
  const chosen = e.op("Gather", [
    all,
    e.ints(short.flatMap((list) => [...list, ...Array<number>(most - list.length).fill(zero)])),
  ]);
  return e.op(
    "ReduceSum",
    [e.op("Reshape", [chosen, e.ints([rows, most, width])]), e.ints([1])],
    [intAttribute("keepdims", 0)],
    output,
  );
}

/** The ONNX operator that does what a primitive does, inputs in the same order; or how to write it. */
type Emission<P extends Computed> =
  | string
  | ((e: Emitter, t: Tensor<P>, inputs: PerInput<P, string>, output: string) => string);

const emissions: { [P in Computed]: Emission<P> } = {
  add: "Add",
  sub: "Sub",
  mul: "Mul",
  div: "Div",
  maximum: "Max",
  greater: "Greater",
  equal: "Equal",
  where: "Where",
  neg: "Neg",
  exp: "Exp",
  log: "Log",
  sqrt: "Sqrt",
  sin: "Sin",
  cos: "Cos",
  abs: "Abs",
  sign: "Sign",
  floor: "Floor",
  sigmoid: "Sigmoid",
  softplus: "Softplus",
  stopGradient: "Identity",
  matmul: "MatMul",
  convolve: (e, t, inputs, output) => {
    const edges = t.inputs[1]!.shape.slice(2),
      pads = edges.map((n) => (n - 1) / 2);
    return e.op(
      "Conv",
      inputs,
      [intsAttribute("kernel_shape", edges), intsAttribute("pads", [...pads, ...pads])],
      output,
    );
  },
  cast: (e, t, [x], output) => e.op("Cast", [x], [intAttribute("to", elementType[t.dtype])], output),
  transpose: (e, t, [x], output) => e.op("Transpose", [x], [intsAttribute("perm", t.attributes.permutation)], output),
  reshape: (e, t, [x], output) => e.op("Reshape", [x, e.ints(t.shape)], [], output),
  expand: (e, t, [x], output) => e.op("Expand", [x, e.ints(t.shape)], [], output),
  sum: (e, t, [x], output) => e.op("ReduceSum", [x, e.ints(t.attributes.axes)], [intAttribute("keepdims", 1)], output),
  max: (e, t, [x], output) => e.op("ReduceMax", [x, e.ints(t.attributes.axes)], [intAttribute("keepdims", 1)], output),
  concat: (e, t, inputs, output) => e.op("Concat", inputs, [intAttribute("axis", t.attributes.axis)], output),
  slice: (e, t, [x], output) => {
    const { axis, start, end } = t.attributes;
    return e.op("Slice", [x, e.ints([start]), e.ints([end]), e.ints([axis])], [], output);
  },
  pad: (e, t, [x], output) => {
    const { axis, before, after } = t.attributes;
    const along = (n: number): number[] => t.shape.map((_, i) => (i === axis ? n : 0));
    return e.op("Pad", [x, e.ints([...along(before), ...along(after)])], [], output);
  },
  gather: (e, _t, [table, indices], output) => e.op("Gather", [table, indices], [], output),
  gatherColumns: (e, t, [table, indices], output) => {
    // GatherElements, because Gather along the second axis copies every number by a call of its own: 1 ms against 14
    // for a million.
    const width = t.shape[0]!,
      count = sizeOf(t.shape) / width;
    const where = e.op("Expand", [e.op("Reshape", [indices, e.ints([1, count])]), e.ints([width, count])]);
    return e.op(
      "Reshape",
      [e.op("GatherElements", [table, where], [intAttribute("axis", 1)]), e.ints(t.shape)],
      [],
      output,
    );
  },
  // ScatterElements, because ScatterND adds from several threads at once without locks: updates of the same place get
  // lost.
  scatterAdd: (e, t, [updates, indices], output) =>
    sumOfPlaces(e, t, updates, output) ?? scatterElements(e, t, [updates, indices], 0, output),
  scatterColumns: (e, t, [updates, indices], output) => scatterElements(e, t, [updates, indices], 1, output),
};

const emissionOf = <P extends Computed>(t: Tensor<P>): Emission<P> => emissions[t.primitive];

/** The name of a tensor that a model is fed: that of an input, or one for a constant that does not stand in it. */
export const nameOfFed = (t: Tensor): string => (t.data ? `constant_${t.id}` : inputName(t));

/**
 * ONNX model (IR 9, opset 20) that computes `outputs` from `inputs`.
 *
 * @param inputs  tensors made by `input`, in the order the model declares them; inputs that nothing uses are kept.
 *   Constants among them do not stand in the model, but are to be fed as well (`nameOfFed`)
 * @param outputs named results
 * @returns the serialised ModelProto
 * @throws {Error} if the outputs depend on an input that is not listed
 */
export function emitOnnx(
  inputs: readonly Tensor[],
  outputs: Readonly<Record<string, Tensor>>,
  name = "cryogan",
): Uint8Array {
  const nodes: NodeInit[] = [];
  const initializers: TensorInit[] = [];
  const constantNames = new Map<string, string>();
  const names = new Map<Tensor, string>();
  let temporaries = 0;

  const emitter: Emitter = {
    op(opType, from, attribute = [], output = `t${temporaries++}`) {
      nodes.push({ opType, input: [...from], output: [output], attribute });
      return output;
    },
    ints: (values) => vector(values, { dataType: DataType.INT64, int64Data: values.map(BigInt) }),
  };
  function vector(values: readonly number[], content: TensorInit): string {
    const key = `${content.dataType}:${values.join()}`;
    let known = constantNames.get(key);
    if (!known) {
      constantNames.set(key, (known = `constants${constantNames.size}`));
      initializers.push({ name: known, dims: [BigInt(values.length)], ...content });
    }
    return known;
  }

  for (const t of inputs) names.set(t, nameOfFed(t));
  for (const t of topologicalOrder(Object.values(outputs))) {
    if (names.has(t)) continue;
    const output = `${t.primitive}_${t.id}`;
    names.set(t, output);
    if (isComputed(t)) {
      const from = t.inputs.map((i) => names.get(i)!);
      const emission = emissionOf(t);
      if (typeof emission === "string") emitter.op(emission, from, [], output);
      else emission(emitter, t, from, output);
    } else if (t.data) {
      const { buffer, byteOffset, byteLength } = t.data;
      initializers.push({
        name: output,
        dims: t.shape.map(BigInt),
        dataType: elementType[t.dtype],
        rawData: new Uint8Array(buffer, byteOffset, byteLength),
      });
    } else {
      throw new Error(`emitOnnx: the outputs depend on '${inputName(t)}', which is not among the inputs`);
    }
  }
  // A graph output needs a name of its own, also where it is an input or serves two names.
  for (const [outputName, t] of Object.entries(outputs)) emitter.op("Identity", [names.get(t)!], [], outputName);

  const read = new Set(nodes.flatMap((n) => n.input ?? []));
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: BigInt(irVersion),
      producerName: "cryogan",
      opsetImport: [{ domain: "", version: BigInt(opset) }],
      graph: {
        name,
        node: nodes,
        initializer: initializers.filter((i) => read.has(i.name!)),
        input: inputs.map((t) => valueInfo(nameOfFed(t), t.shape, t.dtype)),
        output: Object.entries(outputs).map(([outputName, t]) => valueInfo(outputName, t.shape, t.dtype)),
      },
    }),
  );
}
