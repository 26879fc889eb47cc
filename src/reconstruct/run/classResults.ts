/** What a run with several classes, or one of junk, came to in each. */
import { classesIn, classMap, eachClass, mainClass } from "../classes.ts";
import type { Checkpoint } from "../folder/checkpoint.ts";
import type { ClassResult } from "../folder/events.ts";
import { mostCompared } from "../measure/classCorrelation.ts";

/** Half-samples that agree less show nothing more. */
const leastAgreement = 0.143;
/** A class of fewer particles is empty. */
const fewestOfClass = 10;

/**
 * @param symmetry symbols of the classes' groups, or of all
 * @returns in the order of their numbers, that of junk last; nothing of one class alone
 */
export function classResults(
  { volume, shares, memberships, halfSamples }: Checkpoint,
  { count, boxAngstrom, symmetry }: { count: number; boxAngstrom: number; symmetry: string },
): ClassResult[] | undefined {
  if (!volume || !shares) return undefined;
  const classes = classesIn(volume),
    symbols = symmetry.split(","),
    particles = new Int32Array(shares.length);
  if (memberships) for (let p = 0; p < count; p++) particles[mainClass(memberships, shares.length, count, p)]!++;
  return Array.from(shares, (share, c): ClassResult => {
    const told = memberships ? { particles: particles[c]! } : {},
      own = { number: c + 1, share: Number(share.toFixed(4)), ...told };
    if (c === classes) return { ...own, junk: true };
    if (isEmpty(share, count)) return { ...own, empty: true };
    const agreement = halfSamples?.classes?.[c] ?? (classes === 1 ? halfSamples?.agreement : undefined),
      end = agreement?.findIndex((v, i) => i > 1 && v < leastAgreement) ?? 0,
      shell = end < 0 ? agreement!.length : end;
    return {
      ...own,
      map: classes === 1 ? "map.mrc" : classMap(c),
      symmetry: symbols[c] ?? symbols[0]!,
      ...(shell > 0 ? { resolutionAngstrom: Number((boxAngstrom / shell).toFixed(2)) } : {}),
    };
  });
}

export const isEmpty = (share: number, count: number): boolean => share * count < fewestOfClass;

/** Those of the classes that have particles. @param count particles of all */
export const withParticles = (shares: Float32Array, classes: number, count: number): number[] =>
  eachClass(classes, (c) => c).filter((c) => !isEmpty(shares[c]!, count));

/** So many of the largest as are compared, in their order. */
export const largestOf = (classes: readonly number[], shares: Float32Array): number[] =>
  classes
    .toSorted((a, b) => shares[b]! - shares[a]!)
    .slice(0, mostCompared)
    .sort((a, b) => a - b);
