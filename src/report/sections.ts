import { basename } from "node:path";
import { formatCount, formatDuration, formatNumber, formatResolution } from "../base/format.ts";
import type { Volume } from "../base/types.ts";
import type { Chart } from "../charts/charts.ts";
import { agreementChart, classesText, nameOfClass, sharesCharts } from "../charts/classCharts.ts";
import { type Course, type RunCurve, runCurves } from "../charts/curves.ts";
import { mapLevels } from "../charts/mapLevels.ts";
import { optionRows } from "../charts/optionRows.ts";
import { adversarialCharts, fscChart, likelihoodChart, resolutionText, spectraChart } from "../charts/runCharts.ts";
import type { FscResult } from "../evaluate/fsc.ts";
import { surfaceImage } from "../evaluate/surfaceImage.ts";
import { type Axis, axisProjection, centralSlice } from "../evaluate/volumeImages.ts";
import type { GrayImage } from "../io/grayImage.ts";
import type { ClassResult, RunEvent, RunExamples, RunSpectra } from "../reconstruct/folder/events.ts";
import type { RunFolder } from "../reconstruct/folder/runFolder.ts";
import type { RunMotion } from "../reconstruct/folder/runMotion.ts";
import { methodText } from "../reconstruct/method.ts";
import type { RunClasses } from "../reconstruct/stage.ts";
import { verdictText } from "../reconstruct/verdict/verdict.ts";
import { escapeHtml, imageFigure } from "./html.ts";
import { type GivenStart, methodsParagraph } from "./methodsParagraph.ts";
import { motionSection } from "./motionSection.ts";
import { finishedOf, particlesOf } from "./outcome.ts";
import { viewsSection } from "./viewsSection.ts";

/** Content of a report: what the page shows, and the charts it has a place for. */
export interface ReportContent {
  title: string;
  body: string;
  charts: Chart[];
}

interface Section {
  html: string;
  charts?: Chart[];
}

const examplesShown = 6;

export function runSections(run: RunFolder, motion?: RunMotion): ReportContent {
  const source = run.config?.particlesFile;
  const title = `cryogan map of ${typeof source === "string" ? basename(source) : basename(run.path)}`;
  const curves = runCurves(run.events);
  const sections: Section[] = [
    header(title, run),
    mapSection(run),
    ...(run.directions
      ? [{ html: viewsSection(run.directions, run.directions.symmetry ?? symmetryOf(run.events)) }]
      : []),
    ...(run.classes ? [classesSection(run.classes, curves)] : []),
    ...(motion ? [motionSection(motion)] : []),
    examplesSection(run.examples),
    trainingSection(curves),
    fscSection(run.fsc, run.comparison),
    spectraSection(run.spectra),
    methodsSection(run),
    nextStepsSection(run),
    optionsSection(run.config),
  ];
  return {
    title,
    body: sections.map((section) => section.html).join("\n"),
    charts: sections.flatMap((section) => section.charts ?? []),
  };
}

const symmetryOf = (events: readonly RunEvent[]): string => events.findLast(isType("start"))?.symmetry ?? "C1";

type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

const isType =
  <T extends RunEvent["type"]>(type: T) =>
  (event: RunEvent): event is EventOf<T> =>
    event.type === type;

function header(title: string, run: RunFolder): Section {
  const starts = run.events.filter(isType("start"));
  const start = starts.findLast((event) => event.half === undefined) ?? starts.at(-1);
  const particles = particlesOf(run.events);
  const givenStart = givenStartOf(run.config);
  const stage = run.events.findLast(isType("stage"));
  const progress = run.events.findLast(isType("progress"));
  const finished = finishedOf(run.events);
  // Against a known map the correlation is read at 0.5, between half-maps, which both have noise, at 0.143.
  const [threshold, resolution, orBetter] =
    run.comparison === "reference"
      ? ["0.5", run.fsc?.resolution05Angstrom, run.fsc?.resolution05OrBetter]
      : run.fsc
        ? ["0.143", run.fsc.resolution0143Angstrom, run.fsc.resolution0143OrBetter]
        : ["0.143", finished?.resolutionAngstrom, finished?.resolutionOrBetter];
  const reached =
    resolution === null ? "not reached" : resolution === undefined ? undefined : formatResolution(resolution, orBetter);
  const method = finished?.method ?? start?.method;
  const workedTo = finished?.finestAngstrom ?? stage?.resolutionAngstrom;
  const elapsed = finished?.elapsedSeconds ?? progress?.elapsedSeconds;
  const state = finished ? "finished" : run.events.length > 0 ? "not finished" : undefined;
  const numbers: [string, string | undefined][] = [
    [`Resolution (FSC ${threshold})`, reached],
    ["Worked to", workedTo === undefined ? undefined : `${formatNumber(workedTo)} Å`],
    ["Particles", particles === undefined ? undefined : formatCount(particles)],
    ["Box", start && `${start.boxSize} px`],
    ["Pixel size", start && `${formatNumber(start.pixelSizeAngstrom, 4)} Å`],
    ["Classes", start && classesText(start)],
    ["Symmetry", start?.symmetry],
    ["Method", method && methodText[method]],
    ["Begun from", givenStart === undefined ? undefined : "a given map"],
    ["Time", elapsed === undefined ? undefined : formatDuration(elapsed)],
    ["Device", start?.device.split(":")[0]],
    ["Seed", start && String(start.seed)],
    ["Version", start?.version],
    ["Machine", start?.machine],
    ["State", state],
  ];
  const alone =
    method === "cryogan"
      ? "<p>By adversarial stages alone (CryoGAN): the images were never compared with the map one by one, no " +
        "likelihood was computed, and no image has a pose.</p>\n"
      : "";
  const notBlind =
    givenStart === undefined
      ? ""
      : `<p>Not ab initio: the map was begun from ${escapeHtml(givenStart.map)}, low-passed to ` +
        `${formatNumber(givenStart.resolutionAngstrom)} Å. Coarser shells may still show that map.</p>\n`;
  const classes = finished?.classes ? classTable(finished.classes) : "";
  const tiles = numbers
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeHtml(value!)}</dd></div>`);
  const when = start
    ? `<p class="muted">Begun ${moment(starts[0]!)}${finished ? `, ended ${moment(finished)}` : ""} (UTC). ` +
      `Folder: ${escapeHtml(run.path)}</p>` +
      (start.command === undefined ? "" : `<pre class="command">${escapeHtml(start.command)}</pre>`)
    : "";
  const warnings = [
    ...new Set(standing(run.events).map(({ half, message }) => (half ? `Half ${half}: ${message}` : message))),
    ...run.problems.map((problem) => `This file could not be read and is left out: ${problem}`),
  ].map((message) => `<p class="warning">${escapeHtml(message)}</p>`);
  const verdict = finished?.verdict,
    said = verdict
      ? `<p class="verdict ${verdict.kind}"><strong>${verdictText(verdict)}</strong>: ` +
        `${escapeHtml(verdict.reason)}</p>\n`
      : "";
  return {
    html:
      `<h1>${escapeHtml(title)}</h1>\n${when}\n${said}` +
      `${alone}${notBlind}<dl class="numbers">${tiles.join("")}</dl>\n${classes}${warnings.join("\n")}`,
  };
}

/** Warnings but for those of a goal that was chosen anew later, or that the run went beyond in the end. */
function standing(events: readonly RunEvent[]): Extract<RunEvent, { type: "warning" }>[] {
  const warnings = events.filter(isType("warning")),
    reached = events.findLast(isType("finished"))?.finestAngstrom ?? Number.POSITIVE_INFINITY;
  return warnings.filter(
    ({ plannedAngstrom, half }, i) =>
      plannedAngstrom === undefined ||
      (reached > 0.99 * plannedAngstrom &&
        !warnings.slice(i + 1).some((later) => later.plannedAngstrom !== undefined && later.half === half)),
  );
}

/** "2026-11-27 08:15" */
const moment = ({ time }: { time: string }): string => escapeHtml(time.slice(0, 16).replace("T", " "));

/** Share and resolution of each class. */
function classTable(classes: readonly ClassResult[]): string {
  const row = (cells: readonly string[], tag: "td" | "th"): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  const ofHalves = classes.some(({ fsc, half }) => fsc !== undefined || half !== undefined);
  const rows = classes.map(({ number, share, particles, symmetry, resolutionAngstrom, map, junk, empty, ...more }) => [
    junk ? `${number} (junk)` : String(number),
    `${(100 * share).toFixed(1)} %`,
    particles === undefined ? "" : formatCount(particles),
    symmetry ?? "",
    more.half !== undefined
      ? `in half ${more.half} alone`
      : resolutionAngstrom === undefined
        ? ""
        : formatResolution(resolutionAngstrom, more.resolutionOrBetter),
    empty ? "empty" : (map ?? ""),
  ]);
  const head = ["Class", "Share", "Particles", "Symmetry", "Its halves agree to", "Map"];
  return (
    `<table class="classes"><thead>${row(head, "th")}</thead><tbody>${rows.map((cells) => row(cells, "td")).join("")}` +
    `</tbody></table>\n${note(
      ofHalves
        ? "Halves are reconstructed apart, classes and all, and compared at an FSC of 0.143."
        : "Two halves of the particles of a class share their poses: what they agree to is finer than what halves " +
            "that are reconstructed apart agree to. Whether the classes are different structures another seed tells.",
    )}\n`
  );
}

/** What there is to see of each class, and the course of their shares. */
function classesSection({ boxSize, classes, half, ...more }: RunClasses, curves: readonly RunCurve[]): Section {
  const figure = (pixels: readonly number[], caption: string): string =>
    imageFigure({ width: boxSize, height: boxSize, pixels }, caption);
  const shown = classes.map(({ projections, particles, ...each }) => {
    const name = nameOfClass(each);
    return (
      `<h3>${name[0]!.toUpperCase()}${name.slice(1)}, ${(100 * each.share).toFixed(1)} %</h3>` +
      (projections.length > 0
        ? `<div class="strip">${projections.map((pixels, i) => figure(pixels, `along ${axes[i]}`)).join("")}</div>`
        : "") +
      (particles.length > 0 ? `<div class="strip">${particles.map((pixels) => figure(pixels, "")).join("")}</div>` : "")
    );
  });
  const agreement = agreementChart({ boxSize, classes, ...more, ...(half === undefined ? {} : { half }) }),
    charts = [
      ...sharesCharts(
        curves,
        classes.some(({ junk }) => junk),
      ),
      ...(agreement ? [agreement] : []),
    ];
  return {
    html:
      `<h2>Classes${half === undefined ? "" : ` of half ${half}`}</h2>` +
      "<p>Of each the projections of its map, and the images that are surest to be of it, whitened and low-passed. " +
      `Halves of the particles of a class share their poses.</p>${shown.join("")}${places(charts)}`,
    charts,
  };
}

/** The map that the run began from, as config.json tells; undefined where it is ab initio. */
function givenStartOf(config: RunFolder["config"]): GivenStart | undefined {
  const used = config?.used as { start?: { map?: unknown; resolutionAngstrom?: unknown } } | null | undefined;
  const { map, resolutionAngstrom } = used?.start ?? {};
  return typeof map === "string" && typeof resolutionAngstrom === "number" ? { map, resolutionAngstrom } : undefined;
}

const note = (text: string) => `<p class="note">${text}</p>`;

const axes = ["z", "y", "x"] as const;
const planes = { z: "x right, y down", y: "x right, z down", x: "y right, z down" };

function mapSection({ map, halfMaps }: RunFolder): Section {
  const figures = (
    volume: Volume,
    draw: (volume: Volume, along: Axis) => GrayImage,
    caption: (along: Axis) => string,
  ) => axes.map((axis) => imageFigure(draw(volume, axis), caption(axis), volume.pixelSizeAngstrom)).join("");
  const block = (title: string, images: string, size = "images") =>
    `<h3>${title}</h3><div class="${size}">${images}</div>`;
  const ofMap = map
    ? surfaces(map) +
      block(
        "Central slices",
        figures(map, centralSlice, (axis) => `across ${axis} (${planes[axis]})`),
      ) +
      block(
        "Projections",
        figures(map, axisProjection, (axis) => `along ${axis} (${planes[axis]})`),
      )
    : note("There is no map.mrc.");
  const ofHalves = halfMaps
    .map(({ half, map: volume }) => figures(volume, centralSlice, (axis) => `half ${half}, across ${axis}`))
    .join("");
  return { html: `<h2>Map</h2>${ofMap}${ofHalves && block("Half-maps: central slices", ofHalves, "images small")}` };
}

/** The edge of the pictures, about, in pixels. */
const surfaceSize = 320;

/** The surface at the level that the page begins with. */
function surfaces(map: Volume): string {
  const { mean, sigma, defaultLevelSigma } = mapLevels(map.data);
  if (sigma === 0) return "";
  const pixelsPerVoxel = surfaceSize / Math.max(...map.shape),
    pixelSize = map.pixelSizeAngstrom / pixelsPerVoxel;
  const figures = axes.map((axis) =>
    imageFigure(
      surfaceImage(map, axis, mean + defaultLevelSigma * sigma, pixelsPerVoxel),
      `along ${axis} (${planes[axis]})`,
      pixelSize,
      [0, 1],
    ),
  );
  return `<h3>Surface at ${formatNumber(defaultLevelSigma)} σ</h3><div class="images">${figures.join("")}</div>`;
}

function examplesSection(examples: RunExamples | undefined): Section {
  if (!examples) return { html: `<h2>Particles</h2>${note("There is no examples.json.")}` };
  const { boxSize } = examples;
  const strip = (name: string, images: readonly number[][]) => {
    const figures = images
      .slice(0, examplesShown)
      .map((pixels) => imageFigure({ width: boxSize, height: boxSize, pixels }, ""));
    return `<h3>${name}</h3><div class="strip">${figures.join("")}</div>`;
  };
  return {
    html:
      "<h2>Particles</h2><p>Real images, images simulated from the map at random views, and what the simulated " +
      "ones show without noise and CTF. When the map is right, the first two rows cannot be told apart. " +
      "Low-passed to the resolution worked to.</p>" +
      strip("Real", examples.real) +
      strip("Simulated", examples.simulated) +
      strip("Simulated, without noise and CTF", examples.projections),
  };
}

const place = (chart: Chart) =>
  `<div class="chart"><h3>${chart.title}</h3><div class="plot" id="${chart.id}"></div></div>`;
const places = (charts: readonly Chart[]) => `<div class="charts">${charts.map(place).join("")}</div>`;

function trainingSection(curves: readonly RunCurve[]): Section {
  if (curves.length === 0) return { html: `<h2>Course of the run</h2>${note("events.jsonl tells of no progress.")}` };
  const halves = curves.length > 1 ? " Runs on half of the data are dashed (half 1) and dotted (half 2)." : "";
  const parts = [adversarialSection(curves), refinementSection(curves)];
  return {
    html:
      `<h2>Course of the run</h2><p>Vertical lines: a stage begins (working box, resolution).${halves}</p>` +
      `${parts.map((part) => part.html).join("")}`,
    charts: parts.flatMap((part) => part.charts ?? []),
  };
}

/** "Stage 1", "Stages 1, 3, 5", "Stages 2, 4, 6 to 13": runs of three and more are drawn together. */
function stageNumbers({ stages }: Course<string>): string {
  const numbers = stages.map(({ stage }) => stage);
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    let end = i;
    while (numbers[end + 1] === numbers[end]! + 1) end++;
    parts.push(...(end - i >= 2 ? [`${numbers[i]} to ${numbers[end]}`] : numbers.slice(i, end + 1).map(String)));
    i = end + 1;
  }
  return `Stage${numbers.length > 1 ? "s" : ""} ${parts.join(", ")}`;
}

function adversarialSection(curves: readonly RunCurve[]): Section {
  const shown = curves.filter((curve) => curve.adversarial.x.length > 0);
  if (shown.length === 0) return { html: "" };
  const charts = adversarialCharts(shown);
  return {
    html:
      `<h3>${stageNumbers(shown[0]!.adversarial)}: adversarial (CryoGAN)</h3>` +
      "<p>The critic learns to tell real from simulated images, the volume to make it fail: outputs for the two " +
      `that stay close mean that it does. No image is given a pose.</p>${places(charts)}`,
    charts,
  };
}

function refinementSection(curves: readonly RunCurve[]): Section {
  const shown = curves.filter((curve) => curve.refinement.x.length > 0);
  if (shown.length === 0) return { html: "" };
  const charts = [likelihoodChart(shown)];
  return {
    html:
      `<h3>${stageNumbers(shown[0]!.refinement)}: posterior-weighted (likelihood) refinement</h3>` +
      "<p>Not adversarial: the map of the stage before is compared with each image in all orientations, and the " +
      "next map is the mean of the images in all of them, weighted by their posterior probability. Local stages " +
      "compare an image with the orientations near its most likely one. The likelihood rises as the map " +
      `improves; a stage at higher resolution compares more, so its values are on another level.</p>` +
      charts.map(place).join(""),
    charts,
  };
}

const comparisons = {
  reference: "Of the map and the reference it was compared with; the reference has no noise, so read 0.5.",
  halfMaps: "Of two half-maps, reconstructed independently; both have noise, so read 0.143.",
  unknown: "Between half-maps read 0.143, against a known map 0.5.",
};

function fscSection(fsc: FscResult | undefined, comparison: RunFolder["comparison"]): Section {
  const title = "<h2>Fourier shell correlation</h2>";
  if (!fsc)
    return {
      html:
        title + note("No fsc.json: run reconstruct with --half-maps, or cryogan evaluate with --out and this folder."),
    };
  const chart = fscChart(fsc, comparison);
  return {
    html: `${title}<p>${comparisons[comparison ?? "unknown"]} ${resolutionText(fsc)}</p>${place(chart)}`,
    charts: [chart],
  };
}

function spectraSection(spectra: RunSpectra | undefined): Section {
  if (!spectra) return { html: `<h2>Power spectra</h2>${note("There is no spectra.json.")}` };
  const chart = spectraChart(spectra);
  return {
    html:
      "<h2>Power spectra</h2><p>Measured from the particle images: noise power, " +
      `and power of the molecule's Fourier transform.</p>${place(chart)}`,
    charts: [chart],
  };
}

function methodsSection(run: RunFolder): Section {
  const text = methodsParagraph(run, givenStartOf(run.config));
  return { html: text === undefined ? "" : `<h2>For a paper</h2><p>${escapeHtml(text)}</p>` };
}

function nextStepsSection({ map, halfMaps, comparison }: RunFolder): Section {
  const commands = [
    ...(map ? ["ChimeraX map.mrc"] : []),
    ...(halfMaps.length === 2 && comparison === "halfMaps"
      ? ["cryogan evaluate --half-maps half1_unmasked.mrc half2_unmasked.mrc"]
      : []),
    ...(map ? ["cryogan evaluate map.mrc --reference reference.mrc"] : []),
  ];
  const steps = commands.length > 0 ? `<p>In the run folder:</p><pre>${commands.join("\n")}</pre>` : "";
  return {
    html:
      `<h2>Next steps</h2>${steps}` +
      "<p><strong>Check the hand.</strong> A map and its mirror image have the same projections, so no " +
      "computation on the images can tell them apart. Look for right-handed α-helices; ChimeraX turns a map over " +
      "with <code>volume flip #1</code>.</p>" +
      "<p>Refine: <code>cryogan export</code> writes what RELION's auto-refine begins with; " +
      "in cryoSPARC import map.mrc as the initial volume.</p>" +
      "<p>Cite: H. Gupta, M. T. McCann, L. Donati, M. Unser, “CryoGAN: A New Reconstruction Paradigm for " +
      "Single-Particle Cryo-EM via Deep Adversarial Learning”, IEEE Transactions on Computational Imaging 7, " +
      "759–774 (2021).</p>",
  };
}

function optionsSection(config: Record<string, unknown> | undefined): Section {
  if (!config) return { html: "" };
  const rows = optionRows(config).map(
    ([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return { html: `<h2>Options</h2><div class="scroll"><table class="options">${rows.join("")}</table></div>` };
}
