/** The maximisation step of a stage, ready to be fed: slices in, the densities of its classes out. */

import type { PolarGrid } from "../../physics/frequencies.ts";
import type { Matrix3 } from "../../physics/rotations.ts";
import { splitGroup } from "../../physics/symmetry.ts";
import { compile } from "../../runtime/session.ts";
import { joined, partOf } from "../classes.ts";
import type { EstimatedVolume, HalfVolumes } from "../stage.ts";
import { stageMask } from "../stageMask.ts";
import { addSlices, sampleSumsProgram, seenViews, sumsSize } from "./backprojection.ts";
import type { RefinementContext } from "./context.ts";
import { correlationsOf, jointSums } from "./jointEstimate.ts";
import { asOfFirst, sumAll } from "./sharing.ts";
import { symmetriseSums } from "./symmetricSums.ts";
import { openWiener, type SumsOfParts, tablePrior } from "./wiener.ts";

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
  const prior = tablePrior(spectra.signal, grid.radii.length),
    wiener = await openWiener(n, prior, device),
    masks = joined(groups.map((_, c) => stageMask(n, context, c)));
  const classes = groups.length,
    split = groups.map(splitGroup),
    halves = [0, 1].map(() => new Float32Array(classes * sumsSize(n))) as [Float32Array, Float32Array],
    [first, second] = halves;
  /** Whether there is an estimate of what was added. */
  let solved = false;
  const clear = (): void => {
    for (const values of halves) values.fill(0);
    solved = false;
  };
  const ofClass =
    (...parts: Float32Array[]) =>
    (c: number): SumsOfParts =>
      parts.map((sums) => partOf(sums, c, classes));
  /** The densities of all classes, before their masks. */
  const estimate = async (sumsOf: (c: number) => SumsOfParts): Promise<Float32Array> => {
    const densities: Float32Array[] = [];
    for (let c = 0; c < classes; c++) densities.push(await wiener.density(sumsOf(c)));
    return joined(densities);
  };
  return {
    async add(numerator, denominator, views, half) {
      if (solved) clear();
      const { re, im } = await sampleSums.run({ numerator });
      for (const { of, first: at, poses } of views) {
        const sums = { n, values: partOf(halves[half], of, classes) },
          seen = seenViews(poses, denominator, grid.radii.length, at);
        addSlices(sums, { re: re!, im: im!, denominator }, seen, split[of]!.others, grid, whitening);
      }
    },
    async solve() {
      await sumAll(processes, halves);
      for (const sums of halves) split.forEach(({ onAxes }, c) => symmetriseSums(partOf(sums, c, classes), n, onAxes));
      const correlations = alike ? correlationsOf(first, second, n) : undefined;
      solved = true;
      const unmasked = await estimate(
        correlations ? jointSums(halves, n, correlations, prior) : ofClass(first, second),
      );
      await asOfFirst(processes, [unmasked]);
      const data = unmasked.map((v, i) => v * masks[i]!);
      return { n, data: context.positivity ? data.map((v) => Math.max(0, v)) : data, unmasked };
    },
    async halfSamples() {
      if (!solved) throw new Error("the halves of the particles have not been solved for");
      return [await estimate(ofClass(first)), await estimate(ofClass(second))];
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
