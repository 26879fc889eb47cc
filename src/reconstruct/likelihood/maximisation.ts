/** The maximisation step of a stage, ready to be fed: slices in, the densities of its classes out. */

import type { PolarGrid } from "../../physics/frequencies.ts";
import type { Matrix3 } from "../../physics/rotations.ts";
import { compile } from "../../runtime/session.ts";
import { joined, partOf } from "../classes.ts";
import type { EstimatedVolume, HalfVolumes } from "../stage.ts";
import { stageMask } from "../stageMask.ts";
import { addSlices, sampleSumsProgram, sumsSize, tablePrior, wienerMask, wienerProgram } from "./backprojection.ts";
import type { RefinementContext } from "./context.ts";
import { correlationsOf, jointSums } from "./jointEstimate.ts";
import { asOfFirst, sumAll } from "./sharing.ts";

/** Views of a class among all of an expectation step. */
export interface ClassViews {
  /** The class, from 0. */
  of: number;
  /** Place of the first of its views. */
  first: number;
  poses: readonly Matrix3[];
}

export interface Maximisation {
  /**
   * Adds what the expectation step collected for some views.
   * @param numerator [orders, views, 2·radii], `denominator` [views, radii], of exactly as many views as the
   *   maximisation was made for
   * @param views the poses of those of each class, and the place of the first; the others are left out
   * @param half of the particles that it was collected from
   */
  add(numerator: Float32Array, denominator: Float32Array, views: readonly ClassViews[], half: 0 | 1): Promise<void>;
  /**
   * The densities of all that was added by all processes since the last call: a sample is regularised as the sample
   * that it is.
   */
  solve(): Promise<EstimatedVolume>;
  /**
   * The densities of the two halves by themselves, each map for itself, before the mask, as they were when `solve` was
   * called last.
   * @throws {Error} before the first time, or when something was added since
   */
  halfSamples(): Promise<HalfVolumes>;
  /** What this process has added so far of either half, for a checkpoint, and back from one. */
  sums(): { first: Float32Array; second: Float32Array };
  restore(sums: { first: Float32Array; second: Float32Array }): void;
  release(): Promise<void>;
}

export async function openMaximisation(
  n: number,
  grid: PolarGrid,
  views: number,
  whitening: Float32Array,
  context: RefinementContext,
): Promise<Maximisation> {
  const { device, processes, spectra, groups, alike = false } = context;
  const sampleSums = await compile(sampleSumsProgram(grid, views, whitening), device);
  const wiener = await compile(wienerProgram(n, tablePrior(n, spectra.signal, grid.radii.length)), device),
    masks = groups.map((_, c) => wienerMask(stageMask(n, context, c), n));
  const classes = groups.length,
    halves = [0, 1].map(() => new Float32Array(classes * sumsSize(n))) as [Float32Array, Float32Array],
    [first, second] = halves;
  /** Whether `first` holds the sums of both halves. */
  let solved = false;
  const clear = (): void => {
    for (const values of halves) values.fill(0);
    solved = false;
  };
  const each =
    (sums: Float32Array) =>
    (c: number): Float32Array =>
      partOf(sums, c, classes);
  const estimate = async (
    sumsOf: (c: number) => Float32Array,
  ): Promise<{ volume: Float32Array; unmasked: Float32Array }> => {
    const volumes: Float32Array[] = [],
      before: Float32Array[] = [];
    for (let c = 0; c < classes; c++) {
      const { volume, unmasked } = await wiener.run({ sums: sumsOf(c), mask: masks[c]! });
      volumes.push(volume!.slice());
      before.push(unmasked!.slice());
    }
    return { volume: joined(volumes), unmasked: joined(before) };
  };
  return {
    async add(numerator, denominator, views, half) {
      if (solved) clear();
      const { re, im } = await sampleSums.run({ numerator });
      for (const { of, first: at, poses } of views) {
        const sums = { n, values: partOf(halves[half], of, classes) };
        addSlices(sums, { re: re!, im: im!, denominator, first: at }, poses, groups[of]!, grid, whitening);
      }
    },
    async solve() {
      await sumAll(processes, halves);
      const correlations = alike ? correlationsOf(first, second, n) : undefined;
      for (let i = 0; i < first.length; i++) first[i]! += second[i]!;
      solved = true;
      const { volume, unmasked } = await estimate(
        correlations ? jointSums(first, n, correlations, spectra.signal, grid.radii.length) : each(first),
      );
      await asOfFirst(processes, [volume, unmasked]);
      return { n, data: context.positivity ? volume.map((v) => Math.max(0, v)) : volume, unmasked };
    },
    async halfSamples() {
      if (!solved) throw new Error("the halves of the particles have not been solved for");
      const { unmasked: ofSecond } = await estimate(each(second)),
        { unmasked: ofFirst } = await estimate(each(first.map((v, i) => v - second[i]!)));
      return [ofFirst, ofSecond];
    },
    sums() {
      if (solved) clear();
      return { first, second };
    },
    restore(sums) {
      clear();
      first.set(sums.first);
      second.set(sums.second);
    },
    async release() {
      await Promise.all([sampleSums.release(), wiener.release()]);
    },
  };
}

/** Half-samples as a checkpoint holds them, and back. */
export const tensorsOf = ([firstHalf, secondHalf]: HalfVolumes): Record<string, Float32Array> => ({
  firstHalf,
  secondHalf,
});
export const halvesIn = (tensors: Record<string, Float32Array> | undefined): HalfVolumes | undefined =>
  tensors?.firstHalf && tensors.secondHalf ? [tensors.firstHalf, tensors.secondHalf] : undefined;
