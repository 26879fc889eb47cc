/** The maximisation step of a stage, ready to be fed: slices in, density out. */

import type { PolarGrid } from "../../physics/frequencies.ts";
import type { Matrix3 } from "../../physics/rotations.ts";
import { compile } from "../../runtime/session.ts";
import type { EstimatedVolume, StageContext } from "../stage.ts";
import { stageMask } from "../stageMask.ts";
import { addSlices, emptySums, sampleSumsProgram, tablePrior, wienerProgram } from "./backprojection.ts";

export interface Maximisation {
  /**
   * Adds what the expectation step collected for some views.
   * @param numerator [orders, views, 2·radii], `denominator` [views, radii], of exactly as many views as the
   *   maximisation was made for; those beyond
   * `poses` are left out
   */
  add(numerator: Float32Array, denominator: Float32Array, poses: readonly Matrix3[]): Promise<void>;
  /**
   * The density of all that was added since the last call. @param share of the particles that was seen: a sample stands
   * for all
   */
  solve(share: number): Promise<EstimatedVolume>;
  /** What was added so far, for a checkpoint, and back from one. */
  sums(): Float32Array;
  restore(sums: Float32Array): void;
  release(): Promise<void>;
}

export async function openMaximisation(
  n: number,
  grid: PolarGrid,
  views: number,
  whitening: Float32Array,
  context: StageContext,
): Promise<Maximisation> {
  const { device, spectra, group } = context;
  const sampleSums = await compile(sampleSumsProgram(grid, views, whitening), device);
  const wiener = await compile(
    wienerProgram(n, tablePrior(n, spectra.signal, grid.radii.length), stageMask(n, context)),
    device,
  );
  let sums = emptySums(n);
  return {
    async add(numerator, denominator, poses) {
      const { re, im } = await sampleSums.run({ numerator });
      addSlices(sums, { re: re!, im: im!, denominator }, poses, group, grid, whitening);
    },
    async solve(share) {
      const { values } = sums;
      for (let i = 0; i < values.length; i++) values[i]! /= share;
      const { volume, unmasked } = await wiener.run({ sums: values });
      sums = emptySums(n);
      return {
        n,
        data: context.positivity ? volume!.map((v) => Math.max(0, v)) : volume!.slice(),
        unmasked: unmasked!.slice(),
      };
    },
    sums: () => sums.values,
    restore(values) {
      sums.values.set(values);
    },
    async release() {
      await Promise.all([sampleSums.release(), wiener.release()]);
    },
  };
}
