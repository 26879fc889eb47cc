/** Particles that a file lists more than once: the same image of the same stack, or the same uid. */
import type { ParticleSet } from "../base/types.ts";

type Listed = Pick<ParticleSet, "count" | "stackIndex" | "imageIndex" | "uid">;

/** For each particle the first in the set that is the same one: itself, where it is listed once. */
export function firstListed({ count, stackIndex, imageIndex, uid }: Listed): Int32Array {
  const first = new Int32Array(count),
    byImage = new Map<number, number>(),
    byUid = new Map<bigint, number>();
  /** Same image of one and same uid of another: all three are one. */
  const root = (i: number): number => {
    while (first[i] !== i) i = first[i] = first[first[i]!]!;
    return i;
  };
  const join = <K>(known: Map<K, number>, key: K, i: number): void => {
    const other = known.get(key);
    if (other === undefined) {
      known.set(key, i);
      return;
    }
    const [a, b] = [root(other), root(i)];
    first[Math.max(a, b)] = Math.min(a, b);
  };
  for (let i = 0; i < count; i++) {
    first[i] = i;
    // Exact below 2^22 stacks.
    join(byImage, stackIndex[i]! * 2 ** 31 + imageIndex[i]!, i);
    if (uid !== undefined) join(byUid, uid[i]!, i);
  }
  return first.map((_, i) => root(i));
}

/** The warning where particles are listed more than once. */
export function duplicateWarning(set: ParticleSet): string | undefined {
  const first = firstListed(set);
  const again = first.findIndex((other, i) => other !== i);
  if (again < 0) return undefined;
  const copies = first.reduce((sum, other, i) => sum + Number(other !== i), 0);
  return (
    `${copies} of ${set.count} particles are listed again: ${set.where(again)} is the particle of ` +
    `${set.where(first[again]!)}; half-maps keep copies in one half, but each counts: remove them`
  );
}
