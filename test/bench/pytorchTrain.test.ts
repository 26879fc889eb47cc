import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goodShells } from "../../bench/table.ts";
import { simulate } from "../../src/cli/actions/simulate.ts";
import { parseSimulateOptions } from "../../src/cli/options/simulate.ts";
import { evaluateAgainstReference } from "../../src/evaluate/evaluate.ts";
import { disk } from "../../src/io/disk.ts";

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const run = promisify(execFile);

// What pytorch_train.py adds to the iteration, which twin.test.ts compares: reading, spectra, batches, marching.
describe("training in PyTorch from a STAR file", () => {
  const folder = mkdtempSync(join(tmpdir(), "cryogan-train-"));
  const star = join(folder, "particles.star");
  beforeAll(async () => {
    execFileSync("bash", [path("scripts/install-bench-debs.sh")]);
    await simulate(
      parseSimulateOptions({
        model: path("data/ribosome-70s-65.mrc"),
        mapPixelSize: "5",
        box: "24",
        particles: "1000",
        snr: "1",
        defocusRange: "1,2.5",
        out: folder,
        device: "cpu",
        json: true,
      }),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("maps resemble the truth, and the second box adds a shell to the first", async () => {
    const out = join(folder, "maps");
    await run("/usr/bin/python3", [
      path("bench/pytorch_train.py"),
      star,
      out,
      "--stages",
      "12:60,16:60",
      "--every",
      "1000",
      "--threads",
      "1",
    ]);
    expect(readdirSync(out).sort()).toEqual(["map_000060.mrc", "map_000120.mrc"]);
    const shells = async (map: string): Promise<number> =>
      goodShells(
        (await evaluateAgainstReference(disk.at(join(out, map)), disk.at(join(folder, "truth.mrc")), { mask: "none" }))
          .report.fsc.fsc,
      );
    const first = await shells("map_000060.mrc"),
      second = await shells("map_000120.mrc");
    expect(first).toBeGreaterThanOrEqual(3);
    expect(second).toBeGreaterThan(first);
  });
});
