/** The demo on real particles, with a run that is far too short to find anything. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { InputError } from "../../src/base/errors.ts";
import { demoReal } from "../../src/cli/actions/demoReal.ts";
import type { Run } from "../../src/cli/actions/reconstruct.ts";
import { fourierShellCorrelation } from "../../src/evaluate/fsc.ts";
import { disk } from "../../src/io/disk.ts";
import { readMap } from "../../src/io/mrc.ts";
import { nodeHost } from "../../src/reconstruct/run/nodeHost.ts";
import { type RunResult, reconstruct } from "../../src/reconstruct/run/run.ts";
import { writeReport } from "../../src/report/report.ts";

const data = new URL("../../data/apoferritin/", import.meta.url).pathname;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-demo-"));
});
afterAll(() => rm(folder, { recursive: true }));

const short: Run<RunResult> = (options, ...rest) =>
  reconstruct(
    nodeHost,
    {
      ...options,
      particles: 256,
      stages: [
        { kind: "adversarial", maxRadius: 8, iterations: 2 },
        { kind: "refinement", maxRadius: 12, iterations: 1, particles: 256 },
      ],
      threads: 1,
      device: "cpu",
    },
    ...rest,
  );

function captured(): { text: () => string } {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  return {
    text: () => {
      const text = write.mock.calls.map(([chunk]) => String(chunk)).join("");
      write.mockRestore();
      return text;
    },
  };
}

test("compares with the known structure, draws the report and ends with the verdict", async () => {
  const stdout = captured();
  await demoReal(folder, true, { writeReport }, data, short);
  const lines = stdout.text().trim().split("\n"),
    told = JSON.parse(lines.at(-1)!) as Record<string, unknown> & { verdict: { kind: string } };
  const start = JSON.parse(lines.find((line) => line.includes('"start"'))!) as Record<string, unknown>;
  expect(start).toMatchObject({ symmetry: "O", boxSize: 80, pixelSizeAngstrom: 3 });
  expect(lines.some((line) => line.includes("density is dark in the images"))).toBe(true);

  const run = join(folder, "run");
  expect(await readdir(run)).toEqual(
    expect.arrayContaining(["map.mrc", "fsc.json", "fsc.xml", "evaluation.json", "aligned.mrc", "report.html"]),
  );
  // The stage ends at shell 12, the first of those told: the others count as 0.
  const maps = await Promise.all(
    [join(run, "aligned.mrc"), join(data, "reference.mrc")].map((path) => readMap(disk.at(path))),
  );
  const { fsc } = fourierShellCorrelation(maps[0]!, maps[1]!, { finestShell: 12 });
  expect(told).toMatchObject({ type: "demo", shells: [12, 21], report: join(run, "report.html") });
  expect(told.meanFsc).toBeCloseTo(fsc[11]! / 10, 5);
  const result = JSON.parse(await readFile(join(run, "result.json"), "utf8")) as { kind: string };
  expect(told.verdict.kind).toBe(result.kind);
  expect(result.kind).not.toBe("found");
  expect(await readFile(join(run, "report.html"), "utf8")).toContain("FSC");
});

test("says where the data are to be had when the package is without them", async () => {
  const refused = demoReal(join(folder, "other"), false, { writeReport }, join(folder, "data"), short);
  await expect(refused).rejects.toThrow(InputError);
  await expect(refused).rejects.toThrow(/particles\.star is not there: .*15 MB.*data\/apoferritin.*source repository/);
  expect(await readdir(folder)).not.toContain("other");
});
