import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adversarialCase, device } from "../../bench/cases.ts";
import { prepareCase, type ReadyCase, startTwin } from "../../bench/twin.ts";

// PyTorch's own derivatives, second derivatives, interpolation and Adam are the truth here.
describe("three adversarial iterations against PyTorch", () => {
  const folder = mkdtempSync(join(tmpdir(), "cryogan-twin-"));
  let ready: ReadyCase;
  beforeAll(async () => {
    execFileSync("bash", [fileURLToPath(new URL("../../scripts/install-bench-debs.sh", import.meta.url))]);
    ready = await prepareCase(folder, await adversarialCase(4), device);
  });
  afterAll(async () => {
    await ready.executable.release();
    rmSync(folder, { recursive: true });
  });

  it("losses, penalty, volume, templates, offsets and amplitude agree", async () => {
    const twin = await startTwin(1, [
      { folder, variant: "harmonics" },
      { folder, variant: "dense" },
    ]);
    twin.end();
    expect(twin.agreement.trim().split("\n")).toHaveLength(4); // two variants, after one and after three iterations
  });

  it("the comparison notices a volume that is a hundredth off", async () => {
    const manifest = JSON.parse(readFileSync(join(folder, "case.json"), "utf8")) as {
      arrays: Record<string, { file: string }>;
    };
    const file = join(folder, manifest.arrays["expected3/u"]!.file);
    const bytes = readFileSync(file);
    const u = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    writeFileSync(
      file,
      u.map((v) => 1.01 * v),
    );
    await expect(startTwin(1, [{ folder, variant: "harmonics" }])).rejects.toThrow("the twin computes something else");
  });
});
