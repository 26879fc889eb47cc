/** The report of recorded runs of a molecule that moves. */
import { rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeReport } from "../../src/report/report.ts";
import { temporaryFolder } from "../io/helpers.ts";
import { unpackRun } from "../web/recordedRun.ts";

let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
  for (const name of ["hinge", "hinge-2", "molecules"] as const) unpackRun(name, join(folder, name));
});
afterAll(() => rmSync(folder, { recursive: true }));

const reportOf = async (name: string) => readFile(await writeReport(join(folder, name)), "utf8");
/** Its section, from heading to heading. */
const motionIn = (html: string) => /<h2>Motion<\/h2>.*?(?=<h2>)/s.exec(html)?.[0];
const images = (html: string) =>
  [...html.matchAll(/src="data:image\/png;base64,([^"]+)"/g)].map((match) => decode(Buffer.from(match[1]!, "base64")));

test("the maps along a component stand side by side, in one grey, and change from one end to the other", async () => {
  const section = motionIn(await reportOf("hinge"))!,
    maps = images(section);
  expect(section).toContain("<h3>Component 1: 4.2 % of the power of the mean, seen along ");
  expect(section).toContain("<figcaption>z -1.41, 14.1 %</figcaption>");
  expect(maps.map(({ width, height }) => [width, height])).toEqual(Array.from({ length: 7 }, () => [32, 32]));
  const off = (i: number) =>
    Array.from(maps[i]!.data).reduce((sum, value, p) => sum + (value - maps[0]!.data[p]!) ** 2, 0);
  for (let i = 2; i < 7; i++) expect(off(i)).toBeGreaterThan(off(i - 1));
});

test("the histogram has a bar for each bin, which add up to all particles", async () => {
  const section = motionIn(await reportOf("hinge"))!,
    heights = [...section.matchAll(/<rect [^>]*height="([\d.]+)"/g)].map((match) => Number(match[1]));
  expect(section).toContain("Where the 1,488 particles are");
  // In z of the file, by its lines.
  const z = (await readFile(join(folder, "hinge/particles.star"), "utf8"))
    .split("\n")
    .filter((line) => line.includes("@"))
    .map((line) => Number(line.split(" ").at(-2)));
  const [low, high] = [Math.min(...z), Math.max(...z)],
    counts = heights.map(
      (_, i) =>
        z.filter(
          (value) => Math.min(heights.length - 1, Math.floor((heights.length * (value - low)) / (high - low))) === i,
        ).length,
    );
  const largest = Math.max(...counts);
  heights.forEach((height, i) => {
    expect(Math.abs(height / Math.max(...heights) - counts[i]! / largest)).toBeLessThan(0.02);
  });
});

test("of two components both series and one density are shown", async () => {
  const section = motionIn(await reportOf("hinge-2"))!;
  expect(section).toContain("<h3>Component 2: ");
  expect(images(section)).toHaveLength(7 + 7 + 1);
  expect(section).toMatch(
    /z along component 1, -\d.\d\d to \d.\d\d, across; along component 2, -\d.\d\d to \d.\d\d, up/,
  );
});

test("a run without a motion has no such section", async () => {
  expect(motionIn(await reportOf("molecules"))).toBeUndefined();
});

test("without its particles, or with maps of other folders, what is left is shown", async () => {
  const path = join(folder, "hinge-2/events.jsonl"),
    events = (await readFile(path, "utf8")).replaceAll('"motion2_01.mrc"', '"../hinge/motion1_01.mrc"');
  writeFileSync(path, events);
  writeFileSync(join(folder, "hinge-2/particles.star"), "data_particles\n\nloop_\n_rlnImageName\n1@x.mrcs\n");
  const html = await reportOf("hinge-2"),
    section = motionIn(html)!;
  expect(images(section)).toHaveLength(7 + 6);
  expect(section).not.toContain("Where the");
  expect(html).toContain(
    "left out: particles.star: particles.star has no column _cryoganMotion1; a run with --motion writes one",
  );
});
