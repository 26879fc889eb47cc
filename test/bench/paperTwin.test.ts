import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { device, paperCase } from "../../bench/cases.ts";
import { prepareCase, type ReadyCase, startTwin } from "../../bench/twin.ts";
import { convolutionalCritic } from "../../src/critic/convolutional.ts";

// PyTorch's convolutions, their second derivatives, Fourier transforms and Adam are the truth here.
describe("three iterations of the paper's recipe against PyTorch", () => {
  const folder = mkdtempSync(join(tmpdir(), "cryogan-paper-twin-"));
  let ready: ReadyCase;
  beforeAll(async () => {
    execFileSync("bash", [fileURLToPath(new URL("../../scripts/install-bench-debs.sh", import.meta.url))]);
    const narrow = await paperCase(14, (statistics) => convolutionalCritic(statistics, { channels: 6, features: 10 }));
    ready = await prepareCase(folder, narrow, device);
  });
  afterAll(async () => {
    await ready.executable.release();
    rmSync(folder, { recursive: true });
  });

  it("losses, penalty, both scales, volume and every layer agree", async () => {
    const twin = await startTwin(1, [{ folder, variant: "network" }]);
    twin.end();
    const lines = twin.agreement.trim().split("\n");
    expect(lines).toHaveLength(2); // after one and after three iterations
    for (const name of ["gradientPenalty", "logNoise", "logAmplitude", "u", "kernels1", "denseWeights"])
      expect(lines[1]).toContain(` ${name} `);
  });
});
