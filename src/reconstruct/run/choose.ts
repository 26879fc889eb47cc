/** Which particles are reconstructed, and in what parts. */
import { InputError } from "../../base/errors.ts";
import type { ParticleSet } from "../../base/types.ts";
import { firstListed } from "../../io/duplicates.ts";
import { subset } from "../../io/particles.ts";
import { createStream } from "../../runtime/random.ts";
import { fewestParticles, type ReconstructOptions } from "../options.ts";
import type { Part } from "../stage.ts";

/** The particles asked for, drawn at random but kept in their order. */
export function chooseParticles(
  set: ParticleSet,
  options: Pick<ReconstructOptions, "particles" | "halfMaps" | "seed"> & { classes?: number },
): ParticleSet {
  const limit = options.particles ?? set.count;
  const chosen =
    limit < set.count
      ? subset(set, createStream(options.seed, "choice").permutation(set.count).slice(0, limit).sort())
      : set;
  const { classes = 1 } = options,
    least = (options.halfMaps ? 2 : 1) * classes * fewestParticles;
  if (chosen.count < least)
    throw new InputError(
      `${set.source}: ${chosen.count} particles are too few` +
        `${classes > 1 ? ` for ${classes} classes` : ""}; at least ${least} are needed`,
    );
  return chosen;
}

/** What is reconstructed by itself: all particles, or each half of them. */
export function partsOf(
  set: ParticleSet,
  { halfMaps, seed, classes = 1 }: Pick<ReconstructOptions, "halfMaps" | "seed"> & { classes?: number },
): Part[] {
  if (!halfMaps) return [{ set, label: "all", map: "map.mrc", checkpoint: "checkpoint.bin" }];
  return halves(set, seed, classes * fewestParticles).map((positions, i) => ({
    set: subset(set, positions),
    label: `half${i + 1}`,
    map: i === 0 ? "half1.mrc" : "half2.mrc",
    checkpoint: `checkpoint-half${i + 1}.bin`,
    half: (i + 1) as 1 | 2,
    positions,
  }));
}

/**
 * Two halves: as the file's random subsets say (rlnRandomSubset), else at random. Particles that are listed more than
 * once are all in the half of the first of them: maps with images in common are not independent.
 */
function halves(set: ParticleSet, seed: number, least: number): Int32Array[] {
  const first = firstListed(set);
  const inFirstHalf = set.randomSubset ? ofSubset(set.randomSubset, 1) : drawn(first, seed);
  const all = Array.from(first.keys());
  return [true, false].map((wanted, h) => {
    const half = Int32Array.from(all.filter((i) => inFirstHalf(first[i]!) === wanted));
    if (half.length < least)
      throw new InputError(
        `${set.source}: half ${h + 1}${set.randomSubset ? " (rlnRandomSubset)" : ""} has ${half.length} particles; ` +
          `at least ${least} are needed`,
      );
    return half;
  });
}

const ofSubset = (subsets: Int32Array, wanted: number) => (particle: number) => subsets[particle] === wanted;

/** Half of the particles that are the first of their kind. */
function drawn(first: Int32Array, seed: number): (particle: number) => boolean {
  const distinct = first.filter((other, i) => other === i);
  const order = createStream(seed, "halves").permutation(distinct.length);
  const chosen = new Set(Array.from(order.slice(0, distinct.length >> 1), (place) => distinct[place]!));
  return (particle) => chosen.has(particle);
}
