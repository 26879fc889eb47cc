/** ONNX Runtime Web: WebGPU where the browser has an adapter, and WebAssembly. */
import { type env, type InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { OnnxRuntime } from "../../runtime/onnxRuntime.ts";

export const webRuntime: OnnxRuntime = { Tensor, createSession, obstacle };

interface Runtime {
  InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> };
  env: typeof env;
}
type Address = Promise<{ default: string }>;

async function load(runtime: Promise<Runtime>, mjs: Address, wasm: Address): Promise<Runtime> {
  const ort = await runtime;
  ort.env.wasm.wasmPaths = { mjs: (await mjs).default, wasm: (await wasm).default };
  ort.env.wasm.numThreads = crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 16) : 1;
  ort.env.logLevel = "error";
  return ort;
}

const withoutGpu = (): Promise<Runtime> =>
  load(
    import("onnxruntime-web/wasm"),
    import("onnxruntime-web/ort-wasm-simd-threaded.mjs?url"),
    import("onnxruntime-web/ort-wasm-simd-threaded.wasm?url"),
  );

/**
 * WebAssembly waits for the GPU by the browser's promise integration (JSPI), or else by code that can be unwound
 * (Asyncify): larger, and ten times slower on the CPU.
 */
const withGpu = (): Promise<Runtime> =>
  "Suspending" in WebAssembly
    ? load(
        import("onnxruntime-web/jspi"),
        import("onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url"),
        import("onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url"),
      )
    : load(
        import("onnxruntime-web/webgpu"),
        import("onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url"),
        import("onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url"),
      );

/** Each is loaded when a session first needs it. */
const loaded = new Map<() => Promise<Runtime>, Promise<Runtime>>();

function runtimeFor({ executionProviders }: InferenceSession.SessionOptions): Promise<Runtime> {
  const make = executionProviders?.includes("webgpu") ? withGpu : withoutGpu;
  if (!loaded.has(make)) loaded.set(make, make());
  return loaded.get(make)!;
}

async function hasAdapter(): Promise<boolean> {
  const gpu = (navigator as { gpu?: { requestAdapter(): Promise<object | null> } }).gpu;
  return (await gpu?.requestAdapter().catch(() => null)) != null;
}

async function obstacle(provider: string): Promise<string | undefined> {
  if (provider === "cpu") return undefined;
  if (provider === "webgpu") return (await hasAdapter()) ? undefined : "the browser offers no WebGPU adapter";
  return "a browser has no such provider";
}

let last: Promise<unknown> = Promise.resolve();

/** One after the other: the WebGPU provider of ONNX Runtime Web neither makes nor runs two sessions at a time. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = last.then(work);
  last = done.catch(() => {});
  return done;
}

/**
 * A session whose runs let messages to the worker through in between: ONNX Runtime's own promises never leave the
 * microtask queue.
 */
async function createSession(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> {
  const session = await inTurn(async () => (await runtimeFor(options)).InferenceSession.create(model, options));
  const run = session.run.bind(session),
    release = session.release.bind(session);
  return Object.assign(session, {
    run: (feeds: InferenceSession.FeedsType) =>
      inTurn(async () => {
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
