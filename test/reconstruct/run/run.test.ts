import { existsSync, readdirSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { InputError } from "../../../src/base/errors.ts";
import type { Volume } from "../../../src/base/types.ts";
import { evaluateAgainstReference } from "../../../src/evaluate/evaluate.ts";
import { type FscResult, shellCorrelation } from "../../../src/evaluate/fsc.ts";
import { applyMask } from "../../../src/evaluate/mask.ts";
import { spectrumOf } from "../../../src/evaluate/shells.ts";
import { finestShell } from "../../../src/evaluate/statistics.ts";
import { disk } from "../../../src/io/disk.ts";
import { readMap, writeMap, writeStack } from "../../../src/io/mrc.ts";
import { sphericalMask } from "../../../src/physics/mask.ts";
import { readCheckpoint } from "../../../src/reconstruct/folder/checkpoint.ts";
import { isPassing } from "../../../src/reconstruct/folder/eventLines.ts";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import type { RunRequest } from "../../../src/reconstruct/options.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import type { Stage } from "../../../src/reconstruct/stage.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { boxSize, smallParticleSet } from "../data.ts";
import { radialPowerOf } from "../simulated.ts";

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
const withLocal: Stage[] = [...stages, { kind: "local", maxRadius: 8, iterations: 2, particles: 1500 }];
const optionsFor = (name: string, more: Partial<RunRequest> = {}): RunRequest => ({
  particlesFile: particles,
  out: join(folder, name),
  stages,
  maxShift: 0,
  device: "cpu",
  ...more,
});
const file = (name: string, of: string) => readFile(join(folder, name, of));
/** The kinds of the stages as they were run. */
const kinds = (events: readonly RunEvent[]): string[] =>
  events.flatMap((event) => (event.type === "stage" ? [event.kind] : []));
const stagesUsed = async (name: string): Promise<Stage[]> =>
  (JSON.parse((await file(name, "config.json")).toString()) as { used: { stages: Stage[] } }).used.stages;

/** Runs until a little after `stop` says so, then aborts as Ctrl-C does. */
async function interrupted(options: RunRequest, stop: (event: RunEvent) => boolean): Promise<void> {
  const controller = new AbortController();
  await expect(
    reconstruct(nodeHost, options, (event) => stop(event) && setTimeout(() => controller.abort()), controller.signal),
  ).rejects.toMatchObject({ name: "AbortError" });
}

test("a run finds the molecule and leaves its files", async () => {
  const events: RunEvent[] = [];
  const longer: Stage[] = [
    { kind: "adversarial", maxRadius: 6, iterations: 120 },
    { kind: "refinement", maxRadius: 6, iterations: 3, particles: 2000 },
    { kind: "local", maxRadius: 10, iterations: 3, particles: Infinity },
  ];
  const { maps } = await reconstruct(nodeHost, optionsFor("whole", { stages: longer }), (event) => events.push(event));
  for (const name of ["config.json", "events.jsonl", "map.mrc", "checkpoint.bin", "examples.json", "spectra.json"])
    expect(existsSync(join(folder, "whole", name))).toBe(true);
  const { report } = await evaluateAgainstReference(maps[0]!, disk.at(join(folder, "truth.mrc")), { mask: "none" });
  // Shells 1 to 8 of 12: what the refinement worked on, but its soft end.
  expect(Math.min(...report.fsc.fsc.slice(0, 8))).toBeGreaterThan(0.5);

  // All events, but of the progress in a stage one a second.
  const lines = (await file("whole", "events.jsonl")).toString().trimEnd().split("\n"),
    written = new Set(lines);
  expect(events.map((event) => JSON.stringify(event)).filter((line) => written.has(line))).toEqual(lines);
  expect(events.filter((event) => !isPassing(event) && !written.has(JSON.stringify(event)))).toEqual([]);
  expect(events.at(-1)).toMatchObject({ type: "finished", map: "map.mrc" });
  expect(events.find(({ type }) => type === "density")).toMatchObject({ stage: 1, iteration: 1 });
  expect(existsSync(join(folder, "whole", "density.mrc"))).toBe(false);
  const likelihoods = events.filter((event) => event.type === "progress" && event.logLikelihood !== undefined);
  expect(likelihoods.map((event) => event.type === "progress" && [event.stage, event.iteration])).toEqual([
    [2, 1],
    [2, 2],
    [2, 3],
    [3, 1],
    [3, 2],
    [3, 3],
  ]);
  expect(kinds(events)).toEqual(["adversarial", "refinement", "local"]);
  expect((await stagesUsed("whole"))[2]).toEqual({ kind: "local", maxRadius: 10, iterations: 3, particles: 2000 });
  expect(readdirSync(join(folder, "whole")).filter((name) => name.endsWith(".scratch"))).toEqual([]);
});

test("noise comes from a bank of finer pixels and a wider box; one that is too small is refused", async () => {
  const edge = 64,
    bank = new Float32Array(20 * edge * edge);
  createStream(1, "bank").fillNormal(bank);
  const write = (name: string, pixelSizeAngstrom: number): Promise<void> =>
    writeStack(disk.at(join(folder, name)), { width: edge, height: edge, pixelSizeAngstrom, mode: 2 }, [bank]);
  await write("bank.mrcs", 3);
  await write("small.mrcs", 2);
  const events: RunEvent[] = [];
  await reconstruct(
    nodeHost,
    optionsFor("bank", { stages: [stages[0]!], noiseBank: join(folder, "bank.mrcs") }),
    (event) => events.push(event),
  );
  const scales = events.flatMap((event) => (event.type === "progress" ? [event.noiseScale] : []));
  expect(scales.length).toBeGreaterThan(0);
  for (const scale of scales) expect(Math.abs(scale! - 1)).toBeLessThan(0.15);
  expect(scales.at(-1)).not.toBe(1);
  await expect(reconstruct(nodeHost, optionsFor("refused", { noiseBank: join(folder, "small.mrcs") }))).rejects.toThrow(
    "small.mrcs has images of 64 px of 2 Å (128 Å), the particles have 24 px of 6 Å (144 Å)",
  );
});

test("where poses stay uncertain, a local stage tries all of them instead", async () => {
  // Noise alone: the file is the same but for its images.
  const stack = await readFile(join(folder, "particles.mrcs"));
  const noise = new Float32Array(2000 * boxSize ** 2);
  createStream(1, "noise").fillNormal(noise);
  Buffer.from(noise.buffer).copy(stack, 1024);
  await writeFile(join(folder, "noise.mrcs"), stack);
  await writeFile(
    join(folder, "noise.star"),
    (await readFile(particles, "utf8")).replaceAll("particles.mrcs", "noise.mrcs"),
  );
  const events: RunEvent[] = [],
    asked: Stage[] = [
      { kind: "adversarial", maxRadius: 6, iterations: 5 },
      { kind: "local", maxRadius: 8, iterations: 1, particles: 300 },
    ];
  await reconstruct(
    nodeHost,
    optionsFor("uncertain", { particlesFile: join(folder, "noise.star"), stages: asked }),
    (event) => events.push(event),
  );
  expect(kinds(events)).toEqual(["adversarial", "refinement"]);
  expect((await stagesUsed("uncertain"))[1]).toEqual({
    kind: "refinement",
    maxRadius: 8,
    iterations: 3,
    particles: 300,
  }); // weak signal: more passes
});

describe("memory", () => {
  test("particles in a scratch file make the same map, byte for byte; the file goes when the run ends", async () => {
    const largest = 8,
      perImage = 4 * (2 * largest) ** 2;
    // Half of the cache is for a sample of the images, which fits exactly, half for the store, whose rows are a little
    // longer.
    const short: Stage[] = [
      { kind: "adversarial", maxRadius: 6, iterations: 5 },
      { kind: "refinement", maxRadius: largest, iterations: 1, particles: 1000 },
    ];
    const inFile = { stages: short, cache: (2 * 2000 * perImage) / 1e9 };
    await reconstruct(nodeHost, optionsFor("in memory", { stages: short }));
    let seen = false;
    await reconstruct(nodeHost, optionsFor("in a file", inFile), (event) => {
      if (event.type === "stage") seen ||= existsSync(join(folder, "in a file", "all.scratch"));
    });
    expect(seen).toBe(true);
    expect((await file("in a file", "map.mrc")).equals(await file("in memory", "map.mrc"))).toBe(true);
    expect(existsSync(join(folder, "in a file", "all.scratch"))).toBe(false);
    await interrupted(
      optionsFor("in a file, stopped", inFile),
      (event) => event.type === "stage" && event.kind === "refinement",
    );
    expect(existsSync(join(folder, "in a file, stopped", "all.scratch"))).toBe(false);
    // What is left to look at is the density as it was seen last, at the box of its stage.
    const { shape, pixelSizeAngstrom } = await readMap(disk.at(join(folder, "in a file, stopped", "density.mrc")));
    const { pixelSizeAngstrom: ofImages } = await readMap(disk.at(join(folder, "truth.mrc")));
    expect([shape[0], shape[0] * pixelSizeAngstrom]).toEqual([12, boxSize * ofImages]);
  });

  test("with next to none a sample of the images tells their spectra, each with its own CTF", async () => {
    const largest = 10;
    await reconstruct(
      nodeHost,
      optionsFor("little", { stages: [{ kind: "adversarial", maxRadius: largest, iterations: 1 }], cache: 1e-9 }),
    );
    const { signalPower } = JSON.parse((await file("little", "spectra.json")).toString()) as { signalPower: number[] };
    // The truth is in units of its own: power against that at shell 3.
    const truth = radialPowerOf((await readMap(disk.at(join(folder, "truth.mrc")))).data);
    for (let k = 2; k <= 6; k++)
      expect(signalPower[k]! / signalPower[3]! / (truth[k]! / truth[3]!), `shell ${k}`).toSatisfy(
        (ratio: number) => Math.abs(ratio - 1) < 0.25,
      );
  });
});

describe("going on", () => {
  const shifted = { maxShift: 6, stages: withLocal };
  beforeAll(async () => {
    const events: RunEvent[] = [];
    await reconstruct(nodeHost, optionsFor("uninterrupted", shifted), (event) => events.push(event));
    expect(kinds(events)).toEqual(["adversarial", "refinement", "local"]);
  });

  const at =
    (stage: number, iteration: number) =>
    (event: RunEvent): boolean =>
      event.type === "progress" && event.stage === stage && event.iteration >= iteration;
  test.each([
    // the only report before the last that comes however fast the machine
    ["the adversarial stage", at(1, 1), 0, false],
    ["a pass of refinement", at(2, 1), 1, true],
    ["the search for poses", (event: RunEvent) => event.type === "map" && event.stage === 2, 2, false],
    ["a pass of local refinement", at(3, 1), 2, true],
  ])("a run stopped in %s and resumed gives the same map, byte for byte", async (where, stop, stage, insidePass) => {
    const broken = `interrupted ${where}`;
    await interrupted(optionsFor(broken, shifted), stop);
    const checkpoint = (await readCheckpoint(disk.at(join(folder, broken, "checkpoint.bin"))))!;
    expect(checkpoint.stage).toBe(stage);
    expect(checkpoint.progress?.tensors.position !== undefined).toBe(insidePass);
    await reconstruct(nodeHost, optionsFor(broken, { ...shifted, resume: true }));
    expect((await file(broken, "map.mrc")).equals(await file("uninterrupted", "map.mrc"))).toBe(true);
  });

  test("a checkpoint that a disk has spoilt: the run goes on from the one before, and gives the same map", async () => {
    const name = "spoilt",
      path = join(folder, name, "checkpoint.bin");
    await interrupted(optionsFor(name, shifted), at(2, 1));
    const spoilt = await readFile(path);
    spoilt[spoilt.length >> 1]! ^= 16;
    await writeFile(path, spoilt);
    const events: RunEvent[] = [];
    await reconstruct(nodeHost, optionsFor(name, { ...shifted, resume: true }), (event) => events.push(event));
    expect(events[1]).toMatchObject({
      type: "warning",
      message: `${path} is damaged; the run goes on from the checkpoint before it`,
    });
    expect((await file(name, "map.mrc")).equals(await file("uninterrupted", "map.mrc"))).toBe(true);
  });

  test("a resumed run is the run that was begun: other options are refused, the folder stays as it was", async () => {
    const options = optionsFor("options");
    await interrupted(options, (event) => event.type === "progress");
    const before = await file("options", "checkpoint.bin");
    await copyFile(particles, join(folder, "others.star"));
    const others: [Partial<RunRequest>, string][] = [
      [{ seed: 2 }, "--seed (1, now 2)"],
      [{ symmetry: "C2" }, "--symmetry (C1, now C2)"],
      [
        { particlesFile: join(folder, "others.star") },
        `particles-file (${particles}, now ${join(folder, "others.star")})`,
      ],
      [{ maskDiameter: 100 }, "--mask-diameter (not given, now 100)"],
      [{ halfMaps: true }, "--half-maps (not given, now given)"],
    ];
    for (const [changed, text] of others) {
      const error = await reconstruct(nodeHost, { ...options, resume: true, ...changed }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toContain(`the run began with another ${text}`);
      expect((error as Error).message).not.toContain("\n");
    }
    expect((await file("options", "checkpoint.bin")).equals(before)).toBe(true);
  });

  test("a folder that holds a run is refused, or replaced when asked; nothing of the old run is left", async () => {
    const options = optionsFor("twice", { stages: stages.slice(0, 1) });
    await interrupted(options, (event) => event.type === "progress");
    const before = await file("twice", "checkpoint.bin");
    await expect(reconstruct(nodeHost, options)).rejects.toThrow(
      "holds a run: go on with it by --resume, replace it by --overwrite, or give another folder",
    );
    expect((await file("twice", "checkpoint.bin")).equals(before)).toBe(true);
    await writeFile(join(folder, "twice", "fsc.json"), "{}");
    await reconstruct(nodeHost, { ...options, overwrite: true, seed: 2 });
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
    rows = text
      .map((line, i) => {
        if (i === lastLabel) return `${line}\n_rlnRandomSubset #${labels + 1}`;
        return i > lastLabel && line.trim() !== "" ? `${line} ${row++ < 1000 ? 1 : 2}` : line;
      })
      .join("\n");
    expect(row).toBe(2000);
    await writeFile(join(folder, "subsets.star"), rows);
    const truth = await readMap(disk.at(join(folder, "truth.mrc")));
    await writeMap(disk.at(join(folder, "mask.mrc")), { ...truth, data: sphericalMask(truth.shape, 9, 3) });
  });

  test("each half sees its own particles only", async () => {
    // In the other file, images 1001 on are copies of the first.
    const stack = await readFile(join(folder, "particles.mrcs"));
    stack.copy(stack, 1024 + 1000 * boxSize ** 2 * 4, 1024, 1024 + 1000 * boxSize ** 2 * 4);
    await writeFile(join(folder, "changed.mrcs"), stack);
    await writeFile(join(folder, "changed.star"), rows.replaceAll("particles.mrcs", "changed.mrcs"));

    const halfMaps = { halfMaps: true, mask: join(folder, "mask.mrc") };
    await reconstruct(nodeHost, optionsFor("halves", { ...halfMaps, particlesFile: join(folder, "subsets.star") }));
    const half2 = await file("halves", "half2_unaligned.mrc");
    await reconstruct(
      nodeHost,
      optionsFor("halves changed", { ...halfMaps, particlesFile: join(folder, "changed.star") }),
    );
    expect((await file("halves changed", "half1.mrc")).equals(await file("halves", "half1.mrc"))).toBe(true);
    expect((await file("halves changed", "half2_unaligned.mrc")).equals(half2)).toBe(false);
    const last = (await file("halves", "events.jsonl")).toString().trimEnd().split("\n").at(-1)!;
    // 24 px of the images, worked at shell 6: nothing in any map, nor in the resolution, is finer.
    const { shape, pixelSizeAngstrom } = await readMap(disk.at(join(folder, "halves", "map.mrc")));
    const finestAngstrom = (shape[0] * pixelSizeAngstrom) / 6;
    const finished = JSON.parse(last) as Extract<RunEvent, { type: "finished" }>;
    expect(finished).toMatchObject({ type: "finished", map: "map.mrc" });
    expect(finished.finestAngstrom).toBeCloseTo(finestAngstrom, 6);
    expect(finished.resolutionAngstrom ?? Infinity).toBeGreaterThanOrEqual(finished.finestAngstrom);
    for (const name of ["map", "half1", "half2", "half1_unmasked", "half2_unmasked"])
      expect(finestShell(await readMap(disk.at(join(folder, "halves", `${name}.mrc`)))), name).toBe(6);
  });

  test("half-maps are there without the mask, too: as in it, and with what lies outside", async () => {
    const [masked, unmasked] = [
      await readMap(disk.at(join(folder, "halves", "half1.mrc"))),
      await readMap(disk.at(join(folder, "halves", "half1_unmasked.mrc"))),
    ];
    // The mask begins to fall at 7.5 and is 0 beyond 10.5 of the box's 24 px.
    const power = (volume: Volume, from: number, to: number): number =>
      volume.data.reduce((sum, v, i) => {
        const r = Math.hypot((i % 24) - 12, (Math.floor(i / 24) % 24) - 12, Math.floor(i / 576) - 12);
        return r >= from && r < to ? sum + v * v : sum;
      }, 0);
    const difference = { ...masked, data: masked.data.map((v, i) => v - unmasked.data[i]!) };
    expect(power(difference, 0, 6) / power(masked, 0, 6)).toBeLessThan(0.01);
    expect(power(masked, 15, 24) / power(unmasked, 15, 24)).toBeLessThan(0.1);
    expect(power(unmasked, 15, 24) / power(unmasked, 0, 6)).toBeGreaterThan(1e-4);
  });

  test("their FSC is that of the unmasked ones, everywhere and in the mask of the run", async () => {
    const half1 = await readMap(disk.at(join(folder, "halves", "half1_unmasked.mrc"))),
      half2 = await readMap(disk.at(join(folder, "halves", "half2_unmasked.mrc"))),
      mask = await readMap(disk.at(join(folder, "mask.mrc")));
    const correlation = (a: Volume, b: Volume) => shellCorrelation(spectrumOf(a), spectrumOf(b)).slice(0, 6);
    const { fsc, fscMasked } = JSON.parse((await file("halves", "fsc.json")).toString()) as FscResult;
    expect(fsc).toHaveLength(6);
    correlation(half1, half2).forEach((value, i) => expect(fsc[i]).toBeCloseTo(value, 4));
    correlation(applyMask(half1, mask), applyMask(half2, mask)).forEach((value, i) =>
      expect(fscMasked![i]).toBeCloseTo(value, 4),
    );
  });

  test("stopped in the second half and gone on with, the unmasked half-maps are the same", async () => {
    const options = optionsFor("halves resumed", {
      halfMaps: true,
      mask: join(folder, "mask.mrc"),
      particlesFile: join(folder, "subsets.star"),
    });
    await interrupted(options, (event) => event.type === "checkpoint" && event.path.includes("half2"));
    await reconstruct(nodeHost, { ...options, resume: true });
    for (const name of ["half1_unmasked.mrc", "half2_unmasked.mrc"])
      expect((await file("halves resumed", name)).subarray(1024), name).toEqual(
        (await file("halves", name)).subarray(1024),
      );
    expect(await file("halves resumed", "fsc.json")).toEqual(await file("halves", "fsc.json"));
  });

  test("a half without enough particles is refused", async () => {
    let kept = 0;
    const oneSided = rows.replaceAll(/(particles\.mrcs .*) 2$/gm, (row, start) => (kept++ === 0 ? row : `${start} 1`));
    await writeFile(join(folder, "one-sided.star"), oneSided);
    await expect(
      reconstruct(nodeHost, optionsFor("one-sided", { halfMaps: true, particlesFile: join(folder, "one-sided.star") })),
    ).rejects.toThrow("one-sided.star: half 2 (rlnRandomSubset) has 1 particles; at least 128 are needed");
  });
});

test("a stage with a box larger than the images is refused", async () => {
  const error = await reconstruct(
    nodeHost,
    optionsFor("large", { stages: [{ kind: "adversarial", maxRadius: 16, iterations: 1 }] }),
  ).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(InputError);
  expect((error as Error).message).toContain("a stage asks for a box of 32 px, the largest allowed here is 24 px");
});

test("of several starts the one of highest likelihood is gone on with", async () => {
  const starts = [0, 1].flatMap((start): Stage[] => [
    { kind: "adversarial", maxRadius: 6, iterations: start === 0 ? 40 : 1, start }, // the second hardly begins
    { kind: "refinement", maxRadius: 6, iterations: 1, particles: 500, endsStart: true },
  ]);
  const last: Stage = { kind: "refinement", maxRadius: 6, iterations: 1, particles: 500 };
  const likelihoods = async (name: string, stages: Stage[]): Promise<number[]> => {
    const events: RunEvent[] = [];
    await reconstruct(nodeHost, optionsFor(name, { stages }), (event) => events.push(event));
    return events.flatMap((event) =>
      event.type === "progress" && event.logLikelihood !== undefined ? [event.logLikelihood] : [],
    );
  };
  const [first, second, third] = (await likelihoods("starts", [...starts, last])) as [number, number, number];
  const alone = await likelihoods("one start", [starts[0]!, starts[1]!, last]);
  expect(first).not.toBe(second);
  expect(alone[0]).toBe(first);
  // The last stage draws the same particles in both runs.
  if (first > second) expect(third).toBe(alone[1]);
  else expect(third).not.toBe(alone[1]);
});

test("where time runs out before the last start is refined, the map is that of the best start", async () => {
  const starts: Stage[] = [
    { kind: "adversarial", maxRadius: 6, iterations: 40, start: 0 },
    { kind: "refinement", maxRadius: 6, iterations: 1, particles: 500, endsStart: true },
    { kind: "adversarial", maxRadius: 6, iterations: 1, start: 1 },
    { kind: "refinement", maxRadius: 6, iterations: 1, particles: 500, endsStart: true },
  ];
  const alone = await reconstruct(nodeHost, optionsFor("first start", { stages: starts.slice(0, 2) }));
  const now = performance.now.bind(performance);
  let passed = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now() + passed);
  try {
    const events: RunEvent[] = [];
    const { maps } = await reconstruct(nodeHost, optionsFor("late", { stages: starts, timeLimit: 1e5 }), (event) => {
      events.push(event);
      if (event.type === "stage" && event.stage === 3) passed = 1e9;
    });
    const cutOff =
      /stopped by the time limit before refinement: the map is what the adversarial start left, at 24.0 Å/i;
    const { verdict } = events.at(-1) as Extract<RunEvent, { type: "finished" }>;
    expect(verdict).toMatchObject({ kind: "uncertain", reason: expect.stringMatching(cutOff) as string });
    expect(JSON.parse((await file("late", "result.json")).toString())).toMatchObject({
      ...verdict,
      evidence: { cutOff: cutOff.source },
    });
    expect(maps[0]!.data).toEqual(alone.maps[0]!.data);
    expect((await file("late", "map.mrc")).subarray(1024)).toEqual(
      (await file("first start", "map.mrc")).subarray(1024),
    );
  } finally {
    clock.mockRestore();
  }
});
