import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { ModelProtoSchema, TensorProto_DataType } from "../../src/tensor/onnx/onnx_pb.ts";

const FLOAT = TensorProto_DataType.FLOAT;

function floatValue(name: string, dims: number[]) {
  const dim = dims.map((d) => ({ value: { case: "dimValue" as const, value: BigInt(d) } }));
  return { name, type: { value: { case: "tensorType" as const, value: { elemType: FLOAT, shape: { dim } } } } };
}

function floatInitializer(name: string, dims: number[], values: number[]) {
  return { name, dims: dims.map(BigInt), dataType: FLOAT, rawData: new Uint8Array(Float32Array.from(values).buffer) };
}

/** y = x · weight + bias, written by hand. */
function affineModel(irVersion: number, opset: number): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(irVersion),
    opsetImport: [{ domain: "", version: BigInt(opset) }],
    graph: {
      name: "affine",
      input: [floatValue("x", [2, 3])],
      output: [floatValue("y", [2, 2])],
      initializer: [floatInitializer("weight", [3, 2], [1, 2, 3, 4, 5, 6]), floatInitializer("bias", [2], [0.5, -0.5])],
      node: [
        { opType: "MatMul", input: ["x", "weight"], output: ["product"] },
        { opType: "Add", input: ["product", "bias"], output: ["y"] },
      ],
    },
  });
  return toBinary(ModelProtoSchema, model);
}

async function runAffine(irVersion: number, opset: number): Promise<number[]> {
  const session = await InferenceSession.create(affineModel(irVersion, opset), { logSeverityLevel: 3 });
  const { y } = await session.run({ x: new Tensor("float32", [1, 0, -1, 2, 1, 0.5], [2, 3]) });
  expect(y!.dims).toEqual([2, 2]);
  return Array.from(y!.data as Float32Array);
}

// [1, 0, -1]·W = [-4, -4]; [2, 1, 0.5]·W = [7.5, 11]; plus the bias [0.5, -0.5].
const expected = [-3.5, -4.5, 8, 10.5];

describe("generated ONNX protobuf code", () => {
  it("writes a model which ONNX Runtime executes: IR 9, opset 20", async () => {
    expect(await runAffine(9, 20)).toEqual(expected);
  });

  it("keeps every field of a model read back", () => {
    const bytes = affineModel(9, 20);
    const model = fromBinary(ModelProtoSchema, bytes);
    expect(model.graph!.node.map((node) => node.opType)).toEqual(["MatMul", "Add"]);
    expect(toBinary(ModelProtoSchema, model)).toEqual(bytes);
  });

  it("writes a file whose header is the protobuf wire format of ModelProto.ir_version", () => {
    // Field 1, varint: tag 0x08, then the value.
    expect(Array.from(affineModel(9, 20).subarray(0, 2))).toEqual([0x08, 9]);
  });
});
