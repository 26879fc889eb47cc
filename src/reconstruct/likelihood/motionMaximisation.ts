/** The maximisation step of a molecule that moves: slices of the mean and the components in, their densities out. */

import { pairsOf } from "../../critic/motion.ts";
import { shellCorrelation } from "../../evaluate/fsc.ts";
import { forEachCoefficient, spectrumOf } from "../../evaluate/shells.ts";
import { type PolarGrid, shellValue } from "../../physics/frequencies.ts";
import type { Matrix3 } from "../../physics/rotations.ts";
import { splitGroup } from "../../physics/symmetry.ts";
import { compile } from "../../runtime/session.ts";
import { joined, partOf } from "../classes.ts";
import { asMap } from "../measure/asMap.ts";
import type { StageContext, StageVolume } from "../stage.ts";
import { stageMask } from "../stageMask.ts";
import { addSlices, sampleSumsProgram, seenViews, sumsSize } from "./backprojection.ts";
import { asOfFirst, sumAll } from "./sharing.ts";
import { symmetriseSums } from "./symmetricSums.ts";
import { openComponentsSolver, type SumsOfParts, tablePrior } from "./wiener.ts";

export interface MotionMaximisation {
  /**
   * Adds what the expectation step collected for some views.
   * @param numerator [orders, (1 + components)·views, 2·radii], `denominator` [pairs·views, radii]
   * @param half of the particles that it was collected from
   */
  add(numerator: Float32Array, denominator: Float32Array, poses: readonly Matrix3[], half: 0 | 1): Promise<void>;
  /**
   * The mean and the components [1 + components, n, n, n] of all that was added by all processes since the last call,
   * and the power of each on shells 0 to n/2, [1 + components, n/2 + 1]; that of the mean stays.
   *
   * @param power that each is expected to have, likewise
   */
  solve(power: Float32Array): Promise<{ volumes: Float32Array; power: Float32Array }>;
  /** What this process has added so far of either half, for a checkpoint, and back from one. */
  sums(): { first: Float32Array; second: Float32Array };
  restore(sums: { first: Float32Array; second: Float32Array }): void;
  release(): Promise<void>;
}

export async function openMotionMaximisation(
  n: number,
  components: number,
  grid: PolarGrid,
  views: number,
  whitening: Float32Array,
  context: StageContext,
): Promise<MotionMaximisation> {
  const { device, processes, groups, spectra } = context,
    { onAxes, others } = splitGroup(groups[0]!),
    parts = 1 + components,
    pairs = pairsOf(components),
    radii = grid.radii.length;
  const sampleSums = await compile(sampleSumsProgram(grid, parts * views, whitening), device),
    solver = await openComponentsSolver(n, components, device),
    mask = stageMask(n, context);
  const [first, second] = [0, 1].map(() => new Float32Array(pairs.length * sumsSize(n))) as [
    Float32Array,
    Float32Array,
  ];
  const nothing = new Float32Array(grid.count * parts * views);
  return {
    async add(numerator, denominator, poses, half) {
      const sums = half === 0 ? first : second;
      const { re, im } = await sampleSums.run({ numerator });
      const seen = seenViews(poses, denominator, radii); // the first pair is the mean with itself
      for (const [pair, [j, k]] of pairs.entries()) {
        const weights = new Float32Array(parts * views * radii);
        weights.set(partOf(denominator, pair, pairs.length), j * views * radii);
        const slices = { re: j === k ? re! : nothing, im: j === k ? im! : nothing };
        addSlices(
          { n, values: partOf(sums, pair, pairs.length) },
          { ...slices, denominator: weights },
          seen.map(({ pose, place }) => ({ pose, place: j * views + place })),
          others,
          grid,
          whitening,
        );
      }
    },
    async solve(power) {
      await sumAll(processes, [first, second]);
      for (const sums of [first, second])
        for (const pair of pairs.keys()) symmetriseSums(partOf(sums, pair, pairs.length), n, onAxes);
      const priors = Array.from({ length: parts }, (_, j) => tablePrior(partOf(power, j, parts), radii)),
        volumesOf = async (...sums: SumsOfParts): Promise<Float32Array> =>
          (await solver.densities(sums, priors)).map((v, i) => v * mask[i % mask.length]!);
      const halves = [await volumesOf(first), await volumesOf(second)] as const,
        part = (half: 0 | 1, j: number): StageVolume => ({ n, data: partOf(halves[half], j, parts) });
      const found = Array.from({ length: components }, (_, i) =>
        componentPower(part(0, i + 1), part(1, i + 1), spectra.signal),
      );
      const volumes = await volumesOf(first, second);
      for (const sums of [first, second]) sums.fill(0);
      await asOfFirst(processes, [volumes, ...found]);
      return { volumes, power: joined([power.slice(0, power.length / parts), ...found]) };
    },
    sums: () => ({ first, second }),
    restore(sums) {
      first.set(sums.first);
      second.set(sums.second);
    },
    async release() {
      await Promise.all([sampleSums.release(), solver.release()]);
    },
  };
}

/**
 * Power of a component on shells 0 to n/2 by what two halves of the particles have in common, within 2 % and a half of
 * what the images show of the molecule. Of two Wiener's estimates, each damped by H, the cross power is H²P; H is their
 * correlation, where the power that they were damped by is the right one.
 *
 * @param signal what the images show
 */
export function componentPower(first: StageVolume, second: StageVolume, signal: ArrayLike<number>): Float32Array {
  const [a, b] = [spectrumOf(asMap(first)), spectrumOf(asMap(second))] as const,
    shells = first.n / 2,
    cross = new Float64Array(shells + 1),
    members = new Float64Array(shells + 1);
  forEachCoefficient(first.n, (i, shell) => {
    if (shell > shells) return;
    cross[shell]! += a.re[i]! * b.re[i]! + a.im[i]! * b.im[i]!;
    members[shell]!++;
  });
  const correlation = [0, ...shellCorrelation(a, b)];
  return Float32Array.from(cross, (sum, k) => {
    const common = sum / members[k]! / Math.max(leastDamping, correlation[k]!) ** 2;
    return Math.min(mostPower, Math.max(leastPower, common / signal[k]!)) * signal[k]!;
  });
}
const leastPower = 0.02,
  mostPower = 0.5,
  leastDamping = 0.5;

/** The power of a stage on the shells of a finer one: of those that are new it has the share that the last had. */
export const powerOnShells = (power: Float32Array, signal: ArrayLike<number>, last: number): Float32Array => {
  const reached = power.length - 1;
  return Float32Array.from({ length: last + 1 }, (_, k) =>
    k <= reached ? power[k]! : (power[reached]! * shellValue(signal, k)) / shellValue(signal, reached),
  );
};
