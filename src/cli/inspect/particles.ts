import { InputError } from "../../base/errors.ts";
import {
  formatCount,
  formatHistogram,
  formatNumber,
  formatTable,
  type Histogram,
  histogram,
} from "../../base/format.ts";
import { oneLine } from "../../base/printable.ts";
import type { ParticleSet } from "../../base/types.ts";
import { disk } from "../../io/disk.ts";
import type { GrayImage } from "../../io/grayImage.ts";
import { openStack } from "../../io/mrc.ts";
import { openParticleImages, subset } from "../../io/particles.ts";
import { type Contrast, contrastText } from "../../reconstruct/measure/contrast.ts";
import { firstLook, type ParticleShown, particleShown } from "../../reconstruct/measure/firstLook.ts";
import { imagesThatFit, type PixelStatistics, pixelStatistics, splitImages, spreadIndices } from "./pixels.ts";
import { statisticsRows } from "./text.ts";

/** What `inspect` tells of a particle file, as --json prints it. */
export interface ParticleSummary extends ParticleShown {
  kind: "particles";
  file: string;
  particles: number;
  boxSize: number;
  pixelSizeAngstrom: number;
  opticsGroups: {
    number: number;
    name: string;
    particles: number;
    voltageKv: number;
    sphericalAberrationMm: number;
    amplitudeContrast: number;
  }[];
  /** Mean of U and V per particle. */
  defocusAngstrom: { minimum: number; maximum: number; mean: number; histogram: Histogram };
  /** Mean |U - V|. */
  astigmatismAngstrom: number;
  hasPoses: boolean;
  /** Particles in random subsets 1 and 2, when the file names them. */
  randomSubsets?: [number, number];
  /** Particles of each class, when the file names them. */
  classes?: { number: number; particles: number }[];
  stacks: number;
  /** Stacks that are missing or do not fit, with the number of particles that need them. */
  stackProblems: { stack: string; particles: number; problem: string }[];
  /** Of images spread evenly over those that can be read; absent when none can. */
  pixels?: PixelStatistics & { images: number };
  /** Whether density is bright or dark in the images, as reconstruct takes it; absent where fewer than 16 can tell. */
  contrast?: Contrast;
  /** What is to be known of the file and does not forbid its use. */
  warnings: readonly string[];
}

const imagesSampled = 256;
/** Of long lists. */
const linesShown = 30;

export async function summarizeParticles(set: ParticleSet): Promise<ParticleSummary> {
  const { optics } = set;
  const defocus = optics.defocusUAngstrom.map((u, i) => (u + optics.defocusVAngstrom[i]!) / 2);
  const bins = histogram(defocus);
  const { problems, readable } = await checkStacks(set);
  const sample = await readSample(subset(set, readable));
  const inSubset = (half: number) => set.randomSubset!.reduce((n, subset) => n + Number(subset === half), 0);
  return {
    kind: "particles",
    file: set.source,
    particles: set.count,
    boxSize: set.boxSize,
    pixelSizeAngstrom: set.pixelSizeAngstrom,
    opticsGroups: opticsGroups(set),
    defocusAngstrom: { minimum: bins.edges[0]!, maximum: bins.edges.at(-1)!, mean: mean(defocus), histogram: bins },
    astigmatismAngstrom: mean(optics.defocusUAngstrom.map((u, i) => Math.abs(u - optics.defocusVAngstrom[i]!))),
    hasPoses: set.poses !== undefined,
    randomSubsets: set.randomSubset && [inSubset(1), inSubset(2)],
    classes: set.classNumber && countClasses(set.classNumber),
    stacks: set.stacks.length,
    stackProblems: sample.problem === undefined ? problems : [...problems, sample.problem],
    pixels: sample.pixels,
    contrast: sample.contrast,
    diameterAngstrom: sample.diameterAngstrom,
    shiftSigmaAngstrom: sample.shiftSigmaAngstrom,
    warnings: [
      ...(set.warnings ?? []),
      ...(sample.allAlike ? [`all images looked at are the same, so that reconstruct refuses them`] : []),
    ],
  };
}

function countClasses(numbers: Int32Array): { number: number; particles: number }[] {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b).map(([number, particles]) => ({ number, particles }));
}

/** The groups that have particles. */
function opticsGroups(set: ParticleSet): ParticleSummary["opticsGroups"] {
  const first = new Map<number, number>(),
    counts = new Int32Array(set.opticsGroupNames.length);
  set.opticsGroup.forEach((group, i) => {
    counts[group]!++;
    if (!first.has(group)) first.set(group, i);
  });
  return set.opticsGroupNames.flatMap((name, group) => {
    const i = first.get(group);
    if (i === undefined) return [];
    return {
      number: set.opticsGroupNumbers![group]!,
      name,
      particles: counts[group]!,
      voltageKv: set.optics.voltageKv[i]!,
      sphericalAberrationMm: set.optics.sphericalAberrationMm[i]!,
      amplitudeContrast: set.optics.amplitudeContrast[i]!,
    };
  });
}

const mean = (values: Float64Array) => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Stacks that cannot give their particles' images, and the particles whose stacks can. */
async function checkStacks(
  set: ParticleSet,
): Promise<{ problems: ParticleSummary["stackProblems"]; readable: Int32Array }> {
  const particles = new Int32Array(set.stacks.length);
  const highest = new Int32Array(set.stacks.length);
  set.stackIndex.forEach((stack, i) => {
    particles[stack]!++;
    highest[stack] = Math.max(highest[stack]!, set.imageIndex[i]!);
  });
  const problems: ParticleSummary["stackProblems"] = [];
  const sound = new Set<number>();
  for (const [index, stack] of set.stacks.entries()) {
    const problem = await stackProblem(stack, set.boxSize, highest[index]!);
    if (problem === undefined) sound.add(index);
    else problems.push({ stack, particles: particles[index]!, problem });
  }
  const all = Int32Array.from({ length: set.count }, (_, i) => i);
  return { problems, readable: all.filter((i) => sound.has(set.stackIndex[i]!)) };
}

async function stackProblem(path: string, boxSize: number, highestIndex: number): Promise<string | undefined> {
  try {
    const stack = await openStack(disk.at(path));
    await stack.close();
    if (stack.width !== boxSize || stack.height !== boxSize)
      return `images of ${stack.width} x ${stack.height} pixels where the particles have ${boxSize}`;
    if (highestIndex >= stack.count) return `holds ${stack.count} images, but image ${highestIndex + 1} is used`;
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

async function readSample(set: ParticleSet): Promise<
  Pick<ParticleSummary, "pixels" | "contrast" | keyof ParticleShown> & {
    allAlike?: boolean;
    problem?: ParticleSummary["stackProblems"][number];
  }
> {
  if (set.count === 0) return {};
  const indices = spreadIndices(set.count, imagesThatFit(imagesSampled, set.boxSize, set.boxSize));
  try {
    const images = await readImages(set, indices),
      { contrast, allAlike, extent } = await firstLook(disk, set),
      shown = particleShown(extent, set, contrast?.density !== "dark");
    return { pixels: { images: indices.length, ...pixelStatistics(images) }, contrast, ...shown, allAlike };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { problem: { stack: set.stacks[set.stackIndex[0]!]!, particles: 1, problem: error.message } };
  }
}

async function readImages(set: ParticleSet, indices: ArrayLike<number>): Promise<Float32Array> {
  const pixels = new Float32Array(indices.length * set.boxSize ** 2);
  const images = await openParticleImages(disk, set);
  try {
    await images.read(indices, pixels);
  } finally {
    await images.close();
  }
  return pixels;
}

/** @throws InputError when a stack is missing or broken */
export async function firstParticleImages(set: ParticleSet, count: number): Promise<GrayImage[]> {
  const first = subset(
    set,
    Int32Array.from({ length: Math.min(count, set.count) }, (_, i) => i),
  );
  return splitImages(await readImages(first, spreadIndices(first.count, count)), set.boxSize, set.boxSize);
}

function contrastRow(contrast: Contrast): string {
  const measured = `(${contrastText(contrast)})`;
  if (contrast.density === "unclear") return `not clear, so that reconstruct takes the images as they are ${measured}`;
  const consequence = contrast.density === "dark" ? ", so that reconstruct inverts the images" : "";
  return `density seems ${contrast.density}${consequence} ${measured}`;
}

const diameterRow = ({ diameterAngstrom }: ParticleSummary): string =>
  diameterAngstrom === undefined
    ? "not told apart from the box, so that reconstruct takes 90 % of it for its mask (--mask-diameter)"
    : `${formatNumber(diameterAngstrom)} Å with a margin, which reconstruct takes for its mask (--mask-diameter)`;

const shiftRow = ({ shiftSigmaAngstrom }: ParticleSummary): string =>
  shiftSigmaAngstrom === undefined
    ? "not told, so that reconstruct takes up to 5 % of the box for their shifts (--max-shift)"
    : `particles lie about ${formatNumber(shiftSigmaAngstrom, 2)} Å, or less, ` +
      "from the centres of their boxes (1 sigma), " +
      "which reconstruct takes for their shifts (--max-shift)";

export function particleText(summary: ParticleSummary): string {
  const { defocusAngstrom: defocus } = summary;
  const problems = summary.stackProblems.length;
  const found = problems === 0 ? "all found" : `${formatCount(problems)} with problems`;
  const micrometre = (angstrom: number) => `${formatNumber(angstrom / 1e4)} µm`;
  const rows: string[][] = [
    ["Particles", formatCount(summary.particles)],
    ["Box", `${summary.boxSize} px (${formatNumber(summary.boxSize * summary.pixelSizeAngstrom, 4)} Å)`],
    [
      "Pixel size",
      `${formatNumber(summary.pixelSizeAngstrom, 4)} Å (Nyquist ${formatNumber(2 * summary.pixelSizeAngstrom, 4)} Å)`,
    ],
    ["Poses", summary.hasPoses ? "yes (not used)" : "no"],
    ...(summary.randomSubsets ? [["Random subsets", summary.randomSubsets.map(formatCount).join(" and ")]] : []),
    ...(summary.classes
      ? [
          [
            "Classes",
            summary.classes
              .slice(0, linesShown)
              .map(({ number, particles }) => `${number} (${formatCount(particles)})`)
              .join(", "),
          ],
        ]
      : []),
    ["Stacks", `${formatCount(summary.stacks)}, ${found}`],
    ["Defocus", `${micrometre(defocus.minimum)} to ${micrometre(defocus.maximum)}, mean ${micrometre(defocus.mean)}`],
    ["Astigmatism", `${formatNumber(summary.astigmatismAngstrom)} Å on average`],
    ...(summary.pixels ? statisticsRows(summary.pixels, `Pixels of ${summary.pixels.images} images`) : []),
    ...(summary.contrast ? [["Contrast", contrastRow(summary.contrast)]] : []),
    ...(summary.pixels
      ? [
          ["Diameter", diameterRow(summary)],
          ["Off centre", shiftRow(summary)],
        ]
      : []),
    ...summary.warnings.map((warning) => ["Warning", oneLine(warning)]),
  ];
  const groups = [
    ["Optics group", "name", "particles", "kV", "Cs mm", "amplitude contrast"],
    ...summary.opticsGroups
      .slice(0, linesShown)
      .map((group) => [
        String(group.number),
        group.name,
        formatCount(group.particles),
        formatNumber(group.voltageKv),
        formatNumber(group.sphericalAberrationMm),
        formatNumber(group.amplitudeContrast),
      ]),
  ];
  const moreGroups = summary.opticsGroups.length - linesShown;
  const inMicrometres = { ...defocus.histogram, edges: defocus.histogram.edges.map((edge) => edge / 1e4) };
  const shown = summary.stackProblems
    .slice(0, 10)
    .map((problem) => `  ${oneLine(problem.problem)} (${formatCount(problem.particles)} particles)`);
  const more = summary.stackProblems.length - shown.length;
  return [
    summary.file,
    formatTable(rows, "  "),
    "",
    formatTable(groups, "  "),
    ...(moreGroups > 0 ? [`  and ${formatCount(moreGroups)} more`] : []),
    "",
    "  Defocus (µm)",
    formatHistogram(inMicrometres, "  "),
    ...(shown.length > 0 ? ["", "Problems with stacks", ...shown] : []),
    ...(more > 0 ? [`  and ${formatCount(more)} more`] : []),
  ].join("\n");
}
