/**
 * Noise and contrast that differ between groups of particles: micrographs, else optics groups. Every image is brought
 * to the noise of the mean by a factor on each shell, and its CTF takes the same factor, times the contrast: behind
 * this effective CTF the noise is the same for all.
 *
 * @see Scheres (2012) J. Struct. Biol. 180, 519 (noise spectra and scales of groups of particles)
 */
import type { ParticleSet } from "../../base/types.ts";
import { type FrequencyGrid, radiusOf } from "../../physics/frequencies.ts";
import * as op from "../../tensor/ops.ts";
import { constant, input, type Shape, type Tensor } from "../../tensor/tensor.ts";

export interface NoiseGroups {
  /** Group of each particle of the set. */
  of: Int32Array;
  /** Noise power over the mean of all, [groups, shells 0, 1, …]. */
  noise: Float32Array;
  /** Amplitude of the signal over the mean of all, [groups]. */
  contrast: Float32Array;
}

/** What the factors are told from: the noise power on shells 0, 1, 2, …, and that of groups where they differ. */
export interface GroupedNoise {
  noise: ArrayLike<number>;
  groups?: NoiseGroups;
}

/** The group of each particle; absent where all are in one. */
export function groupsOf({ micrographs, opticsGroup, opticsGroupNames }: ParticleSet): Int32Array | undefined {
  if (micrographs)
    return micrographs.index.some((group) => group !== micrographs.index[0]) ? micrographs.index : undefined;
  return opticsGroupNames.length > 1 ? opticsGroup : undefined;
}

/** Factors of some images, [shells, batch] each. `T` is what stands for them: numbers, or a tensor. */
export interface GroupFactors<T> {
  /** Of the image. */
  imageFactor: T;
  /** Of its CTF. */
  signalFactor: T;
}

/** Inputs of a program that `groupFactors` feeds; none where all particles are in one group. */
export const groupInputs = (
  { noise, groups }: GroupedNoise,
  batch: number,
  make: (name: string, shape: Shape) => Tensor = input,
): Partial<GroupFactors<Tensor>> =>
  groups
    ? { imageFactor: make("imageFactor", [noise.length, batch]), signalFactor: signalInput(noise.length, batch, make) }
    : {};

/** The input that `groupFactors` feeds with the factors of CTFs. */
export const signalInput = (
  shells: number,
  batch: number,
  make: (name: string, shape: Shape) => Tensor = input,
): Tensor => make("signalFactor", [shells, batch]);

/** The factors of some particles. */
export function groupFactors(
  { noise, groups }: GroupedNoise,
  particles: ArrayLike<number>,
): Partial<GroupFactors<Float32Array>> {
  if (!groups) return {};
  const batch = particles.length,
    shells = noise.length;
  const imageFactor = new Float32Array(shells * batch),
    signalFactor = new Float32Array(shells * batch);
  for (let b = 0; b < batch; b++) {
    const group = groups.of[particles[b]!]!;
    for (let k = 0, o = b; k < shells; k++, o += batch) {
      imageFactor[o] = 1 / Math.sqrt(groups.noise[group * shells + k]!);
      signalFactor[o] = groups.contrast[group]! * imageFactor[o]!;
    }
  }
  return { imageFactor, signalFactor };
}

/** Factors on shells, [shells, batch], interpolated linearly at the samples of a grid: [samples, batch]. */
export function onGrid(factors: Tensor, grid: FrequencyGrid): Tensor {
  const last = factors.shape[0]! - 1,
    radii = radiusOf(grid).map((r) => Math.min(Math.round(1e6 * r) / 1e6, last));
  const at = (shell: (r: number) => number): Tensor =>
    op.gather(factors, constant(Int32Array.from(radii, shell), [grid.count], "int32"));
  const share = Float32Array.from(radii, (r) => r - Math.floor(r)),
    low = at(Math.floor);
  return share.every((s) => s === 0)
    ? low
    : op.add(low, op.mul(op.sub(at(Math.ceil), low), constant(share, [grid.count, 1])));
}
