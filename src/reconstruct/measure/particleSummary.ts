/** What a particle file and its images tell, for `inspect` and the form of a new run. */
import { InputError } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import { type Histogram, histogram } from "../../base/format.ts";
import type { ParticleSet } from "../../base/types.ts";
import type { GrayImage } from "../../io/grayImage.ts";
import { openStack } from "../../io/mrc.ts";
import { openParticleImages, subset } from "../../io/particles.ts";
import type { Contrast } from "./contrast.ts";
import { firstLook, type ParticleShown, particleShown } from "./firstLook.ts";
import { imagesThatFit, type PixelStatistics, pixelStatistics, splitImages, spreadIndices } from "./pixels.ts";

/** As `inspect --json` prints it. */
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

export async function summarizeParticles(files: Files, set: ParticleSet): Promise<ParticleSummary> {
  const { optics } = set;
  const defocus = optics.defocusUAngstrom.map((u, i) => (u + optics.defocusVAngstrom[i]!) / 2);
  const bins = histogram(defocus);
  const { problems, readable } = await checkStacks(files, set);
  const sample = await readSample(files, subset(set, readable));
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
  files: Files,
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
    const problem = await stackProblem(files, stack, set.boxSize, highest[index]!);
    if (problem === undefined) sound.add(index);
    else problems.push({ stack, particles: particles[index]!, problem });
  }
  const all = Int32Array.from({ length: set.count }, (_, i) => i);
  return { problems, readable: all.filter((i) => sound.has(set.stackIndex[i]!)) };
}

async function stackProblem(
  files: Files,
  path: string,
  boxSize: number,
  highestIndex: number,
): Promise<string | undefined> {
  try {
    const stack = await openStack(files.at(path));
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

async function readSample(
  files: Files,
  set: ParticleSet,
): Promise<
  Pick<ParticleSummary, "pixels" | "contrast" | keyof ParticleShown> & {
    allAlike?: boolean;
    problem?: ParticleSummary["stackProblems"][number];
  }
> {
  if (set.count === 0) return {};
  const indices = spreadIndices(set.count, imagesThatFit(imagesSampled, set.boxSize, set.boxSize));
  try {
    const images = await readImages(files, set, indices),
      { contrast, allAlike, extent } = await firstLook(files, set),
      shown = particleShown(extent, set, contrast?.density !== "dark");
    return { pixels: { images: indices.length, ...pixelStatistics(images) }, contrast, ...shown, allAlike };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { problem: { stack: set.stacks[set.stackIndex[0]!]!, particles: 1, problem: error.message } };
  }
}

async function readImages(files: Files, set: ParticleSet, indices: ArrayLike<number>): Promise<Float32Array> {
  const pixels = new Float32Array(indices.length * set.boxSize ** 2);
  const images = await openParticleImages(files, set);
  try {
    await images.read(indices, pixels);
  } finally {
    await images.close();
  }
  return pixels;
}

/** @throws InputError when a stack is missing or broken */
export async function firstParticleImages(files: Files, set: ParticleSet, count: number): Promise<GrayImage[]> {
  const first = subset(
    set,
    Int32Array.from({ length: Math.min(count, set.count) }, (_, i) => i),
  );
  return splitImages(await readImages(files, first, spreadIndices(first.count, count)), set.boxSize, set.boxSize);
}
