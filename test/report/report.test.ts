import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChartData, toChartData } from "../../src/charts/charts.ts";
import { runCurves, thin } from "../../src/charts/curves.ts";
import { axisProjection, centralSlice } from "../../src/evaluate/volumeImages.ts";
import { contrastRange, encodeGrayPng } from "../../src/io/grayImage.ts";
import type { RunEvent } from "../../src/reconstruct/folder/events.ts";
import { roundLength } from "../../src/report/html.ts";
import { writeReport } from "../../src/report/report.ts";
import { syntheticEvents, writeSyntheticRun } from "../web/syntheticRun.ts";

let folder: string;
let html: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cryogan-report-"));
  await writeSyntheticRun(join(folder, "run"));
  html = await readFile(await writeReport(join(folder, "run")), "utf8");
});
afterAll(() => rm(folder, { recursive: true }));

const charts = (page: string) => JSON.parse(/id="chart-data">(.*?)<\/script>/s.exec(page)![1]!) as ChartData[];

describe("a finished run", () => {
  test("has all sections", () => {
    const headings = [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map((match) => match[1]);
    expect(headings).toEqual([
      "Map",
      "Viewing directions",
      "Particles",
      "Course of the run",
      "Fourier shell correlation",
      "Power spectra",
      "For a paper",
      "Next steps",
      "Options",
    ]);
    expect(html).toContain("<dt>Particles</dt><dd>5,000</dd>");
    expect(html).toContain("<dt>Resolution (FSC 0.143)</dt><dd>8.1 Å</dd>");
    expect(html).toContain("12 particles have a defocus below 0.2 µm");
    expect(html).toContain('<th scope="row">used.stages 1</th><td>kind adversarial, maxRadius 8, iterations 600</td>');
    expect(html).toContain("ChimeraX map.mrc");
    expect(html).toContain("The commonest view has 1.7 times the even number of particles;");
    expect(html).toContain("Begun 2025-03-01 12:00, ended 2025-03-01 12:00 (UTC).");
    expect(html).toContain(
      '<pre class="command">cryogan reconstruct particles.star --out &lt;run&gt; --half-maps</pre>',
    );
    expect(html).toContain("<dt>Machine</dt><dd>node7</dd>");
  });

  test("tells what was done in words for a paper, and nothing of what was not", async () => {
    const words = (page: string) => /<h2>For a paper<\/h2><p>(.*?)<\/p>/s.exec(page)?.[1];
    expect(words(html)).toBe(
      "5,000 particle images (box 64 px, 3 Å per pixel) were reconstructed with cryogan 0.1.0. " +
        "The first map was found ab initio, without an initial model or poses, by matching the distribution of " +
        "simulated to that of real images (CryoGAN; Gupta et al., 2021) to 25.2 Å. It was refined by maximum " +
        "likelihood, each image weighted over all orientations by its posterior probability, to 8 Å. " +
        "No symmetry was imposed. Two halves of the particles were reconstructed independently; in the automatic " +
        "mask and corrected for it, their Fourier shell correlation falls to 0.143 at 8.1 Å. " +
        "Random numbers began from seed 1.",
    );
    const run = join(folder, "unfinished");
    await mkdir(run);
    await writeFile(
      join(run, "events.jsonl"),
      syntheticEvents()
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(""),
    );
    expect(words(await readFile(await writeReport(run), "utf8"))).toBeUndefined();
    // Finished once, gone on with, and not finished again.
    const [start] = syntheticEvents(),
      finished = { type: "finished", time: start!.time, elapsedSeconds: 9, map: "map.mrc", finestAngstrom: 8 };
    await writeFile(
      join(run, "events.jsonl"),
      [...syntheticEvents(), finished, start].map((event) => `${JSON.stringify(event)}\n`).join(""),
    );
    expect(words(await readFile(await writeReport(run), "utf8"))).toBeUndefined();
  });

  test("of warnings about how far the time goes, those that still hold in the end", async () => {
    const run = join(folder, "warned"),
      events = syntheticEvents(),
      { time } = events[0]!,
      planned = (plannedAngstrom: number, half?: 1 | 2): RunEvent => ({
        ...{ type: "warning", time, message: `now to ${plannedAngstrom} Å`, plannedAngstrom },
        ...(half && { half }),
      });
    const told = async (...more: RunEvent[]): Promise<string[]> => {
      await mkdir(run, { recursive: true });
      const lines = [...events, ...more].map((event) => `${JSON.stringify(event)}\n`);
      await writeFile(join(run, "events.jsonl"), lines.join(""));
      const page = await readFile(await writeReport(run), "utf8");
      return [...page.matchAll(/class="warning">(.*?)<\/p>/g)]
        .map((match) => match[1]!)
        .filter((text) => text.includes("now to"));
    };
    const finished: RunEvent = { type: "finished", time, elapsedSeconds: 9, map: "map.mrc", finestAngstrom: 8 };
    expect(await told(planned(12), planned(10))).toEqual(["now to 10 Å"]); // at work
    expect(await told(planned(12), planned(8), finished)).toEqual(["now to 8 Å"]);
    expect(await told(planned(12), planned(10), finished)).toEqual([]); // it went on to 8 Å
    expect(await told(planned(8, 1), planned(6, 2), finished)).toEqual(["Half 1: now to 8 Å", "Half 2: now to 6 Å"]);
  });

  test("shows 9 images of the map, 3 of each half, 18 of particles, one of the views", () => {
    expect(html.match(/<img /g)).toHaveLength(9 + 6 + 18 + 1);
    expect(html.match(/class="scale"/g)).toHaveLength(15);
    // The box is 192 Å wide; a third is 64 Å.
    expect(html).toContain('style="width:26.04%">50 Å</div>');
  });

  test("loads nothing", () => {
    const page = html.replace(/<script>.*?<\/script>/gs, "");
    expect(page.match(/\b(?:src|href|srcset|action|data|poster)\s*=\s*"(?!data:)/gi)).toBeNull();
    expect(page).not.toMatch(/url\(|@import|https?:/);
    // Of the scripts' text, the browser itself forbids loading.
    expect(html).toContain(
      `content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"`,
    );
    expect(html).not.toMatch(/<script[^>]+src/);
  });

  test("text from files is text, not markup", () => {
    expect(html).toContain("/data/P7/&lt;extract&gt; &amp; co/particles.star");
    expect(html).not.toContain("<extract>");
  });

  test("every chart has its place and a line per run", () => {
    const all = charts(html);
    expect(all.map((chart) => chart.id)).toEqual([
      "losses",
      "logits",
      "penalty",
      "amplitude",
      "likelihood",
      "fsc",
      "spectra",
    ]);
    for (const { id } of all) expect(html).toContain(`id="${id}"`);
    expect(all[0]!.lines.map((line) => line.label)).toEqual([
      "critic",
      "critic, half 1",
      "critic, half 2",
      "volume",
      "volume, half 1",
      "volume, half 2",
    ]);
    expect(all[0]!.marks).toEqual([{ x: 0, label: "16 px, 25.2 Å" }]);
    expect(all[4]!.marks).toEqual([
      { x: 0, label: "16 px, 25.2 Å" },
      { x: 4, label: "48 px, 8.0 Å" },
    ]);
    expect(all[5]!.levels!.map((level) => level.y)).toEqual([0.5, 0.143]);
    expect(all[5]!.x.at(-1)).toBeCloseTo(1 / 8, 12);
  });

  test("adversarial iterations and refinement passes are apart, each value in its place", () => {
    const [losses, , , , likelihood] = charts(html);
    expect([losses!.x[0], losses!.x.at(-1)]).toEqual([20, 600]);
    expect(likelihood!.x).toEqual([1, 2, 3, 4, 5, 6, 7]);
    for (const line of [...losses!.ys, ...likelihood!.ys]) expect(line).not.toContain(null);
    expect(html).toContain("<h3>Stage 1: adversarial (CryoGAN)</h3>");
    expect(html).toContain("<h3>Stages 2, 3: posterior-weighted (likelihood) refinement</h3>");
  });
});

describe("what is missing or broken", () => {
  test("a run that has only begun", async () => {
    const run = join(folder, "begun");
    await mkdir(run);
    // The last line is being written.
    await writeFile(join(run, "events.jsonl"), `${JSON.stringify(syntheticEvents()[0])}\n{"type":"sta`);
    const page = await readFile(await writeReport(run), "utf8");
    expect(page).toContain("There is no map.mrc.");
    expect(page).toContain("<dt>State</dt><dd>not finished</dd>");
    expect(page).not.toContain("could not be read");
    expect(charts(page)).toEqual([]);
  });

  test("a line of events.jsonl that a kill has torn is left out, and no other", async () => {
    const run = join(folder, "torn"),
      path = join(run, "events.jsonl");
    await writeSyntheticRun(run);
    const whole = await readFile(await writeReport(run), "utf8");
    const lines = (await readFile(path, "utf8")).split("\n");
    await writeFile(path, [...lines.slice(0, 40), '{"type":"progr', ...lines.slice(40)].join("\n"));
    expect(await readFile(await writeReport(run), "utf8")).toBe(whole);
  });

  test("a pipe or a link in a file's place is named: nothing is waited for, nothing read from elsewhere", async () => {
    const run = join(folder, "piped");
    await writeSyntheticRun(run);
    const [map, half] = [join(run, "map.mrc"), join(run, "half1.mrc")];
    await rm(map);
    execFileSync("mkfifo", [map]);
    await rename(half, join(folder, "elsewhere.mrc"));
    await symlink(join(folder, "elsewhere.mrc"), half);
    const report = await readFile(await writeReport(run), "utf8");
    for (const path of [map, half])
      expect(report).toContain(
        `${basename(path)}: cannot read ${path}: it is a link, a folder or a pipe, and no file of this folder`,
      );
  });

  test("a broken file is named and the rest is drawn", async () => {
    const run = join(folder, "broken");
    await writeSyntheticRun(run);
    await writeFile(join(run, "fsc.json"), "{");
    const page = await readFile(await writeReport(run), "utf8");
    expect(page).toMatch(/class="warning">This file could not be read and is left out: fsc\.json/);
    expect(charts(page).map((chart) => chart.id)).not.toContain("fsc");
    expect(charts(page)).toHaveLength(6);
  });

  test("against a reference: the resolution at 0.5, or where the curve does not fall that of its end", async () => {
    const run = join(folder, "reference");
    await mkdir(run);
    await writeFile(join(run, "events.jsonl"), "");
    await writeFile(join(run, "evaluation.json"), JSON.stringify({ kind: "reference" }));
    const curve = {
      boxSize: 6,
      pixelSizeAngstrom: 5,
      finestShell: 3,
      finestAngstrom: 10,
      frequency: [1 / 30, 1 / 15, 1 / 10],
      resolutionAngstrom: [30, 15, 10],
      fsc: [1, 0.6, 0.4],
      resolutionCurve: "fsc",
    };
    await writeFile(
      join(run, "fsc.json"),
      JSON.stringify({
        ...curve,
        resolution05Angstrom: 12,
        resolution05OrBetter: false,
        resolution0143Angstrom: 10,
        resolution0143OrBetter: true,
      }),
    );
    const page = await readFile(await writeReport(run), "utf8");
    expect(page).toContain("<dt>Resolution (FSC 0.5)</dt><dd>12 Å</dd>");
    expect(page).toContain(
      "The unmasked curve falls below 0.5 at 12 Å and stays above 0.143 to its end: 10 Å or better.",
    );
    await writeFile(join(run, "evaluation.json"), JSON.stringify({ kind: "halfMaps" }));
    await writeFile(
      join(run, "fsc.json"),
      JSON.stringify({
        ...curve,
        fsc: [1, 0.6, 0.55],
        resolution05Angstrom: 10,
        resolution05OrBetter: true,
        resolution0143Angstrom: 10,
        resolution0143OrBetter: true,
      }),
    );
    const ofHalves = await readFile(await writeReport(run), "utf8");
    expect(ofHalves).toContain("<dt>Resolution (FSC 0.143)</dt><dd>10 Å or better: the run ended there</dd>");
    expect(ofHalves).toContain("The unmasked curve stays above 0.5 and 0.143 to its end: 10 Å or better.");
  });

  test("the verdict stands at the head, in words and in its colour", async () => {
    const run = join(folder, "verdict"),
      verdict = { kind: "notFound", resolutionAngstrom: 24, reason: "It is a ball & <no> more." };
    await mkdir(run);
    const end = {
      type: "finished",
      time: "2026-01-01T00:00:00Z",
      elapsedSeconds: 90,
      map: "map.mrc",
      finestAngstrom: 24,
    };
    const page = async (more: object): Promise<string> => {
      const events = [syntheticEvents()[0], { ...end, ...more }];
      await writeFile(join(run, "events.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
      return readFile(await writeReport(run), "utf8");
    };
    expect(await page({ verdict })).toContain(
      '<p class="verdict notFound"><strong>no structure found beyond 24 Å</strong>: ' +
        "It is a ball &amp; &lt;no&gt; more.",
    );
    const plain = await page({});
    expect(plain).not.toContain('<p class="verdict');
    expect(plain).toContain("<div><dt>State</dt><dd>finished</dd>");
  });

  test("a run of two halves counts the particles of both, once", async () => {
    const run = join(folder, "halves only");
    await mkdir(run);
    const starts = [1, 2, 1, 2].map((half) => ({ ...syntheticEvents(half as 1 | 2)[0]!, half }));
    await writeFile(join(run, "events.jsonl"), starts.map((event) => `${JSON.stringify(event)}\n`).join(""));
    expect(await readFile(await writeReport(run), "utf8")).toContain("<dt>Particles</dt><dd>5,000</dd>");
  });

  test("no run folder", async () => {
    await expect(writeReport(join(folder, "nowhere"))).rejects.toThrow("no such folder");
    await expect(writeReport(folder)).rejects.toThrow("not a run folder");
  });
});

describe("curves", () => {
  const at = (stage: number, iteration: number, criticLoss: number, half?: 1 | 2): RunEvent => ({
    type: "progress",
    time: "",
    stage,
    iteration,
    iterations: 100,
    elapsedSeconds: 0,
    remainingSeconds: 0,
    criticLoss,
    volumeLoss: 0,
    realLogit: 0,
    fakeLogit: 0,
    gradientPenalty: 0,
    signalAmplitude: 0,
    ...(half === undefined ? {} : { half }),
  });

  const pass = (stage: number, iteration: number, logLikelihood?: number): RunEvent => ({
    type: "progress",
    time: "",
    stage,
    iteration,
    iterations: 4,
    elapsedSeconds: 0,
    remainingSeconds: 0,
    ...(logLikelihood === undefined ? {} : { logLikelihood }),
  });

  test("iterations are counted through the stages", () => {
    const [curve] = runCurves([at(1, 50, 1), at(1, 100, 2), at(2, 10, 3), at(3, 5, 4)]);
    expect(curve!.adversarial.x).toEqual([50, 100, 110, 115]);
    expect(curve!.adversarial.stages.map((stage) => [stage.stage, stage.x])).toEqual([
      [1, 0],
      [2, 100],
      [3, 110],
    ]);
  });

  test("passes are counted on their own; within a pass there is no likelihood", () => {
    const [curve] = runCurves([
      at(1, 100, 1),
      pass(2, 0.5),
      pass(2, 1, 7),
      pass(2, 1.5),
      pass(2, 2, 8),
      pass(3, 0.5),
      pass(3, 1, 20),
      pass(3, 1.2),
    ]);
    expect(curve!.adversarial.x).toEqual([100]);
    expect(curve!.refinement).toEqual({
      x: [1, 2, 3],
      values: { logLikelihood: [7, 8, 20] },
      stages: [
        { x: 0, stage: 2, label: "stage 2" },
        { x: 2, stage: 3, label: "stage 3" },
      ],
    });
  });

  test("what a resumed run repeats replaces what was there", () => {
    const [curve] = runCurves([at(1, 50, 1), at(1, 100, 2), at(2, 10, 3), at(1, 60, 9), at(1, 100, 8)]);
    expect(curve!.adversarial.x).toEqual([50, 60, 100]);
    expect(curve!.adversarial.values.criticLoss).toEqual([1, 9, 8]);
  });

  test("halves are apart, however their events come", () => {
    const curves = runCurves([at(1, 1, 1, 1), at(1, 1, 5, 2), at(1, 2, 2, 1), at(1, 2, 6, 2)]);
    expect(curves.map((curve) => [curve.half, curve.adversarial.values.criticLoss])).toEqual([
      [1, [1, 2]],
      [2, [5, 6]],
    ]);
  });

  test("long curves are thinned by means", () => {
    expect(thin([1, 2, 3, 4, 5], [10, 20, 30, 40, 50], 3)).toEqual({ x: [1.5, 3.5, 5], y: [15, 35, 50] });
    expect(thin([1, 2], [3, 4], 2)).toEqual({ x: [1, 2], y: [3, 4] });
  });

  test("lines with different x share one axis; what a log axis cannot show is a gap", () => {
    const data = toChartData({
      id: "c",
      title: "",
      xLabel: "",
      xKind: "iteration",
      yLog: true,
      lines: [
        { label: "a", x: [1, 3], y: [10, 0], color: "blue" },
        { label: "b", x: [2, 3], y: [NaN, 5], color: "orange" },
      ],
    });
    expect(data.x).toEqual([1, 2, 3]);
    expect(data.ys).toEqual([
      [10, null, null],
      [null, null, 5],
    ]);
  });
});

describe("images", () => {
  // Voxel value 100 z + 10 y + x on a grid of 4 x 3 x 2 (x, y, z).
  const volume = {
    data: Float32Array.from(
      { length: 24 },
      (_, i) => 100 * Math.floor(i / 12) + 10 * (Math.floor(i / 4) % 3) + (i % 4),
    ),
    shape: [2, 3, 4] as [number, number, number],
    pixelSizeAngstrom: 1,
    originAngstrom: [0, 0, 0] as [number, number, number],
  };

  test("slices pass through voxel floor(n/2)", () => {
    expect(centralSlice(volume, "z")).toEqual({
      width: 4,
      height: 3,
      pixels: Float32Array.of(100, 101, 102, 103, 110, 111, 112, 113, 120, 121, 122, 123),
    });
    expect(centralSlice(volume, "y")).toEqual({
      width: 4,
      height: 2,
      pixels: Float32Array.of(10, 11, 12, 13, 110, 111, 112, 113),
    });
    expect(centralSlice(volume, "x")).toEqual({
      width: 3,
      height: 2,
      pixels: Float32Array.of(2, 12, 22, 102, 112, 122),
    });
  });

  test("projections are sums along an axis", () => {
    expect(axisProjection(volume, "x").pixels).toEqual(Float32Array.of(6, 46, 86, 406, 446, 486));
    expect(Array.from(axisProjection(volume, "z").pixels).slice(0, 2)).toEqual([100, 102]);
  });

  test("grey values: linear in the range, saturated outside, black where not finite", () => {
    const png = decode(encodeGrayPng({ width: 5, height: 1, pixels: [-1, 0, 0.5, 2, NaN] }, [0, 1]));
    expect([...png.data]).toEqual([0, 0, 128, 255, 0]);
  });

  test("a hot pixel does not take the contrast", () => {
    const pixels = Array.from({ length: 1000 }, (_, i) => (i === 0 ? 1e6 : i / 1000));
    expect(contrastRange([{ width: 1000, height: 1, pixels }])[1]).toBeLessThan(1);
    expect(contrastRange([{ width: 2, height: 1, pixels: [3, 3] }])).toEqual([2, 4]);
  });

  test.each([
    [64, 50],
    [50, 50],
    [49, 20],
    [1.9, 1],
    [0.03, 0.02],
    [999, 500],
  ])("a scale bar of at most %d Å is %d Å", (room, length) => {
    expect(roundLength(room)).toBe(length);
  });
});

test("classes stand side by side: their maps, particles, shares and correlation", async () => {
  const run = join(folder, "classes"),
    boxSize = 4,
    image = (value: number): number[] => Array.from({ length: boxSize ** 2 }, (_, i) => value + i);
  await writeSyntheticRun(run);
  const [start] = syntheticEvents(),
    time = start!.time;
  const shares = (iteration: number, first: number): RunEvent => ({
    ...{ type: "progress", time, stage: 1, iteration, iterations: 2, elapsedSeconds: 1, remainingSeconds: 1 },
    shares: [first, 1 - first],
  });
  const events: RunEvent[] = [{ ...start, classes: 1, junkClass: true } as RunEvent, shares(1, 0.5), shares(2, 0.75)];
  await writeFile(join(run, "events.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  const classes = {
    boxSize,
    boxAngstrom: 100,
    classes: [
      { number: 1, share: 0.75, projections: [1, 2, 3].map(image), particles: [image(4)], agreement: [1, 0.5] },
      { number: 2, share: 0.25, junk: true, projections: [], particles: [image(5), image(6)] },
    ],
  };
  await writeFile(join(run, "classes.json"), JSON.stringify(classes));
  const page = await readFile(await writeReport(run), "utf8");
  expect(page).toContain("<dt>Classes</dt><dd>one class and junk</dd>");
  const section = /<h2>Classes<\/h2>.*?<h2>/s.exec(page)![0];
  expect(section.match(/<h3>(.*?)<\/h3>/g)!.slice(0, 2)).toEqual(["<h3>Class 1, 75.0 %</h3>", "<h3>Junk, 25.0 %</h3>"]);
  expect(section.match(/<img/g)).toHaveLength(6);
  expect(charts(page).find(({ id }) => id === "shares")).toMatchObject({
    lines: [{ label: "class 1" }, { label: "junk" }],
    ys: [
      [0.5, 0.75],
      [0.5, 0.25],
    ],
  });
  expect(charts(page).find(({ id }) => id === "class-agreement")!.ys).toEqual([[1, 0.5]]);
});
