/** Settings of Vite with which the worker is built and served. */

/** Threads of WebAssembly need these of the server. */
export const isolationHeaders = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** @param version of the program, which the records of its runs tell */
export const browserBuild = (version: string) => ({
  define: { __CRYOGAN_VERSION__: JSON.stringify(version) },
  // ONNX Runtime without its WebAssembly inside: onnxRuntimeWeb.ts names the files.
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "development|production"] },
  worker: { format: "es" as const },
  server: { headers: isolationHeaders },
  preview: { headers: isolationHeaders },
});
