/** ONNX Runtime as Node has it. */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { InferenceSession, listSupportedBackends, Tensor } from "onnxruntime-node";
import type { Device } from "./device.ts";
import type { OnnxRuntime } from "./onnxRuntime.ts";

export const nodeRuntime: OnnxRuntime = {
  Tensor,
  createSession: (model, options) => InferenceSession.create(model, options),
  obstacle,
};

/** The processor. @param threads for one operator; 0 leaves it to ONNX Runtime */
export const nodeCpu = (threads = 0): Device => ({ name: "cpu", threads, runtime: nodeRuntime });

/** Trying a provider whose libraries are missing is safe, but the native library complains on stderr. */
async function obstacle(provider: string): Promise<string | undefined> {
  // Asked for a provider it does not know, ONNX Runtime drops it and computes on the CPU.
  if (!listSupportedBackends().some(({ name }) => name === provider))
    return "ONNX Runtime has no such provider on this platform";
  return process.platform === "linux" && !hasLibraries(provider) ? "its libraries are not installed" : undefined;
}

function hasLibraries(provider: string): boolean {
  if (provider === "cuda") {
    const binaries = join(dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json")), "bin");
    return readdirSync(binaries, { recursive: true }).some((file) =>
      String(file).endsWith("libonnxruntime_providers_cuda.so"),
    );
  }
  if (provider === "webgpu") {
    const libraries = [
      "/usr/lib",
      "/usr/lib64",
      "/usr/local/lib",
      "/lib",
      `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`,
    ];
    const drivers = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
    const driver =
      process.env.VK_ICD_FILENAMES ??
      process.env.VK_DRIVER_FILES ??
      drivers.find((folder) => existsSync(folder) && readdirSync(folder).length > 0);
    return (
      driver !== undefined &&
      [...libraries, ...(process.env.LD_LIBRARY_PATH?.split(":") ?? [])].some((folder) =>
        existsSync(join(folder, "libvulkan.so.1")),
      )
    );
  }
  return true;
}
