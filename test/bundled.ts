/** A program of the tests' own in one file, which Node runs without a loader: of many processes each begins sooner. */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** @param source from the root of the repository @returns path of what Node runs */
export function bundled(source: string): string {
  const outfile = `${root}node_modules/.cache/cryogan/${basename(source, ".ts")}.mjs`;
  buildSync({
    entryPoints: [root + source],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
  return outfile;
}
