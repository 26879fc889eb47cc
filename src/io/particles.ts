/** Particle sets from RELION and cryoSPARC: the front door of the files beside this one. */

import { InputError } from "../base/errors.ts";
import type { Files } from "../base/files.ts";
import type { ParticleSet } from "../base/types.ts";
import { readCryosparcParticles } from "./cryosparcParticles.ts";
import { groupFileMessage } from "./csg.ts";
import { duplicateWarning } from "./duplicates.ts";
import { positionsNotIn } from "./exclude.ts";
import { readText } from "./files.ts";
import type { ReadOptions } from "./particleChecks.ts";
import { readRelionParticles } from "./relionParticles.ts";

export type { ReadOptions } from "./particleChecks.ts";
export type { ParticleImages } from "./particleImages.ts";
export { openParticleImages, validateImages } from "./particleImages.ts";
export { writeParticlesStar } from "./particlesStar.ts";

/**
 * Reads a particle STAR file (RELION 3.0, 3.1, 5) or a cryoSPARC .cs file. Images are neither read nor looked for,
 * unless the box size must come from the first stack; call validateImages or openParticleImages for that. Angles become
 * radians, lengths Å; `opticsGroup` counts from 0 into `opticsGroupNames`. The options select particles.
 * @throws InputError in one line naming file, row and column.
 */
export async function readParticles(files: Files, path: string, asked: ReadOptions = {}): Promise<ParticleSet> {
  const options: ReadOptions = asked.classes ? { ...asked, needs: [...(asked.needs ?? []), "classes"] } : asked;
  if (path.toLowerCase().endsWith(".csg")) throw new InputError(groupFileMessage(path, await readText(files.at(path))));
  const read = await (path.toLowerCase().endsWith(".cs")
    ? readCryosparcParticles(files, path, options)
    : readRelionParticles(files, path, options));
  const classed = options.classes === undefined ? read : subset(read, positionsOfClasses(read, options.classes));
  const set =
    options.exclude === undefined
      ? classed
      : subset(classed, await positionsNotIn(files, options.exclude, classed, options.projectRoot));
  if (options.ctfPhaseFlipped) set.optics.phaseFlipped = new Float64Array(set.count).fill(1);
  const duplicates = duplicateWarning(set);
  return duplicates === undefined ? set : { ...set, warnings: [...(set.warnings ?? []), duplicates] };
}

/**
 * Where the particles of these classes stand.
 * @throws InputError where the file names no classes, or one that is asked for has no particles.
 */
export function positionsOfClasses({ source, classNumber }: ParticleSet, asked: readonly number[]): Int32Array {
  if (!classNumber)
    throw new InputError(
      `${source} does not tell the classes of its particles (_rlnClassNumber), to choose by --class`,
    );
  const there = [...new Set(classNumber)].sort((a, b) => a - b),
    absent = asked.find((number) => !there.includes(number));
  if (absent !== undefined)
    throw new InputError(`${source} has no particles of class ${absent}; it has those of ${there.join(", ")}`);
  return Int32Array.from(classNumber.keys()).filter((i) => asked.includes(classNumber[i]!));
}

/** The particles at these positions of `set`, in this order; they keep their rows in the file for messages. */
export function subset(set: ParticleSet, indices: Int32Array): ParticleSet {
  const chosen = indices.slice();
  const outside = chosen.findIndex((i) => i < 0 || i >= set.count);
  if (outside >= 0) throw new RangeError(`particle ${chosen[outside]} of ${set.count}`);
  const integers = (values: Int32Array) => chosen.map((i) => values[i]!);
  const floats = <T extends object>(columns: T): T =>
    Object.fromEntries(
      Object.entries(columns).map(([key, values]) => [key, Float64Array.from(chosen, (i) => values[i])]),
    ) as T;
  return {
    ...set,
    count: chosen.length,
    stackIndex: integers(set.stackIndex),
    imageIndex: integers(set.imageIndex),
    optics: floats(set.optics),
    opticsGroup: integers(set.opticsGroup),
    micrographs: set.micrographs && { ...set.micrographs, index: integers(set.micrographs.index) },
    uid: set.uid && BigUint64Array.from(chosen, (i) => set.uid![i]!),
    poses: set.poses && floats(set.poses),
    classNumber: set.classNumber && integers(set.classNumber),
    randomSubset: set.randomSubset && integers(set.randomSubset),
    ...(set.sign && { sign: Int8Array.from(chosen, (i) => set.sign![i]!) }),
    where: (particle) => set.where(chosen[particle]!),
  };
}

/** The images of one stack, in their order and of one optics group, as particles: what a simulation writes. */
export function particlesOfStack(
  stack: string,
  { optics, ...image }: Pick<ParticleSet, "boxSize" | "pixelSizeAngstrom" | "optics" | "poses">,
): ParticleSet {
  const count = optics.defocusUAngstrom.length;
  return {
    count,
    source: stack,
    stacks: [stack],
    stackIndex: new Int32Array(count),
    imageIndex: Int32Array.from({ length: count }, (_, i) => i),
    optics,
    opticsGroup: new Int32Array(count),
    opticsGroupNames: ["opticsGroup1"],
    ...image,
    where: (particle) => `${stack}: image ${particle + 1}`,
  };
}
