/** The folders of src/ import downwards only and in no circle: that Biome's rules are set for all of them, and fire. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "cryogan-layers-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Folders of src/, each importing only those before it; the last three do not import one another either. */
const layers = "base tensor runtime numeric io physics critic evaluate reconstruct slurm charts report cli web".split(
  " ",
);
const meetInMain = ["report", "cli", "web"];
/** Folders of src/reconstruct/, each with those that it does not import. */
const parts = {
  measure: ["adversarial", "likelihood", "run", "folder"],
  adversarial: ["likelihood", "run", "folder"],
  likelihood: ["adversarial", "run", "folder"],
  folder: ["adversarial", "likelihood", "run"],
  verdict: ["adversarial", "likelihood", "run", "folder"],
  run: [],
};

const foldersOf = (path: string) =>
  readdirSync(join(root, path)).filter((name) => statSync(join(root, path, name)).isDirectory());

const forbidden = (layer: string): string[] =>
  meetInMain.includes(layer) ? meetInMain.filter((other) => other !== layer) : layers.slice(layers.indexOf(layer) + 1);

interface Override {
  includes: string[];
  linter: { rules: { style?: { noRestrictedImports?: { options: { patterns: { group: string[] }[] } } } } };
}

/** What biome.json forbids to a folder's files; the last override that matches is the one that holds. */
function configured(path: string): string[] | undefined {
  const { overrides } = JSON.parse(readFileSync(join(root, "biome.json"), "utf8")) as { overrides: Override[] };
  const rule = overrides.findLast(({ includes }) => includes.includes(`${path}/**`))?.linter.rules.style;
  return rule?.noRestrictedImports?.options.patterns.flatMap(({ group }) => group).sort();
}

const patternsOf = (folders: readonly string[]) => folders.map((name) => `**/${name}/**`).sort();

describe("biome.json", () => {
  test("knows every folder of src/", () => {
    expect(foldersOf("src").sort()).toEqual([...layers].sort());
    expect(foldersOf("src/reconstruct").sort()).toEqual(Object.keys(parts).sort());
  });

  test.each(layers)("forbids src/%s what it must not import", (layer) => {
    expect(configured(`src/${layer}`)).toEqual(patternsOf(forbidden(layer)));
  });

  test.each(Object.entries(parts).filter(([, others]) => others.length > 0))(
    "forbids src/reconstruct/%s what it must not import, the layers above included",
    (part, others) => {
      expect(configured(`src/reconstruct/${part}`)).toEqual(patternsOf([...others, ...forbidden("reconstruct")]));
    },
  );

  test("is not evaded by types that an expression names in place of an import, which Biome does not see", () => {
    const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
      /(?<!\.d)\.tsx?$/.test(name),
    );
    expect(sources.length).toBeGreaterThan(200);
    const named = /(?:\btype\s[^;=]*=|\btypeof|[:<|&(,])\s*import\("[^"]*"\)\.[A-Z]/;
    expect(sources.filter((name) => named.test(readFileSync(join(root, "src", name), "utf8")))).toEqual([]);
  });

  test("CONTRIBUTING.md lists the same layers in the same order", () => {
    const rows = readFileSync(join(root, "CONTRIBUTING.md"), "utf8").matchAll(/^\| (`[^|]*`) *\|/gm);
    const listed = [...rows].flatMap(([, cell]) => cell!.split(/\W+/).filter((word) => word !== ""));
    expect(listed.slice(0, layers.length)).toEqual(layers);
  });
});

/** Rules that Biome, set up as here, says these files break: "rule file". */
async function findings(name: string, files: Record<string, string>): Promise<string[]> {
  const project = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(project, dirname(path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  cpSync(join(root, "biome.json"), join(project, "biome.json"));
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const run = promisify(execFile)(process.execPath, [biome, "lint", "--reporter=github", "."], { cwd: project });
  const { stdout, failed } = await run.then(
    ({ stdout }) => ({ stdout, failed: false }),
    (error: { code: number; stdout: string }) => ({ stdout: error.stdout, failed: error.code === 1 }),
  );
  const found = [...stdout.matchAll(/^::error title=lint\/(\S+?),file=(\S+?),/gm)].map(
    ([, rule, file]) => `${rule} ${file!.slice(file!.indexOf("src/"))}`,
  );
  expect(failed).toBe(found.length > 0);
  return found.sort();
}

const star = "export interface Table {\n  rows: number;\n}\nexport const rows = 3;\n";

describe("Biome fails on", () => {
  test.each([
    ["tensor", "io"],
    ["base", "numeric"],
    ["physics", "critic"],
    ["evaluate", "reconstruct"],
    ["charts", "cli"],
    ["report", "web"],
    ["web", "cli"],
    ["reconstruct/likelihood", "reconstruct/adversarial"],
    ["reconstruct/adversarial", "reconstruct/run"],
    ["reconstruct/folder", "reconstruct/run"],
    ["reconstruct/measure", "charts"],
  ])("%s importing %s, values or types", async (from, to) => {
    const path = `${"../".repeat(from.split("/").length)}${to}/star.ts`;
    const files = {
      [`src/${to}/star.ts`]: star,
      [`src/${from}/value.ts`]: `import { rows } from "${path}";\n\nexport const count = rows;\n`,
      [`src/${from}/type.ts`]: `import type { Table } from "${path}";\n\nexport const empty: Table = { rows: 0 };\n`,
    };
    expect(await findings(`${from}-${to}`.replaceAll("/", "-"), files)).toEqual([
      `style/noRestrictedImports src/${from}/type.ts`,
      `style/noRestrictedImports src/${from}/value.ts`,
    ]);
  });

  test("a circle of type imports in one folder", async () => {
    const files = {
      "src/io/a.ts": 'import type { B } from "./b.ts";\n\nexport interface A {\n  b?: B;\n}\n',
      "src/io/b.ts": 'import type { C } from "./c.ts";\n\nexport interface B {\n  c?: C;\n}\n',
      "src/io/c.ts": 'import type { A } from "./a.ts";\n\nexport interface C {\n  a?: A;\n}\n',
    };
    expect(await findings("circle", files)).toEqual(
      ["a", "b", "c"].map((file) => `suspicious/noImportCycles src/io/${file}.ts`),
    );
  });

  test("nothing where imports go downwards", async () => {
    const files = {
      "src/numeric/star.ts": star,
      "src/io/star.ts": 'import { rows } from "../numeric/star.ts";\n\nexport const twice = 2 * rows;\n',
      "src/reconstruct/run/run.ts": 'import { twice } from "../likelihood/a.ts";\n\nexport const four = 2 * twice;\n',
      "src/reconstruct/likelihood/a.ts": 'export { twice } from "../../io/star.ts";\n',
      "src/main.ts": 'import { rows } from "./web/star.ts";\nimport { four } from "./cli/star.ts";\n\nrows + four;\n',
      "src/web/star.ts": star,
      "src/cli/star.ts": 'export { four } from "../reconstruct/run/run.ts";\n',
    };
    expect(await findings("downwards", files)).toEqual([]);
  });
});
