/**
 * Shares of the particles among classes, and the posterior probability of each class for each particle, as they are
 * being found: [classes, count], and a line more where there is a class of junk. Of one class alone there is nothing to
 * find.
 */
import { eachClass, mainClass, particleShares, shareOfLogs } from "../classes.ts";

/** No class is given up for good. */
const leastShare = 1e-4;

export interface ClassShares {
  /** Of the images; junk last. */
  shares: Float32Array;
  /** [shares.length, count] */
  memberships: Float32Array;
}

/**
 * @param classes of particles
 * @param junk    whether there is one of junk besides
 * @param known   from a stage before
 */
export function classShares(
  classes: number,
  junk: boolean,
  count: number,
  known: { shares?: Float32Array; memberships?: Float32Array },
): ClassShares {
  const lines = classes + (junk ? 1 : 0);
  const even = (c: number): number => (c === classes ? firstJunk : (1 - (junk ? firstJunk : 0)) / classes);
  const shares = known.shares?.slice() ?? Float32Array.from({ length: lines }, (_, c) => even(c));
  const memberships =
    known.memberships?.slice() ??
    Float32Array.from({ length: lines * count }, (_, i) => shares[Math.floor(i / count)]!);
  return { shares, memberships };
}
/** Share of junk that a run begins with. */
const firstJunk = 0.05;

/** Log of the shares of classes among the images that hold a particle. */
export const logShares = ({ shares }: ClassShares, classes: number): number[] =>
  particleShares(shares, classes).map((share) => Math.log(Math.max(leastShare, share)));

/** Shares that the memberships of some particles come to. */
export function sharesOf({ shares, memberships }: ClassShares, used: Int32Array): Float32Array {
  const count = memberships.length / shares.length;
  return shares.map((_, c) => {
    let sum = 0;
    for (const p of used) sum += memberships[c * count + p]!;
    return sum / used.length;
  });
}

/**
 * Probability of a class for an image, if it holds a particle: of one that surely does not, the classes are alike.
 * @param memberships [classes, count], or with a line more for junk
 */
export function ofParticles(
  memberships: Float32Array,
  classes: number,
  count: number,
): (c: number, p: number) => number {
  const junk = memberships.length > classes * count;
  return (c, p) => {
    const own = memberships[c * count + p]!;
    if (!junk) return own;
    const all = eachClass(classes, (other) => memberships[other * count + p]!).reduce((sum, m) => sum + m, 0);
    return all > 0 ? own / all : 1 / classes;
  };
}

/** The particles whose most likely class it is. */
export const membersOf = (memberships: Float32Array, classes: number, count: number, c: number): number[] =>
  Array.from({ length: count }, (_, p) => p).filter((p) => mainClass(memberships, classes, count, p) === c);

/**
 * Takes over what a pass of comparisons came to.
 * @param evidences log-likelihood of each particle in each class that it was compared with, [classes, count]; of others
 *   -∞
 * @param particles posterior probability that the image holds a particle, [count]
 */
export function afterComparing(
  known: ClassShares,
  classes: number,
  used: Int32Array,
  evidences: Float32Array,
  particles: Float32Array,
): void {
  const { shares, memberships } = known,
    junk = shares.length > classes,
    count = particles.length,
    logs = logShares(known, classes);
  for (const p of used) {
    const particle = junk ? particles[p]! : 1;
    shareOfLogs(logs.map((log, c) => log + evidences[c * count + p]!)).forEach(
      (m, c) => (memberships[c * count + p] = m * particle),
    );
    if (junk) memberships[classes * count + p] = 1 - particle;
  }
  known.shares = sharesOf(known, used);
}
