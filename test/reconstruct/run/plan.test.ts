/** What is told before a run against what the run then lays out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { disk } from "../../../src/io/disk.ts";
import { parseReconstructOptions } from "../../../src/reconstruct/optionSchema.ts";
import { type Inspection, inspectParticles } from "../../../src/reconstruct/run/inspection.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { planOf } from "../../../src/reconstruct/run/plan.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import type { Stage } from "../../../src/reconstruct/stage.ts";
import { nodeCpu } from "../../../src/runtime/onnxRuntimeNode.ts";
import { temporaryFolder } from "../../io/helpers.ts";
import { smallParticleSet } from "../data.ts";

const folder = temporaryFolder();
let particlesFile: string, inspection: Inspection;
beforeAll(async () => {
  particlesFile = await smallParticleSet(folder, 900);
  inspection = await inspectParticles(disk, { particlesFile }, async () => nodeCpu());
});
const optionsOf = (given: Record<string, unknown>, out = "run") =>
  parseReconstructOptions({ particlesFile, device: "cpu", ...given, out: join(folder, out) });
const plan = (given: Record<string, unknown> = {}) => planOf(inspection, optionsOf(given));

test.each([{}, { symmetry: "D2", timeLimit: "90s" }, { halfMaps: true, maskDiameter: "100", maxShift: "0" }])(
  "the finest stage of a run with %j",
  async (given) => {
    const out = `run-${JSON.stringify(given).length}`,
      begun = new AbortController();
    await expect(
      reconstruct(nodeHost, optionsOf(given, out), ({ type }) => type === "progress" && begun.abort(), begun.signal),
    ).rejects.toThrow();
    const { used } = JSON.parse(readFileSync(join(folder, out, "config.json"), "utf8")) as {
      used: { stages: Stage[] };
    };
    const finest = Math.max(...used.stages.map(({ maxRadius }) => maxRadius)),
      { boxSize, pixelSizeAngstrom } = inspection.summary;
    expect(plan(given)).toMatchObject({ resolutionAngstrom: (boxSize * pixelSizeAngstrom) / finest, orFiner: false });
  },
);

test("it takes no longer than it may, and two halves longer than the whole", () => {
  const seconds = plan()!.seconds;
  expect(seconds).toBeGreaterThan(1);
  expect(plan({ timeLimit: "2s" })!.seconds).toBe(2);
  expect(plan({ stages: "adversarial 16:500" })!.seconds).toBeLessThan(
    plan({ stages: "adversarial 16:5000" })!.seconds,
  );
  expect(plan({ halfMaps: true, stages: "adversarial 16:500" })!.seconds).toBeGreaterThan(
    2 * plan({ stages: "adversarial 16:500" })!.seconds - 1,
  );
  expect(plan({ resolution: "36" })!.resolutionAngstrom).toBeCloseTo(36, 6);
});

test("starts at a finer shell, which the data may ask for, take longer; without them there is one time", () => {
  const fine: Inspection = {
    summary: { ...inspection.summary, boxSize: 96, pixelSizeAngstrom: 2 },
    spectra: { noise: Array<number>(49).fill(1), signal: Array<number>(49).fill(1) },
  };
  const of = (given: Record<string, unknown>) => planOf(fine, optionsOf(given))!,
    { seconds, secondsWithFiner } = of({ maskDiameter: "100" });
  expect(secondsWithFiner).toBeGreaterThan(seconds + 10);
  expect(of({ maskDiameter: "100", timeLimit: "250s" }).secondsWithFiner).toBeLessThanOrEqual(250);
  for (const given of [{ method: "cryogan" }, { timeLimit: "90s" }, { resolution: "20" }])
    expect(of({ maskDiameter: "100", ...given })).not.toHaveProperty("secondsWithFiner");
});

test("nothing is told where the estimate is not made for it", () => {
  for (const given of [{ classes: "2" }, { junkClass: true }, { motion: "1" }, { recipe: "paper" }])
    expect(plan(given)).toBeUndefined();
  expect(planOf({ summary: inspection.summary }, optionsOf({}))).toBeUndefined();
  expect(() => plan({ maskDiameter: "1000" })).toThrow("does not fit");
});
