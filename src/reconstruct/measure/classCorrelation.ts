/** Whether two classes differ by more than the noise of their densities does. */
import { alignToReference } from "../../evaluate/align.ts";
import { angularCorrelation, firstAngularShell } from "../../evaluate/angular.ts";
import type { StageVolume } from "../stage.ts";
import { asMap } from "./asMap.ts";

/** Classes are compared up to this radius at most, and so many of the largest: each two take some seconds. */
export const finestCompared = 22,
  mostCompared = 6;

/** Shells in which two halves of the particles of a class agree less are left out. */
const leastAgreement = 0.5;

export interface ClassCorrelation {
  /** Mean correlation of the two densities, put onto each other (rotation, shift and hand). */
  value: number;
  /** What it would be of one structure, by the noise of both. */
  expected: number;
}

/** Shells in which the halves of all of these agree, those that are compared. @param agreements of shells 1, 2, … */
export const sharedShells = (agreements: readonly (readonly number[])[]): number[] =>
  agreements[0]!
    .map((_, i) => i + 1)
    .filter((k) => k >= firstAngularShell && agreements.every((halves) => halves[k - 1]! >= leastAgreement));

/**
 * Means over shells, rotational averages left out. Two halves of the particles of one class that correlate by h have
 * the signal and the noise to correlate by √(2h/(1 + h)) with the truth, all of them together.
 *
 * @param agreements of the half-samples of either class, of shells 1, 2, … (halfSamples.ts)
 * @returns undefined where the halves of either agree nowhere
 */
export function classCorrelation(
  a: StageVolume,
  b: StageVolume,
  agreements: readonly [readonly number[], readonly number[]],
): ClassCorrelation | undefined {
  const withTruth = agreements.map((halves) => halves.map((h) => Math.sqrt((2 * h) / (1 + h)))),
    shells = sharedShells(agreements).filter((k) => k < a.n / 2);
  if (shells.length === 0) return undefined;
  const { map, reference } = alignToReference(asMap(a), asMap(b)),
    correlation = angularCorrelation(map, reference);
  const mean = (of: (k: number) => number): number => shells.reduce((sum, k) => sum + of(k), 0) / shells.length;
  return {
    value: mean((k) => correlation[k - 1]!),
    expected: mean((k) => withTruth[0]![k - 1]! * withTruth[1]![k - 1]!),
  };
}
