import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evaluateAgainstReference } from "../../src/evaluate/evaluate.ts";
import { InputError } from "../../src/io/types.ts";
import type { RunEvent } from "../../src/reconstruct/events.ts";
import { reconstruct, type ReconstructOptions } from "../../src/reconstruct/run.ts";
import type { Stage } from "../../src/reconstruct/schedule.ts";
import { boxSize, smallParticleSet } from "./data.ts";

let folder: string, particles: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-run-"));
  particles = await smallParticleSet(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const stages: Stage[] = [
  { kind: "adversarial", maxRadius: 6, iterations: 30 },
  { kind: "refinement", maxRadius: 6, iterations: 2, particles: 1000 },
];
const optionsFor = (name: string, more: Partial<ReconstructOptions> = {}): ReconstructOptions => ({
  particles, out: join(folder, name), symmetry: "C1", stages, critic: "likelihood-ratio", halfMaps: false, resume: false, overwrite: false,
  maximumShiftAngstrom: 0, device: "cpu", seed: 1, ...more,
});
const file = (name: string, of: string) => readFile(join(folder, name, of));

/** Runs until `stop` says so, then aborts as Ctrl-C does. */
async function interrupted(options: ReconstructOptions, stop: (event: RunEvent) => boolean): Promise<void> {
  const controller = new AbortController();
  await expect(reconstruct(options, (event) => stop(event) && controller.abort(), controller.signal)).rejects.toMatchObject({ name: "AbortError" });
}

test("a run finds the molecule and leaves its files", async () => {
  const events: RunEvent[] = [];
  const longer: Stage[] = [
    { kind: "adversarial", maxRadius: 6, iterations: 200 },
    { kind: "refinement", maxRadius: 6, iterations: 3, particles: 2000 },
    { kind: "refinement", maxRadius: 10, iterations: 3, particles: Infinity },
  ];
  const { maps } = await reconstruct(optionsFor("whole", { stages: longer }), (event) => events.push(event));
  for (const name of ["config.json", "events.jsonl", "map.mrc", "checkpoint.bin", "examples.json", "spectra.json"]) expect(existsSync(join(folder, "whole", name))).toBe(true);
  const { report } = await evaluateAgainstReference(maps[0]!, join(folder, "truth.mrc"), { mask: "none" });
  // Shells 1 to 8 of 12: what the refinement worked on, but its soft end.
  expect(Math.min(...report.fsc.fsc.slice(0, 8))).toBeGreaterThan(0.5);

  const lines = (await file("whole", "events.jsonl")).toString().trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(events);
  expect(events.at(-1)).toMatchObject({ type: "finished", map: "map.mrc" });
  const likelihoods = events.filter((event) => event.type === "progress" && event.logLikelihood !== undefined);
  expect(likelihoods.map((event) => event.type === "progress" && [event.stage, event.iteration])).toEqual([[2, 1], [2, 2], [2, 3], [3, 1], [3, 2], [3, 3]]);
  const config = JSON.parse((await file("whole", "config.json")).toString()) as { stages: Stage[] };
  expect(config.stages[2]).toEqual({ kind: "refinement", maxRadius: 10, iterations: 3, particles: 2000 });
});

describe("going on", () => {
  test.each([
    ["the adversarial stage", (event: RunEvent) => event.type === "progress" && event.stage === 1 && event.iteration >= 10],
    ["a pass of refinement", (event: RunEvent) => event.type === "progress" && event.stage === 2 && event.iteration > 1],
  ])("a run stopped in %s and resumed gives the same map, byte for byte", async (where, stop) => {
    const shifted = { maximumShiftAngstrom: 6 };
    const whole = `uninterrupted ${where}`, broken = `interrupted ${where}`;
    await reconstruct(optionsFor(whole, shifted));
    await interrupted(optionsFor(broken, shifted), stop);
    await reconstruct(optionsFor(broken, { ...shifted, resume: true }));
    expect((await file(broken, "map.mrc")).equals(await file(whole, "map.mrc"))).toBe(true);
  });

  test("a resumed run is the run that was begun: other options are refused, and the folder stays as it was", async () => {
    const options = optionsFor("options");
    await interrupted(options, (event) => event.type === "progress");
    const before = await file("options", "checkpoint.bin");
    await copyFile(particles, join(folder, "others.star"));
    const others: [Partial<ReconstructOptions>, string][] = [
      [{ seed: 2 }, "--seed (1, now 2)"],
      [{ symmetry: "C2" }, "--symmetry (C1, now C2)"],
      [{ particles: join(folder, "others.star") }, `particle file (${particles}, now ${join(folder, "others.star")})`],
      [{ maskDiameterAngstrom: 100 }, "--mask-diameter (not given, now 100)"],
      [{ halfMaps: true }, "--half-maps (false, now true)"],
    ];
    for (const [changed, text] of others) {
      const error = await reconstruct({ ...options, resume: true, ...changed }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toContain(`the run began with another ${text}`);
      expect((error as Error).message).not.toContain("\n");
    }
    expect((await file("options", "checkpoint.bin")).equals(before)).toBe(true);
  });

  test("a folder that holds a run is refused, or replaced when asked; nothing of the old run is left", async () => {
    const options = optionsFor("twice");
    await interrupted(options, (event) => event.type === "progress");
    const before = await file("twice", "checkpoint.bin");
    await expect(reconstruct(options)).rejects.toThrow("holds a run: go on with it by --resume, replace it by --overwrite, or give another folder");
    expect((await file("twice", "checkpoint.bin")).equals(before)).toBe(true);
    await writeFile(join(folder, "twice", "fsc.json"), "{}");
    await reconstruct({ ...options, overwrite: true, seed: 2 });
    expect(existsSync(join(folder, "twice", "fsc.json"))).toBe(false);
    expect((await file("twice", "events.jsonl")).toString().match(/"type":"start"/g)).toHaveLength(1);
  });
});

describe("half-maps", () => {
  /** The rows of the file with a random subset: 1 for the first thousand, 2 for the others. */
  let rows: string;
  beforeAll(async () => {
    const text = (await readFile(particles, "utf8")).split("\n");
    const lastLabel = text.findLastIndex((line) => line.startsWith("_rln"));
    const labels = Number(/#(\d+)/.exec(text[lastLabel]!)![1]);
    let row = 0;
    rows = text.map((line, i) => {
      if (i === lastLabel) return `${line}\n_rlnRandomSubset #${labels + 1}`;
      return i > lastLabel && line.trim() !== "" ? `${line} ${row++ < 1000 ? 1 : 2}` : line;
    }).join("\n");
    expect(row).toBe(2000);
    await writeFile(join(folder, "subsets.star"), rows);
  });

  test("each half sees its own particles only", async () => {
    // In the other file, images 1001 on are copies of the first.
    const stack = await readFile(join(folder, "particles.mrcs"));
    stack.copy(stack, 1024 + 1000 * boxSize ** 2 * 4, 1024, 1024 + 1000 * boxSize ** 2 * 4);
    await writeFile(join(folder, "changed.mrcs"), stack);
    await writeFile(join(folder, "changed.star"), rows.replaceAll("particles.mrcs", "changed.mrcs"));

    let joined: unknown;
    const halfMaps = { halfMaps: true };
    await reconstruct(optionsFor("halves", { ...halfMaps, particles: join(folder, "subsets.star") }), undefined, undefined, async (maps) => {
      joined = maps.length;
      return { map: "joint.mrc", resolutionAngstrom: 12 };
    });
    await reconstruct(optionsFor("halves changed", { ...halfMaps, particles: join(folder, "changed.star") }));
    expect((await file("halves changed", "half1.mrc")).equals(await file("halves", "half1.mrc"))).toBe(true);
    expect((await file("halves changed", "half2.mrc")).equals(await file("halves", "half2.mrc"))).toBe(false);
    expect(joined).toBe(2);
    const last = (await file("halves", "events.jsonl")).toString().trimEnd().split("\n").at(-1)!;
    expect(JSON.parse(last)).toMatchObject({ type: "finished", map: "joint.mrc", resolutionAngstrom: 12 });
  });

  test("a half without enough particles is refused", async () => {
    await writeFile(join(folder, "one-sided.star"), rows.replaceAll(/(particles\.mrcs .*) 2$/gm, "$1 1"));
    await expect(reconstruct(optionsFor("one-sided", { halfMaps: true, particles: join(folder, "one-sided.star") }))).rejects.toThrow(
      "one-sided.star: half 2 (rlnRandomSubset) has 0 particles; at least 128 are needed");
  });
});

test("a stage with a box larger than the images is refused", async () => {
  const error = await reconstruct(optionsFor("large", { stages: [{ kind: "adversarial", maxRadius: 16, iterations: 1 }] })).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(InputError);
  expect((error as Error).message).toContain("a stage asks for a box of 32 px, the largest allowed here is 24 px");
});
