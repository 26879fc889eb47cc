/**
 * The live page: src/web/page → dist/page, static files with relative addresses, so that any folder of any server will
 * do.
 */
import { defineConfig } from "vite";
import { browserEngine } from "./src/web/browser/vite.ts";
import { reconstructFields } from "./src/web/page/form/fields.ts";

/**
 * `virtual:reconstruct-fields`: the options of `cryogan reconstruct` as the command line defines them, read when the
 * page is built.
 */
const fieldsModule = {
  name: "reconstruct-fields",
  resolveId: (id: string) => (id === "virtual:reconstruct-fields" ? `\0${id}` : undefined),
  load: (id: string) =>
    id === "\0virtual:reconstruct-fields" ? `export const fields = ${JSON.stringify(reconstructFields())};` : undefined,
};

export default defineConfig({
  root: "src/web/page",
  base: "./",
  plugins: [browserEngine(), fieldsModule],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../../dist/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 3000,
  },
});
