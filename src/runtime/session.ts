/** Execution of a program by ONNX Runtime. */
import type * as ort from "onnxruntime-node";
import { emitOnnx, nameOfFed } from "../tensor/emit.ts";
import { input, inputName, sizeOf, type Tensor, topologicalOrder } from "../tensor/tensor.ts";
import { type Device, sessionOptions } from "./device.ts";
import type { OnnxRuntime } from "./onnxRuntime.ts";
import type { Program, Values } from "./program.ts";

export interface Executable {
  /**
   * One run: feeds by name in, outputs by name out; the state moves on. @throws {Error} if a feed is missing or has the
   * wrong size
   */
  run(feeds: Record<string, Values>): Promise<Record<string, Float32Array>>;
  /** Sets a state, copying the values. @throws {Error} if the program has no such state, or the size is wrong */
  setState(name: string, values: Values): void;
  /** A state as the last run left it, valid until the next run. */
  getState(name: string): Promise<Float32Array>;
  /** Frees session and state. */
  release(): Promise<void>;
  /** The ONNX model, for Netron; of large constants it has the names alone. */
  model: Uint8Array;
}

/** Outputs that carry state have names of their own, so that they cannot clash with the program's. */
const nextName = (name: string): string => `next_${name}`;

const tensorMaker =
  ({ Tensor: OrtTensor }: OnnxRuntime) =>
  (t: Tensor, values: Values, name: string): ort.Tensor => {
    if (values.length !== sizeOf(t.shape))
      throw new Error(`'${name}' holds ${values.length} values, but its shape is [${t.shape}]`);
    return t.dtype === "int32"
      ? new OrtTensor("int32", values as Int32Array, t.shape)
      : new OrtTensor("float32", values as Float32Array, t.shape);
  };

/**
 * Brings a tensor from device memory: Node's binding cannot read it, but a program whose output lies in host memory
 * can.
 */
async function readerOf(state: Tensor, device: Device): Promise<(t: ort.Tensor) => Promise<Float32Array>> {
  const source = input("source", state.shape);
  const session = await device.runtime.createSession(emitOnnx([source], { copy: source }), sessionOptions(device));
  return async (t) => (await session.run({ source: t })).copy!.data as Float32Array;
}

/**
 * Bytes from which on a constant does not stand in the model, which is made of several copies of it, the session's own
 * another, and holds 2 GB at most: each run on the processor takes it from where it is.
 */
const largeConstant = 2 ** 22;

/** Compiles a program for a device. All state starts at zero; set it before the first run. */
export async function compile(
  program: Program,
  device: Device,
  extra: ort.InferenceSession.SessionOptions = {},
): Promise<Executable> {
  const states = Object.entries(program.state),
    ortTensor = tensorMaker(device.runtime);
  const inputs = [...states.map(([, s]) => s.input), ...Object.values(program.feeds)];
  const outputs = { ...program.outputs, ...Object.fromEntries(states.map(([name, s]) => [nextName(name), s.next])) };
  const large =
    device.name === "cpu"
      ? topologicalOrder(Object.values(outputs)).filter(({ data }) => data && data.byteLength >= largeConstant)
      : [];
  const model = emitOnnx([...inputs, ...large], outputs, program.name);
  const onGpu = device.name === "webgpu";
  const session = await device.runtime.createSession(model, {
    ...sessionOptions(device),
    // Threads that wait sleep instead of spinning: an eighth slower on idle cores, but two to three times faster where
    // others use them too.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
    // A plan of the memory, made in the first run, gains nothing measurable, and large programs take far more by it.
    enableMemPattern: false,
    ...(onGpu
      ? { preferredOutputLocation: Object.fromEntries(states.map(([name]) => [nextName(name), "gpu-buffer" as const])) }
      : {}),
    ...extra,
  });
  /** Programs that bring a state from the device, made when first asked for. */
  const readers = new Map<string, (t: ort.Tensor) => Promise<Float32Array>>();
  const used = new Set(session.inputNames),
    constants = Object.fromEntries(
      large.filter((t) => used.has(nameOfFed(t))).map((t) => [nameOfFed(t), ortTensor(t, t.data!, nameOfFed(t))]),
    );
  const held = new Map<string, ort.Tensor>(
    states.map(([name, s]) => [name, ortTensor(s.input, new Float32Array(sizeOf(s.input.shape)), name)]),
  );

  return {
    model,
    setState(name, values) {
      const s = program.state[name];
      if (!s) throw new Error(`no state '${name}' in ${program.name}`);
      held.get(name)?.dispose();
      held.set(name, ortTensor(s.input, values.slice(), name));
    },
    async getState(name) {
      const t = held.get(name)!;
      if (t.location === "cpu") return t.data as Float32Array;
      if (!readers.has(name)) readers.set(name, await readerOf(program.state[name]!.input, device));
      return readers.get(name)!(t);
    },
    async run(feeds) {
      const all: Record<string, ort.Tensor> = { ...constants };
      for (const [name, s] of states) if (used.has(inputName(s.input))) all[inputName(s.input)] = held.get(name)!;
      for (const [name, t] of Object.entries(program.feeds)) {
        const values = feeds[name];
        if (!values) throw new Error(`${program.name}: '${name}' was not fed`);
        if (used.has(inputName(t))) all[inputName(t)] = ortTensor(t, values, name);
      }
      const results = await session.run(all);
      for (const [name] of states) {
        held.get(name)!.dispose();
        held.set(name, results[nextName(name)]!);
      }
      return Object.fromEntries(
        Object.keys(program.outputs).map((name) => [name, results[name]!.data as Float32Array]),
      );
    },
    async release() {
      for (const t of held.values()) t.dispose();
      await session.release();
    },
  };
}
