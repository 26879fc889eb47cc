/** Which particles are reconstructed, and in what parts. */
import { InputError } from "../../base/errors.ts";
import type { ParticleSet } from "../../base/types.ts";
import { subset } from "../../io/particles.ts";
import { createStream } from "../../runtime/random.ts";
import { fewestParticles, type ReconstructOptions } from "../options.ts";
import type { Part } from "../stage.ts";

/** The particles asked for, drawn at random but kept in their order. */
export function chooseParticles(
  set: ParticleSet,
  options: Pick<ReconstructOptions, "particles" | "halfMaps" | "seed">,
): ParticleSet {
  const limit = options.particles ?? set.count;
  const chosen =
    limit < set.count
      ? subset(set, createStream(options.seed, "choice").permutation(set.count).slice(0, limit).sort())
      : set;
  const least = options.halfMaps ? 2 * fewestParticles : fewestParticles;
  if (chosen.count < least)
    throw new InputError(`${set.source}: ${chosen.count} particles are too few; at least ${least} are needed`);
  return chosen;
}

/** What is reconstructed by itself: all particles, or each half of them. */
export function partsOf(set: ParticleSet, { halfMaps, seed }: Pick<ReconstructOptions, "halfMaps" | "seed">): Part[] {
  if (!halfMaps) return [{ set, label: "all", map: "map.mrc", checkpoint: "checkpoint.bin" }];
  return halves(set, seed).map((half, i) => ({
    set: half,
    label: `half${i + 1}`,
    map: `half${i + 1}.mrc`,
    checkpoint: `checkpoint-half${i + 1}.bin`,
    half: (i + 1) as 1 | 2,
  }));
}

/** Two halves: as the file's random subsets say (rlnRandomSubset), else at random. */
function halves(set: ParticleSet, seed: number): [ParticleSet, ParticleSet] {
  const all = Array.from({ length: set.count }, (_, i) => i);
  const given = set.randomSubset;
  if (given) {
    return [1, 2].map((h) => {
      const half = subset(set, Int32Array.from(all.filter((i) => given[i] === h)));
      if (half.count < fewestParticles)
        throw new InputError(
          `${set.source}: half ${h} (rlnRandomSubset) has ${half.count} particles; ` +
            `at least ${fewestParticles} are needed`,
        );
      return half;
    }) as [ParticleSet, ParticleSet];
  }
  const order = createStream(seed, "halves").permutation(set.count),
    middle = set.count >> 1;
  return [subset(set, order.slice(0, middle).sort()), subset(set, order.slice(middle).sort())];
}
