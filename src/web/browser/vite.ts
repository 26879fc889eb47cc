/**
 * For vite.config.ts: builds the program for a browser's worker by putting this folder's modules in the place of
 * Node's.
 */
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Threads of WebAssembly need these of the server. */
export const isolationHeaders = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
} as const;

export function browserEngine(): Plugin {
  return {
    name: "browser-engine",
    config: () => ({
      resolve: {
        // ONNX Runtime without its WebAssembly inside: onnxRuntimeWeb.ts names the files.
        conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "development|production"],
        alias: [{ find: /^\.\/onnxRuntime\.ts$/, replacement: here("onnxRuntimeWeb.ts") }],
      },
      worker: { format: "es" },
      server: { headers: isolationHeaders },
      preview: { headers: isolationHeaders },
    }),
  };
}
