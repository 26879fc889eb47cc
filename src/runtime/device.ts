/** Choice of the ONNX Runtime execution provider: what was asked for, or the fastest that really works. */
import type { InferenceSession } from "onnxruntime-node";
import { InputError } from "../base/errors.ts";
import { emitOnnx } from "../tensor/emit.ts";
import { matmul } from "../tensor/ops.ts";
import { input } from "../tensor/tensor.ts";
import type { DeviceRequest } from "./deviceNames.ts";
import type { OnnxRuntime } from "./onnxRuntime.ts";

export type DeviceName = Exclude<DeviceRequest, "auto">;
export interface Device {
  name: DeviceName;
  /** CPU threads for one operator; 0 leaves it to ONNX Runtime. */
  threads: number;
  runtime: OnnxRuntime;
}
export interface ChosenDevice extends Device {
  /** How it was chosen, for the user. */
  reason: string;
}

/** Session options of a device. State stays in device memory where the provider can keep it. */
export function sessionOptions(device: Pick<Device, "name" | "threads">): InferenceSession.SessionOptions {
  return {
    executionProviders: device.name === "cpu" ? ["cpu"] : [device.name, "cpu"],
    graphOptimizationLevel: "all",
    intraOpNumThreads: device.threads,
    logSeverityLevel: 3,
  };
}

/** Runs a 512×512 matrix product a few times. @returns the best time in ms. @throws if the provider fails or errs */
async function tryProvider(device: Device): Promise<number> {
  const n = 512;
  const a = input("a", [n, n]),
    b = input("b", [n, n]);
  const { createSession, Tensor } = device.runtime;
  const session = await createSession(emitOnnx([a, b], { product: matmul(a, b) }), sessionOptions(device));
  const values = Float32Array.from({ length: n * n }, (_, i) => Math.sin(i));
  const identity = Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 2 : 0));
  const feeds = { a: new Tensor("float32", values, [n, n]), b: new Tensor("float32", identity, [n, n]) };
  let best = Infinity;
  for (let i = 0; i < 4; i++) {
    const start = performance.now();
    const product = (await session.run(feeds)).product!.data as Float32Array;
    if (i > 0) best = Math.min(best, performance.now() - start);
    if (product.some((p, j) => Math.abs(p - 2 * values[j]!) > 1e-2)) throw new Error("a matrix product came out wrong");
  }
  await session.release();
  return best;
}

/**
 * Device for a request. `auto` tries every provider that can be here on a small product, where there are several, and
 * takes the fastest that gives the right answer.
 *
 * @throws {InputError} if a device asked for by name does not work here; the message says why
 */
export async function chooseDevice(runtime: OnnxRuntime, request: DeviceRequest, threads = 0): Promise<ChosenDevice> {
  const named = (name: DeviceName): Device => ({ name, threads, runtime });
  if (request === "cpu") return { ...named(request), reason: "as asked" };
  if (request !== "auto") {
    try {
      const reason = await runtime.obstacle(request);
      if (reason) throw new Error(reason);
      await tryProvider(named(request));
      return { ...named(request), reason: "as asked" };
    } catch (error) {
      throw new InputError(
        `device '${request}' does not work here: ${String((error as Error).message).split("\n")[0]}; ` +
          "use --device cpu or auto",
      );
    }
  }
  const possible: DeviceName[] = [];
  for (const name of ["cpu", "cuda", "dml", "webgpu"] as const)
    if (!(await runtime.obstacle(name))) possible.push(name);
  if (possible.length === 1) return { ...named(possible[0]!), reason: "the only one here" };
  const timed: { name: DeviceName; ms: number }[] = [];
  for (const name of possible) {
    try {
      timed.push({ name, ms: await tryProvider(named(name)) });
    } catch {
      // Not on this machine (no driver, no adapter): the others remain.
    }
  }
  timed.sort((p, q) => p.ms - q.ms);
  const best = timed[0] ?? { name: "cpu" as const, ms: NaN };
  const list = timed.map((t) => `${t.name} ${t.ms.toFixed(1)} ms`).join(", ");
  return { ...named(best.name), reason: `fastest on a 512×512 product (${list})` };
}
