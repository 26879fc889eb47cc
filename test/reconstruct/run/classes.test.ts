/** Runs with several classes, and with one of junk: particles of two made-up molecules, and images of noise. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeMixture } from "../../../bench/classes/mixture.ts";
import type { Poses } from "../../../src/base/types.ts";
import { evaluateAgainstReference } from "../../../src/evaluate/evaluate.ts";
import type { FscResult } from "../../../src/evaluate/fsc.ts";
import { disk } from "../../../src/io/disk.ts";
import { readMap } from "../../../src/io/mrc.ts";
import { readParticles } from "../../../src/io/particles.ts";
import { angularDistance, eulerToMatrix } from "../../../src/physics/rotations.ts";
import type { RunEvent, RunVerdict } from "../../../src/reconstruct/folder/events.ts";
import type { RunRequest } from "../../../src/reconstruct/options.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import type { RunClasses, Stage } from "../../../src/reconstruct/stage.ts";
import { cryogan } from "../../cli/run.ts";
import { densityOf, randomBlobs } from "../../evaluate/blobs.ts";

const boxSize = 24,
  pixel = 6,
  particles = Infinity;
const molecule = (seed: number) => densityOf(randomBlobs(seed, 8, 0.2 * boxSize * pixel, 1.5 * pixel), boxSize, pixel);
const stages: Stage[] = [
  { kind: "adversarial", maxRadius: 6, iterations: 100 },
  { kind: "refinement", maxRadius: 6, iterations: 5, particles },
  { kind: "refinement", maxRadius: 8, iterations: 3, particles },
  { kind: "local", maxRadius: 10, iterations: 2, particles },
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-classes-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Share of the particles whose class in the run is that which most of their structure's have. */
async function right(run: string, data: string): Promise<{ share: number; classOf: number[] }> {
  const truth = JSON.parse(await readFile(join(data, "truth.json"), "utf8")) as number[],
    { classNumber } = await readParticles(disk, join(run, "particles.star")),
    structures = [...new Set(truth)].sort((a, b) => a - b),
    numbers = [...new Set(classNumber)];
  const classOf = structures.map((structure) => {
    const count = (number: number): number =>
      truth.filter((own, p) => own === structure && classNumber![p] === number).length;
    return numbers.reduce((a, b) => (count(b) > count(a) ? b : a));
  });
  const hits = truth.filter((structure, p) => classNumber![p] === classOf[structures.indexOf(structure)]).length;
  return { share: hits / truth.length, classOf };
}

const rotation = ({ rot, tilt, psi }: Poses, p: number) => eulerToMatrix(rot[p]!, tilt[p]!, psi[p]!);
/** Between two images: the same whatever the orientation and the hand of the map. */
const between = (of: Poses, p: number, q: number): number => angularDistance(rotation(of, p), rotation(of, q));

describe("two structures", () => {
  let data: string, options: RunRequest;
  const events: RunEvent[] = [];
  beforeAll(async () => {
    data = join(folder, "two");
    await writeMixture(data, {
      components: [
        { volume: molecule(1), count: 700, snr: 0.7 },
        { volume: molecule(2), count: 500, snr: 0.7 },
      ],
      shiftSigmaAngstrom: 0,
      seed: 1,
    });
    options = {
      particlesFile: join(data, "particles.star"),
      out: join(folder, "two-run"),
      stages,
      classes: 2,
      maxShift: 0,
      maskDiameter: 120,
      device: "cpu",
      threads: 1,
    };
    await reconstruct(nodeHost, options, (event) => events.push(event));
  });

  test("are told apart: particles, shares and maps", async () => {
    const { share, classOf } = await right(options.out, data);
    expect(share).toBeGreaterThan(0.95);
    expect(classOf[0]).not.toBe(classOf[1]);
    const { classes } = JSON.parse(await readFile(join(options.out, "result.json"), "utf8")) as RunVerdict;
    expect(classes).toHaveLength(2);
    expect(classes![classOf[0]! - 1]!.share).toBeCloseTo(700 / 1200, 1);
    for (const [structure, number] of classOf.entries()) {
      const map = await readMap(disk.at(join(options.out, classes![number - 1]!.map!)));
      const [own, other] = await Promise.all(
        [structure + 1, 2 - structure].map(async (k) => {
          const { report } = await evaluateAgainstReference(map, disk.at(join(data, `truth${k}.mrc`)), {
            mask: "none",
          });
          return report.fsc.fsc.slice(2, 7).reduce((sum, v) => sum + v / 5, 0);
        }),
      );
      expect(own).toBeGreaterThan(0.7);
      expect(own! - other!).toBeGreaterThan(0.15);
    }
    const largest = await readFile(join(options.out, `class${classOf[0]}.mrc`)),
      header = 1024;
    expect((await readFile(join(options.out, "map.mrc"))).subarray(header).equals(largest.subarray(header))).toBe(true);
  });

  test("the end of the run tells the classes, and its verdict claims none of them", () => {
    const finished = events.findLast((event) => event.type === "finished")!;
    expect(finished.classes!.map(({ number }) => number)).toEqual([1, 2]);
    expect(finished.verdict!.reason).toContain("classes");
  });

  test("each class is there to be seen", async () => {
    const shown = JSON.parse(await readFile(join(options.out, "classes.json"), "utf8")) as RunClasses,
      { classes } = JSON.parse(await readFile(join(options.out, "result.json"), "utf8")) as RunVerdict;
    expect(shown.classes.map(({ number, share }) => ({ number, share }))).toEqual(
      classes!.map(({ number, share }) => ({ number, share })),
    );
    for (const { projections, particles: images, agreement, directions } of shown.classes) {
      expect([...projections, ...images].map(({ length }) => length)).toEqual(
        new Array<number>(9).fill(shown.boxSize ** 2),
      );
      expect(Math.max(...images.flat().map(Math.abs))).toBeGreaterThan(1);
      expect(agreement![2]).toBeGreaterThan(0.5);
      expect(directions!.share.reduce((sum, v) => sum + v, 0)).toBeCloseTo(1, 5);
    }
  });

  test("poses and probabilities of the particles are in the file", async () => {
    const text = await readFile(join(options.out, "particles.star"), "utf8"),
      set = await readParticles(disk, join(options.out, "particles.star"));
    expect(set.poses).toBeDefined();
    for (const label of ["rlnClassNumber", "rlnMaxValueProbDistribution", "cryoganClassProbability"])
      expect(text).toContain(`_${label} `);
  });

  test("images of one class are turned against each other as they truly are", async () => {
    const truth = (await readParticles(disk, join(data, "truth.star"))).poses!,
      { poses, classNumber } = await readParticles(disk, join(options.out, "particles.star"));
    const own = [...classNumber!.keys()].filter((p) => classNumber![p] === 1),
      errors = own
        .slice(1)
        .map((p, i) => Math.abs(between(poses!, p, own[i]!) - between(truth, p, own[i]!)))
        .sort((a, b) => a - b);
    expect((errors[errors.length >> 1]! * 180) / Math.PI).toBeLessThan(10);
  });

  test("the particles of a class are exported with its map", async () => {
    const { code, stderr, stdout } = await cryogan(
      ...["export", options.out, "--relion", join(folder, "relion"), "--class", "2", "--poses", "--json"],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { classNumber } = await readParticles(disk, join(options.out, "particles.star")),
      exported = await readParticles(disk, join(folder, "relion", "particles.star"));
    expect(exported.count).toBe(classNumber!.filter((number) => number === 2).length);
    expect(JSON.parse(stdout.trim().split("\n").at(-1)!)).toMatchObject({ particles: exported.count, symmetry: "C1" });
    const [ours, theirs] = await Promise.all(
      [join(options.out, "class2.mrc"), join(folder, "relion", "map.mrc")].map((path) => readMap(disk.at(path))),
    );
    expect(theirs!.data).toEqual(ours!.data);
    const absent = await cryogan("export", options.out, "--relion", join(folder, "relion"), "--class", "5");
    expect(absent).toMatchObject({ code: 1, stderr: expect.stringContaining("has no particles of class 5") });
  });

  test("a run that was stopped in each kind of stage ends as one that was not", async () => {
    const out = join(folder, "two-stopped");
    let stops = 0;
    for (const [stage, after] of [
      [1, 40],
      [2, 1.5],
      [4, 0.5],
    ] as const) {
      const controller = new AbortController();
      const begun = reconstruct(
        nodeHost,
        { ...options, out, resume: stops > 0 },
        (event) => {
          if (event.type === "progress" && event.stage === stage && event.iteration >= after) controller.abort();
        },
        controller.signal,
      );
      await expect(begun).rejects.toMatchObject({ name: "AbortError" });
      stops++;
    }
    await reconstruct(nodeHost, { ...options, out, resume: true });
    for (const name of ["map.mrc", "class1.mrc", "class2.mrc"])
      expect((await readFile(join(out, name))).equals(await readFile(join(options.out, name)))).toBe(true);
    const star = (path: string) => readFile(join(path, "particles.star"), "utf8");
    expect(await star(out)).toBe(await star(options.out));
  });

  test("that all seeds find are said to be", async () => {
    const out = join(folder, "two-repeated"),
      told: RunEvent[] = [];
    const { verdict } = await reconstruct(nodeHost, { ...options, out, repeats: 2 }, (event) => told.push(event));
    expect(verdict.reason).toMatch(/2 structures are found by all of 2 seeds \(class 1, class 2\)\.$/);
    expect(told.at(-1)).toMatchObject({ type: "finished", verdict });
    const { repeats } = JSON.parse(await readFile(join(out, "result.json"), "utf8")) as RunVerdict;
    expect(repeats!.adjustedRandIndex[0]).toBeGreaterThan(0.8);
    expect(repeats!.structures.map(({ foundBy }) => foundBy)).toEqual([2, 2]);
    expect(await readFile(join(out, "map.mrc"))).toEqual(await readFile(join(options.out, "map.mrc")));
  });

  test("each half finds both by itself, and the halves of each are joined", async () => {
    const out = join(folder, "two-halves"),
      told: RunEvent[] = [];
    await reconstruct(nodeHost, { ...options, out, halfMaps: true }, (event) => told.push(event));
    const { classes, evidence, reason } = JSON.parse(await readFile(join(out, "result.json"), "utf8")) as RunVerdict;
    expect(told.at(-1)).toMatchObject({ type: "finished", map: "map.mrc", classes });
    expect(classes!.map(({ number }) => number)).toEqual([1, 2]);
    expect(evidence.halves!.classes).toMatchObject({ both: [{ number: 1 }, { number: 2 }], alone: [] });
    expect(reason).toMatch(/Both halves have classes 1 and 2 \(correlation 0\.\d\d, 0\.\d\d\)\.$/);

    const { share, classOf } = await right(out, data);
    expect(share).toBeGreaterThan(0.9);
    const largest = classes![classOf[0]! - 1]!;
    expect(largest.share).toBeCloseTo(700 / 1200, 1);
    expect(largest.particles! + classes![classOf[1]! - 1]!.particles!).toBe(1200);
    for (const name of ["map.mrc", "half1.mrc", "half2.mrc", "half1_unmasked.mrc", "half2_unmasked.mrc", "fsc.json"]) {
      const ofClass = name === "map.mrc" ? `class${classOf[0]}.mrc` : `class${classOf[0]}_${name}`;
      expect(await readFile(join(out, ofClass)), ofClass).toEqual(await readFile(join(out, name)));
    }
    for (const { number, resolutionAngstrom, fsc } of classes!) {
      const { resolution0143Angstrom } = JSON.parse(await readFile(join(out, fsc!), "utf8")) as FscResult;
      expect(resolutionAngstrom).toBeCloseTo(resolution0143Angstrom!, 4);
      const [mean, half1, half2] = await Promise.all(
        [`class${number}.mrc`, `class${number}_half1.mrc`, `class${number}_half2.mrc`].map((name) =>
          readMap(disk.at(join(out, name))),
        ),
      );
      mean!.data.forEach((v, i) => expect(v).toBeCloseTo((half1!.data[i]! + half2!.data[i]!) / 2, 4));
    }

    // Poses are against one map: images of different halves are turned against each other as they truly are.
    const truth = (await readParticles(disk, join(data, "truth.star"))).poses!,
      { poses, classNumber, randomSubset } = await readParticles(disk, join(out, "particles.star"), {
        needs: ["halfSets"],
      });
    const ofHalf = (half: number): number[] =>
      [...classNumber!.keys()].filter((p) => classNumber![p] === 1 && randomSubset![p] === half);
    const [first, second] = [ofHalf(1), ofHalf(2)],
      errors = first
        .slice(0, second.length)
        .map((p, i) => Math.abs(between(poses!, p, second[i]!) - between(truth, p, second[i]!)))
        .sort((a, b) => a - b);
    expect((errors[errors.length >> 1]! * 180) / Math.PI).toBeLessThan(12);

    const { code } = await cryogan("export", out, "--relion", join(folder, "relion-halves"), "--class", "1", "--poses");
    expect(code).toBe(0);
    const exported = await readParticles(disk, join(folder, "relion-halves", "particles.star"));
    expect(exported.count).toBe(first.length + second.length);
    expect(exported.poses!.rot[0]).toBeCloseTo(poses!.rot[classNumber!.indexOf(1)]!, 5);
  });

  test("goes on with as many classes alone", async () => {
    const again = reconstruct(nodeHost, { ...options, classes: 3, resume: true });
    await expect(again).rejects.toThrow("the run began with another --classes (2, now 3)");
  });

  test("more classes than particles allow are refused", async () => {
    const many = reconstruct(nodeHost, { ...options, out: join(folder, "many"), classes: 16 });
    await expect(many).rejects.toThrow("1200 particles are too few for 16 classes; at least 2048 are needed");
  });
});

test("images of noise are a class of their own", async () => {
  const data = join(folder, "junk");
  await writeMixture(data, {
    components: [{ volume: molecule(1), count: 700, snr: 0.7 }, { count: 300 }],
    shiftSigmaAngstrom: 0,
    seed: 1,
  });
  const out = join(folder, "junk-run");
  await reconstruct(nodeHost, {
    particlesFile: join(data, "particles.star"),
    out,
    stages,
    junkClass: true,
    maxShift: 0,
    maskDiameter: 120,
    device: "cpu",
    threads: 1,
  });
  const { share, classOf } = await right(out, data);
  expect(share).toBeGreaterThan(0.95);
  expect(classOf).toEqual([1, 2]);
  const { classes } = JSON.parse(await readFile(join(out, "result.json"), "utf8")) as RunVerdict;
  expect(classes![1]).toMatchObject({ number: 2, junk: true });
  expect(classes![1]!.share).toBeCloseTo(0.3, 1);
});
