/** Choice of the ONNX Runtime execution provider: what was asked for, or the fastest that really works. */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as ort from "onnxruntime-node";
import { InputError } from "../io/types.ts";
import { emitOnnx } from "../tensor/emit.ts";
import { matmul } from "../tensor/ops.ts";
import { input } from "../tensor/tensor.ts";

export const deviceNames = ["auto", "cpu", "cuda", "webgpu", "dml"] as const;
export type DeviceRequest = (typeof deviceNames)[number];
export type DeviceName = Exclude<DeviceRequest, "auto">;
export interface Device {
  name: DeviceName;
  /** CPU threads for one operator; 0 leaves it to ONNX Runtime. */
  threads: number;
  /** How it was chosen, for the user. */
  reason: string;
}

/** Session options of a device. State stays in device memory where the provider can keep it. */
export function sessionOptions(device: Pick<Device, "name" | "threads">): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: device.name === "cpu" ? ["cpu"] : [device.name, "cpu"],
    graphOptimizationLevel: "all",
    intraOpNumThreads: device.threads,
    logSeverityLevel: 3,
  };
}

/**
 * Whether a provider's libraries are there at all. Trying one that lacks them is safe, but the native library complains on stderr.
 */
function mayWork(name: DeviceName): boolean {
  if (process.platform !== "linux") return true;
  if (name === "cuda") {
    const binaries = join(dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json")), "bin");
    return readdirSync(binaries, { recursive: true }).some((file) => String(file).endsWith("libonnxruntime_providers_cuda.so"));
  }
  if (name === "webgpu") {
    const libraries = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`];
    const drivers = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
    const driver = process.env["VK_ICD_FILENAMES"] ?? process.env["VK_DRIVER_FILES"] ?? drivers.find((folder) => existsSync(folder) && readdirSync(folder).length > 0);
    return driver !== undefined && [...libraries, ...(process.env["LD_LIBRARY_PATH"]?.split(":") ?? [])].some((folder) => existsSync(join(folder, "libvulkan.so.1")));
  }
  return true;
}

/** Runs a 512×512 matrix product a few times. @returns the best time in ms. @throws if the provider fails or errs */
async function tryProvider(name: DeviceName, threads: number): Promise<number> {
  const n = 512;
  const a = input("a", [n, n]), b = input("b", [n, n]);
  const session = await ort.InferenceSession.create(emitOnnx([a, b], { product: matmul(a, b) }), sessionOptions({ name, threads }));
  const values = Float32Array.from({ length: n * n }, (_, i) => Math.sin(i));
  const identity = Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 2 : 0));
  const feeds = { a: new ort.Tensor("float32", values, [n, n]), b: new ort.Tensor("float32", identity, [n, n]) };
  let best = Infinity;
  for (let i = 0; i < 4; i++) {
    const start = performance.now();
    const product = (await session.run(feeds))["product"]!.data as Float32Array;
    if (i > 0) best = Math.min(best, performance.now() - start);
    if (product.some((p, j) => Math.abs(p - 2 * values[j]!) > 1e-2)) throw new Error("a matrix product came out wrong");
  }
  await session.release();
  return best;
}

/**
 * Device for a request. `auto` tries every provider in this build of ONNX Runtime on a small product and takes the fastest
 * that gives the right answer.
 *
 * @throws {InputError} if a device asked for by name does not work here; the message says why
 */
export async function chooseDevice(request: DeviceRequest, threads = 0): Promise<Device> {
  if (request === "cpu") return { name: "cpu", threads, reason: "as asked" };
  const bundled = ort.listSupportedBackends().map((b) => b.name);
  if (request !== "auto") {
    try {
      // Asked for a provider it does not know, ONNX Runtime drops it and computes on the CPU.
      if (!bundled.includes(request)) throw new Error("ONNX Runtime has no such provider on this platform");
      if (!mayWork(request)) throw new Error("its libraries are not installed");
      await tryProvider(request, threads);
      return { name: request, threads, reason: "as asked" };
    } catch (error) {
      throw new InputError(`device '${request}' does not work here: ${String((error as Error).message).split("\n")[0]}; use --device cpu or auto`);
    }
  }
  const timed: { name: DeviceName; ms: number }[] = [];
  for (const name of ["cpu", "cuda", "dml", "webgpu"] as const) {
    if (!bundled.includes(name) || !mayWork(name)) continue;
    try {
      timed.push({ name, ms: await tryProvider(name, threads) });
    } catch {
      // Not on this machine (no driver, no adapter): the others remain.
    }
  }
  timed.sort((p, q) => p.ms - q.ms);
  const best = timed[0] ?? { name: "cpu" as const, ms: NaN };
  const list = timed.map((t) => `${t.name} ${t.ms.toFixed(1)} ms`).join(", ");
  return { name: best.name, threads, reason: `fastest on a 512×512 product (${list})` };
}
