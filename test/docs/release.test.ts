/** What stands about a version in several places is the same. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const read = (name: string) => readFileSync(join(import.meta.dirname, "../..", name), "utf8");
const { version, license } = JSON.parse(read("package.json")) as { version: string; license: string };

test("package.json, CITATION.cff, CHANGELOG.md and LICENSE agree on version and licence", () => {
  const citation = read("CITATION.cff");
  expect(/^version: (.*)$/m.exec(citation)?.[1]).toBe(version);
  expect(/^license: (.*)$/m.exec(citation)?.[1]).toBe(license);
  expect(/^## (\d\S*) - \d{4}-\d\d-\d\d$/m.exec(read("CHANGELOG.md"))?.[1]).toBe(version);
  const [, name, number] = /^(\w+)-(\d\.\d)$/.exec(license)!;
  expect(read("LICENSE")).toMatch(new RegExp(`^ +${name} License\\n +Version ${number}`, "m"));
});
