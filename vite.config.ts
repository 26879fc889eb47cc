/**
 * The live page: src/web/page → dist/page, static files with relative addresses, so that any folder of any server will
 * do.
 */
import { defineConfig } from "vite";
import { version } from "./src/base/version.ts";
import { browserBuild } from "./src/web/browser/vite.ts";

export default defineConfig({
  ...browserBuild(version),
  root: "src/web/page",
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../../dist/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 3000,
  },
});
