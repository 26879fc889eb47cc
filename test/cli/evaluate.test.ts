import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EvaluationReport } from "../../src/evaluate/evaluate.ts";
import { disk } from "../../src/io/disk.ts";
import { writeMap } from "../../src/io/mrc.ts";
import { syntheticVolume } from "../web/syntheticRun.ts";
import { cryogan } from "./run.ts";

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-evaluate-"));
  await writeMap(disk.at(at("map.mrc")), syntheticVolume(16, 1));
});
afterAll(() => rm(folder, { recursive: true }));

test("a map is like itself: correlation 1 in every shell", async () => {
  const { code, stdout } = await cryogan(
    "evaluate",
    at("map.mrc"),
    "--reference",
    at("map.mrc"),
    "--no-align",
    "--mask",
    "none",
    "--json",
    "--out",
    at("out"),
  );
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as EvaluationReport;
  expect(report.correlation).toBeCloseTo(1, 6);
  const { fsc } = JSON.parse(await readFile(at("out/fsc.json"), "utf8")) as { fsc: number[] };
  expect(fsc).toHaveLength(8);
  for (const value of fsc) expect(value).toBeCloseTo(1, 5);
  expect(await readFile(at("out/fsc.xml"), "utf8")).toContain('title="FSC of map and reference"');
});

test("the text names what was compared and the resolution", async () => {
  const { stdout } = await cryogan(
    "evaluate",
    "--half-maps",
    at("map.mrc"),
    at("map.mrc"),
    "--no-align",
    "--mask",
    "none",
  );
  expect(stdout).toContain(`Half-maps            ${at("map.mrc")} and ${at("map.mrc")}\n`);
  // Voxels of 12 Å, 192 / 16; the correlation falls nowhere up to shell 8.
  expect(stdout).toMatch(
    new RegExp(
      "Grid +box 16 px, 12 Å per pixel\\nResolution at 0\\.5 +24 Å or better: the half-maps end there\\n" +
        "Resolution at 0\\.143 +24 Å or better: the half-maps end there\\nFSC curve +unmasked\\nCorrelation +1\\n",
    ),
  );
});
