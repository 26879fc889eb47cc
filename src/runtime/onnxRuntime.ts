import type { InferenceSession, Tensor } from "onnxruntime-node";

/** ONNX Runtime, as Node (onnxRuntimeNode.ts) or a browser (web/browser/onnxRuntimeWeb.ts) has it. */
export interface OnnxRuntime {
  Tensor: typeof Tensor;
  createSession(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  /** Why an execution provider cannot work here, as far as that shows without trying; undefined where it may. */
  obstacle(provider: string): Promise<string | undefined>;
}
