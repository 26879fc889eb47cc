/** What a run found of its particles, as particle files tell it. */
import type { ParticleSet } from "../../base/types.ts";
import { relionPoses } from "../../physics/relionPoses.ts";
import { classesIn, eachClass, mainClass } from "../classes.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { Place } from "../stage.ts";
import { shiftsOfMoved } from "./centreMap.ts";
import { type Placement, posesOfPlaced } from "./placedPoses.ts";

const middle: Place = [0, 0, 0];

/**
 * The particles with their most likely class (from 1; that of junk is the last), and their poses and shifts against its
 * map; without these where none were found.
 * @param placed how the maps of classes were put elsewhere, where they were
 */
export function foundParticles(
  set: ParticleSet,
  { volume, poses, shifts = new Float32Array(2 * set.count), places, memberships }: Checkpoint,
  placed: readonly (Placement | undefined)[] = [],
): ParticleSet {
  const { poses: _, ...ofFile } = set,
    { count } = set,
    classes = volume ? classesIn(volume) : 1,
    classNumber = memberships && mostLikely(memberships, memberships.length / count, count),
    /** Of an image of junk the class that it would be of. */
    of = memberships && classes > 1 ? mostLikely(memberships, classes, count) : new Int32Array(count).fill(1);
  const classed = { ...ofFile, ...(classNumber ? { classNumber } : {}) };
  if (!poses) return classed;
  const rotations = new Float32Array(9 * count),
    moved = new Float32Array(2 * count);
  const byClass = eachClass(classes, (c) => {
    const own = poses.subarray(9 * c * count, 9 * (c + 1) * count);
    const found = { poses: own, shifts: shiftsOfMoved(shifts, own, places?.[c] ?? middle) };
    return placed[c] ? posesOfPlaced(found, placed[c]) : found;
  });
  of.forEach((number, p) => {
    const { poses: own, shifts: ofClass } = byClass[number - 1]!;
    rotations.set(own.subarray(9 * p, 9 * p + 9), 9 * p);
    moved.set([ofClass[p]!, ofClass[count + p]!], 2 * p);
  });
  return {
    ...classed,
    poses: relionPoses(rotations, moved, set.boxSize * set.pixelSizeAngstrom),
  };
}

/** Columns beside: posterior probability of the class, and of the pose within it. */
export function probabilities({ memberships, peaks }: Checkpoint, count: number): Record<string, Float32Array> {
  if (!memberships) return {};
  const lines = memberships.length / count,
    of = mostLikely(memberships, lines, count);
  return {
    ...(peaks ? { rlnMaxValueProbDistribution: peaks } : {}),
    cryoganClassProbability: Float32Array.from(of, (number, p) => memberships[(number - 1) * count + p]!),
  };
}

/** Of each particle the number, from 1, of its most likely class among the first ones. */
const mostLikely = (memberships: Float32Array, lines: number, count: number): Int32Array =>
  Int32Array.from({ length: count }, (_, p) => 1 + mainClass(memberships, lines, count, p));
