/** Biome breaks code, but neither strings nor comments nor the titles of tests, nor other languages. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const generated = join("src", "tensor", "onnx");
const data = join("test", "data");

test("no line of code has more than 120 columns", () => {
  const files = ["src", "test", "bench", "examples", "scripts"]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
    )
    .filter((name) => /\.(tsx?|mjs|py|css|sh)$/.test(name) && !name.startsWith(generated) && !name.startsWith(data));
  expect(files.length).toBeGreaterThan(400);
  const long = files.flatMap((name) =>
    readFileSync(join(root, name), "utf8")
      .split("\n")
      .flatMap((line, i) => ([...line].length > 120 ? [`${name}:${i + 1}`] : [])),
  );
  expect(long).toEqual([]);
});
