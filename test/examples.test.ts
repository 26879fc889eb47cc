/** The examples run, and what they print is so. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** The decimals that an example prints. */
async function numbersOf(example: string): Promise<number[]> {
  const program = ["--import", import.meta.resolve("tsx"), join(root, `examples/${example}.ts`)];
  const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: root });
  return [...stdout.matchAll(/-?\d+\.\d+(e[+-]\d+)?/g)].map(([number]) => Number(number));
}

/** An untrained volume correlates at 0.6, 0, 0.2 and 0.4 once it is turned to the truth as well as may be. */
const isShape = (fsc: readonly number[]) => {
  expect(fsc).toHaveLength(5);
  expect(fsc[0]).toBeGreaterThan(0.85);
  expect(Math.min(...fsc.slice(1, 4))).toBeGreaterThan(0.5);
};

const checks: Record<string, () => Promise<void>> = {
  async forwardModel() {
    const [power, fromSlope] = (await numbersOf("forwardModel")).slice(-2); // the program is printed before
    expect(power).toBeGreaterThan(0);
    expect(fromSlope! / power!).toBeCloseTo(1, 4);
  },
  ownCritic: async () => isShape(await numbersOf("ownCritic")),
  ownLoss: async () => isShape(await numbersOf("ownLoss")),
};

test("each example says how it is run, is in the README, and is checked here", () => {
  const files = readdirSync(join(root, "examples")).filter((name) =>
    readFileSync(join(root, "examples", name), "utf8").includes(`npx tsx examples/${name}`),
  );
  expect(files.map((name) => name.replace(".ts", "")).sort()).toEqual(Object.keys(checks).sort());
  const readme = readFileSync(join(root, "README.md"), "utf8");
  for (const name of files) expect(readme).toContain(`examples/${name}`);
});

test.each(Object.entries(checks))("%s", (_, check) => check());
