/** What the options that tell of the data do to a whole run. */

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../../../src/base/errors.ts";
import type { Volume } from "../../../src/base/types.ts";
import { fourierShellCorrelation } from "../../../src/evaluate/fsc.ts";
import { disk } from "../../../src/io/disk.ts";
import { openStack, readMap, writeMap } from "../../../src/io/mrc.ts";
import { readParticles } from "../../../src/io/particles.ts";
import { centeredInverse, centeredTransform } from "../../../src/numeric/centredTransform.ts";
import { whiteNoise } from "../../../src/physics/noise.ts";
import type { RunEvent } from "../../../src/reconstruct/folder/events.ts";
import type { RunRequest } from "../../../src/reconstruct/options.ts";
import { nodeHost } from "../../../src/reconstruct/run/nodeHost.ts";
import { reconstruct } from "../../../src/reconstruct/run/run.ts";
import type { Stage } from "../../../src/reconstruct/stage.ts";
import { createStream } from "../../../src/runtime/random.ts";
import { boxSize, pixelSizeAngstrom, smallParticleSet } from "../data.ts";

let folder: string, particles: string, star: string;
const stages: Stage[] = [
  { kind: "adversarial", maxRadius: 6, iterations: 60 },
  { kind: "refinement", maxRadius: 6, iterations: 2, particles: 1000 },
];
const optionsFor = (name: string, more: Partial<RunRequest> = {}): RunRequest => ({
  particlesFile: particles,
  out: join(folder, name),
  stages,
  maxShift: 0,
  device: "cpu",
  ...more,
});
const at = (...names: string[]) => join(folder, ...names);
const configOf = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(at(name, "config.json"), "utf8")) as Record<string, unknown>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-options-"));
  particles = await smallParticleSet(folder);
  star = await readFile(particles, "utf8");
  await reconstruct(nodeHost, optionsFor("plain"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The particle file with other images: each as `change` makes it. */
async function withImages(
  name: string,
  change: (image: Float32Array, particle: number) => Float32Array,
): Promise<string> {
  const bytes = Buffer.from(await readFile(at("particles.mrcs"))),
    area = boxSize ** 2;
  const stack = await openStack(disk.at(at("particles.mrcs"))),
    image = new Float32Array(area);
  for (let i = 0; i < stack.count; i++) {
    await stack.read([i], image);
    Buffer.from(change(image, i).buffer).copy(bytes, 1024 + 4 * i * area);
  }
  await stack.close();
  await writeFile(at(`${name}.mrcs`), bytes);
  await writeFile(at(`${name}.star`), star.replaceAll("particles.mrcs", `${name}.mrcs`));
  return at(`${name}.star`);
}

const warningsOf = (events: readonly RunEvent[]): string[] =>
  events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
const once: Stage[] = [{ kind: "adversarial", maxRadius: 6, iterations: 1 }];

describe("images of dark density", () => {
  let negative: string;
  beforeAll(async () => {
    negative = await withImages("negative", (image) => image.map((v) => -v));
  });
  const run = async (name: string, more: Partial<RunRequest>): Promise<RunEvent[]> => {
    const events: RunEvent[] = [];
    await reconstruct(nodeHost, optionsFor(name, { particlesFile: negative, ...more }), (event) => events.push(event));
    return events;
  };
  const isPlain = async (name: string): Promise<boolean> =>
    (await readFile(at(name, "map.mrc"))).equals(await readFile(at("plain", "map.mrc")));
  const usedOf = async (name: string): Promise<unknown> =>
    ((await configOf(name)).used as Record<string, unknown>).invertContrast;

  test("are inverted where nothing else is asked for: the map is that of bright ones, byte for byte", async () => {
    const warnings = warningsOf(await run("found dark", {}));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^density is dark in the images \(mean image at .* Å, corrected for its CTF: -\d.* ± .*\): they are inverted/,
    );
    expect(await isPlain("found dark")).toBe(true);
    expect(await configOf("found dark")).not.toHaveProperty("invertContrast");
    expect([await usedOf("found dark"), await usedOf("plain")]).toEqual([true, false]);
    expect(JSON.parse(await readFile(at("found dark", "input.json"), "utf8"))).toMatchObject({ inverted: true });
  });

  test("--invert-contrast is obeyed, without a word where the images agree, with one where they do not", async () => {
    expect(warningsOf(await run("inverted", { invertContrast: true }))).toEqual([]);
    expect(await isPlain("inverted")).toBe(true);
    const warnings = warningsOf(await run("wrongly", { particlesFile: particles, invertContrast: true, stages: once }));
    expect(warnings).toEqual([expect.stringMatching(/^density seems bright .*--invert-contrast makes it dark/)]);
    expect(await usedOf("wrongly")).toBe(true);
    // The width is that of what is there.
    const widthOf = async (name: string): Promise<unknown> =>
      (JSON.parse(await readFile(at(name, "input.json"), "utf8")) as Record<string, unknown>).diameterAngstrom;
    expect(await widthOf("plain")).toBeGreaterThan(0);
    expect(await widthOf("wrongly")).toEqual(await widthOf("plain"));
  });

  test("--no-invert-contrast is obeyed, with a word", async () => {
    const warnings = warningsOf(await run("as they are", { invertContrast: false, stages: once }));
    expect(warnings).toEqual([expect.stringMatching(/^density seems dark .*--no-invert-contrast leaves it so/)]);
    expect(await usedOf("as they are")).toBe(false);
    expect(await configOf("as they are")).toMatchObject({ invertContrast: false });
    expect(warningsOf(await run("bright", { particlesFile: particles, invertContrast: false, stages: once }))).toEqual(
      [],
    );
  });

  test("a run that goes on does as was decided, and refuses what was not asked", async () => {
    await run("gone on", { stages: undefined, resolution: 24, timeLimit: 20 });
    const resume = (more: Partial<RunRequest>) =>
      run("gone on", { stages: undefined, resolution: 20, timeLimit: 40, resume: true, ...more });
    for (const invertContrast of [true, false])
      await expect(resume({ invertContrast })).rejects.toThrow(
        `the run began with another --invert-contrast (not given, now ${invertContrast ? "yes" : "no"})`,
      );
    expect(warningsOf(await resume({})).filter((message) => message.includes("dark"))).toEqual([]);
    expect(await usedOf("gone on")).toBe(true);
  });

  test("of halves, the whole set decides, once", async () => {
    const warnings = warningsOf(await run("halves", { halfMaps: true, stages: once }));
    expect(warnings.filter((message) => message.includes("dark"))).toHaveLength(1);
    expect(await usedOf("halves")).toBe(true);
  });

  test("a run of a version that only did as asked goes on as it began", async () => {
    await run("older", { invertContrast: false, stages: once });
    const config = await configOf("older"),
      input = JSON.parse(await readFile(at("older", "input.json"), "utf8")) as Record<string, unknown>;
    await writeFile(at("older", "config.json"), JSON.stringify({ ...config, used: undefined }));
    await writeFile(at("older", "input.json"), JSON.stringify({ ...input, inverted: undefined }));
    expect(warningsOf(await run("older", { stages: once, resume: true }))).toEqual([]);
  });
});

test("noise alone is left as it is, with a word", async () => {
  const noise = whiteNoise(createStream(5, "noise"));
  const file = await withImages("noise", (image) => {
    noise(image);
    return image;
  });
  const events: RunEvent[] = [];
  await reconstruct(nodeHost, optionsFor("noise", { particlesFile: file, stages: once }), (event) =>
    events.push(event),
  );
  expect(warningsOf(events)).toEqual([
    expect.stringMatching(/^whether density is bright or dark is unclear in the images .*taken as they are/),
  ]);
});

test("images that are all the same are refused, before anything is written", async () => {
  let first: Float32Array | undefined;
  const file = await withImages("same", (image) => (first ??= image.slice()));
  await expect(reconstruct(nodeHost, optionsFor("same", { particlesFile: file }))).rejects.toThrow(
    new InputError(
      `${file}: the images are all the same (1024 were compared); ` +
        "give the stacks that the particles were extracted to",
    ),
  );
  await expect(readdir(at("same"))).resolves.toEqual([]);
});

test("--ctf-phase-flipped: images with their phases flipped give the same map, and without it another", async () => {
  const { optics } = await readParticles(disk, particles);
  /** RELION's CTF without astigmatism, by the textbook: Rohou & Grigorieff (2015), eqs. 3-5. */
  const ctf = (s2: number, i: number): number => {
    const volts = 1e3 * optics.voltageKv[i]!,
      wavelength = 12.2643247 / Math.sqrt(volts * (1 + volts * 0.978466e-6));
    const aberration =
      Math.PI * wavelength * s2 * optics.defocusUAngstrom[i]! -
      (Math.PI / 2) * optics.sphericalAberrationMm[i]! * 1e7 * wavelength ** 3 * s2 ** 2;
    return Math.sin(aberration + Math.asin(optics.amplitudeContrast[i]!));
  };
  let turned = 0;
  const flipped = await withImages("flipped", (image, i) => {
    const { re, im } = centeredTransform(image, [boxSize, boxSize]);
    const k = (index: number): number => (index < boxSize / 2 ? index : index - boxSize);
    for (let j = 0; j < re.length; j++) {
      if (ctf((k(j % boxSize) ** 2 + k(Math.floor(j / boxSize)) ** 2) / (boxSize * pixelSizeAngstrom) ** 2, i) > 0)
        continue;
      re[j]! *= -1;
      im[j]! *= -1;
      turned++;
    }
    return Float32Array.from(centeredInverse(re, im, [boxSize, boxSize]));
  });
  expect(turned / (2000 * boxSize ** 2)).toBeGreaterThan(0.3);
  const mapFrom = async (name: string, more: Partial<RunRequest>) =>
    (
      await reconstruct(
        nodeHost,
        optionsFor(name, {
          stages: [
            { kind: "refinement", maxRadius: 6, iterations: 3, particles: Infinity },
            { kind: "local", maxRadius: 10, iterations: 1, particles: 2000 },
          ],
          // Few iterations of a blind start do not come to one shape from images that differ by their rounding.
          start: at("plain", "map.mrc"),
          startResolution: 40,
          // One mask for all: what images show of the particle's width depends on their phases.
          maskDiameter: 0.9 * boxSize * pixelSizeAngstrom,
          ...more,
        }),
      )
    ).maps[0]!;
  const plain = await mapFrom("not flipped", {}),
    told = await mapFrom("flipped", { particlesFile: flipped, ctfPhaseFlipped: true });
  const untold = await mapFrom("flipped, not told", { particlesFile: flipped });
  // Between the first zeros of 2.5 µm (shell 6.5) and 0.8 µm (shell 11.5) most of the images were turned.
  const shells = (map: Volume) => fourierShellCorrelation(plain, map).fsc.slice(0, 10);
  expect(Math.min(...shells(told).slice(0, 8))).toBeGreaterThan(0.8);
  expect(Math.min(...shells(told).slice(8))).toBeGreaterThan(0.5);
  expect(Math.max(...shells(untold).slice(7))).toBeLessThan(0.2);
});

test("--mask: density is only where the mask is, whatever its box; it belongs to the run", async () => {
  const power = (map: Float32Array, inside: (z: number) => boolean): number =>
    map.reduce((sum, v, i) => sum + (inside(Math.floor(i / boxSize ** 2) - boxSize / 2) ? v * v : 0), 0);
  const { data: plain } = await readMap(disk.at(at("plain", "map.mrc")));
  // A half of the box, on a grid of its own, with an edge from 0 to 10 Å: without the side that has most of the map.
  const side = power(plain, (z) => z > 0) > power(plain, (z) => z < 0) ? 1 : -1,
    box = 45,
    pixel = 3.5;
  const data = Float32Array.from({ length: box ** 3 }, (_, i) =>
    Math.min(1, Math.max(0, (side * (Math.floor(box / 2) - Math.floor(i / box ** 2)) * pixel) / 10)),
  );
  await writeMap(disk.at(at("half.mrc")), {
    data,
    shape: [box, box, box],
    pixelSizeAngstrom: pixel,
    originAngstrom: [0, 0, 0],
  });
  const masked = optionsFor("masked", { mask: at("half.mrc") });
  await reconstruct(nodeHost, masked);
  const { data: found } = await readMap(disk.at(at("masked", "map.mrc")));
  // A pixel beyond the edge, for the Fourier-padding to the full box.
  expect(power(found, (z) => side * z > 1) / power(found, () => true)).toBeLessThan(0.01);
  expect(power(plain, (z) => side * z > 1) / power(plain, () => true)).toBeGreaterThan(0.1);
  expect(await configOf("masked")).toMatchObject({ mask: at("half.mrc") });
  const error = await reconstruct(nodeHost, { ...masked, resume: true, mask: undefined }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(InputError);
  expect((error as Error).message).toContain(`the run began with another --mask (${at("half.mrc")}, now not given)`);
});

test("--optics-groups and --exclude: only the particles asked for are used; both belong to the run", async () => {
  // Every third particle is in group 2, and the first hundred are left out.
  const lines = star.trimEnd().split("\n"),
    firstRow = lines.findIndex((line) => line.includes("@")),
    labels = lines.slice(0, firstRow);
  const column = labels
    .filter((line, i) => i > labels.lastIndexOf("data_particles") && line.startsWith("_rln"))
    .findIndex((line) => line.startsWith("_rlnOpticsGroup "));
  const rows = lines.slice(firstRow).map((line, i) =>
    line
      .trim()
      .split(/\s+/)
      .with(column, i % 3 === 0 ? "2" : "1")
      .join(" "),
  );
  const optics = lines.findIndex((line) => /^\s*1\s+opticsGroup1/.test(line));
  await writeFile(
    at("groups.star"),
    [
      ...lines.slice(0, optics + 1),
      lines[optics]!.replace("1", "2").replace("opticsGroup1", "second"),
      ...lines.slice(optics + 1, firstRow),
      ...rows,
      "",
    ].join("\n"),
  );
  await writeFile(
    at("left-out.star"),
    ["data_", "", "loop_", "_rlnImageName", ...rows.slice(0, 100).map((row) => row.split(" ")[0]!), ""].join("\n"),
  );
  const once: Stage[] = [{ kind: "adversarial", maxRadius: 6, iterations: 1 }];
  const chosen = optionsFor("chosen", {
    particlesFile: at("groups.star"),
    stages: once,
    opticsGroups: ["second"],
    exclude: at("left-out.star"),
  });
  await reconstruct(nodeHost, chosen);
  // Rows 0, 3, … 1998 are 667, of which 0, 3, … 99 are 34.
  expect(await configOf("chosen")).toMatchObject({
    used: { particles: 633 },
    opticsGroups: ["second"],
    exclude: at("left-out.star"),
  });
  await expect(reconstruct(nodeHost, { ...chosen, resume: true, exclude: undefined })).rejects.toThrow(
    "the run began with another --exclude",
  );
  await expect(reconstruct(nodeHost, { ...chosen, resume: true, opticsGroups: ["1"] })).rejects.toThrow(
    "the run began with another --optics-groups (second, now 1)",
  );
});
