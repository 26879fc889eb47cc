// After tsc: replaces dist/io/molstarReaders.js, which imports Mol*, by the same with the few files of Mol* inside that
// it needs. The 91 MB of Mol* are then no dependency of the installed package (docs/decisions/0009-package.md).
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
await build({
  root,
  configFile: false,
  logLevel: "warn",
  build: {
    ssr: "src/io/molstarReaders.ts",
    outDir: "dist/io",
    emptyOutDir: false,
    minify: true,
    target: "node20",
    rolldownOptions: { output: { entryFileNames: "molstarReaders.js" } },
  },
  ssr: { noExternal: true },
});
// Licence of what is inside; and no declarations that would look for Mol*.
const file = new URL("../dist/io/molstarReaders.js", import.meta.url);
const licence = readFileSync(new URL("../node_modules/molstar/LICENSE", import.meta.url), "utf8");
writeFileSync(file, `/*! Parts of Mol*.\n${licence}*/\n${readFileSync(file, "utf8")}`);
rmSync(new URL("../dist/io/molstarReaders.d.ts", import.meta.url));
