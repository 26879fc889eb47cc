import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../io/helpers.ts";

const root = join(import.meta.dirname, "../..");

test("the example on the first page of the API runs", () => {
  const page = readFileSync(join(root, "tools/typedoc/README.md"), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(page)![1]!;
  const code = example.replaceAll(/"cryogan\/(\w+)"/g, (_, folder) =>
    JSON.stringify(join(root, `src/${folder}/index.ts`)),
  );
  const script = join(temporaryFolder(), "example.mts");
  const check = "console.log(JSON.stringify([re!.length / batch / grid.count, Math.hypot(...re!, ...im!)]));";
  writeFileSync(script, `${code}\n${check}`);
  const out = execFileSync(process.execPath, ["--import", "tsx", script], { encoding: "utf8", cwd: root });
  const [values, power] = JSON.parse(out) as [number, number];
  expect(values).toBe(1);
  expect(power).toBeGreaterThan(0);
});
