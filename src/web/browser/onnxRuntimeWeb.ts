/** Stands in for src/runtime/onnxRuntime.ts: ONNX Runtime Web, with WebGPU where the browser has an adapter, else WebAssembly alone. */
import type { InferenceSession } from "onnxruntime-web";

const hasAdapter = await adapter();
const ort = await (hasAdapter ? withWebGpu() : withoutWebGpu());
ort.env.wasm.numThreads = crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 16) : 1;
ort.env.logLevel = "error";

export const { Tensor } = ort;

async function adapter(): Promise<boolean> {
  const gpu = (navigator as { gpu?: { requestAdapter(): Promise<object | null> } }).gpu;
  return (await gpu?.requestAdapter().catch(() => null)) != null;
}

async function withWebGpu() {
  const [ort, mjs, wasm] = await Promise.all([
    import("onnxruntime-web/webgpu"),
    import("onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url"), import("onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url"),
  ]);
  ort.env.wasm.wasmPaths = { mjs: mjs.default, wasm: wasm.default };
  return ort;
}

async function withoutWebGpu() {
  const [ort, mjs, wasm] = await Promise.all([
    import("onnxruntime-web/wasm"), import("onnxruntime-web/ort-wasm-simd-threaded.mjs?url"), import("onnxruntime-web/ort-wasm-simd-threaded.wasm?url"),
  ]);
  ort.env.wasm.wasmPaths = { mjs: mjs.default, wasm: wasm.default };
  return ort;
}

/** Why an execution provider cannot work here, as far as that shows without trying; undefined where it may. */
export async function obstacle(provider: string): Promise<string | undefined> {
  if (provider === "cpu") return undefined;
  if (provider === "webgpu") return hasAdapter ? undefined : "the browser offers no WebGPU adapter";
  return "a browser has no such provider";
}

let last: Promise<unknown> = Promise.resolve();

/** One after the other: the WebGPU provider of ONNX Runtime Web neither makes nor runs two sessions at a time. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = last.then(work);
  last = done.catch(() => {});
  return done;
}

/** A session whose runs let messages to the worker through in between: ONNX Runtime's own promises never leave the microtask queue. */
export async function createSession(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> {
  const session = await inTurn(() => ort.InferenceSession.create(model, options));
  const run = session.run.bind(session), release = session.release.bind(session);
  return Object.assign(session, {
    run: (feeds: InferenceSession.FeedsType) => inTurn(async () => {
      await breathe();
      return run(feeds);
    }),
    release: () => inTurn(release),
  }) as InferenceSession;
}

const breathMilliseconds = 50;
let lastBreath = performance.now();

async function breathe(): Promise<void> {
  if (performance.now() - lastBreath < breathMilliseconds) return;
  await new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
  lastBreath = performance.now();
}
