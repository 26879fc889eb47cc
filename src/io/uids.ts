/** cryoSPARC's names of particles: 64-bit numbers that look random and that no two particles of a project share. */
import type { ParticleSet } from "../base/types.ts";
import { createStream } from "../runtime/random.ts";

/** Those of the file, or where it has none made of stack and image, so that an image has the same in every export. */
export function uidsOf({ uid, count, stacks, stackIndex, imageIndex }: ParticleSet): BigUint64Array {
  if (uid) return uid;
  const starts = stacks.map(uidOf),
    taken = new Set<bigint>(),
    made = new BigUint64Array(count);
  for (let i = 0; i < count; i++) {
    let next = mixed(starts[stackIndex[i]!]! + golden * BigInt(imageIndex[i]! + 1));
    while (taken.has(next)) next = mixed(next + golden); // of an image that is listed twice
    taken.add(next);
    made[i] = next;
  }
  return made;
}

/** Of something that has no other name than this one. */
export function uidOf(name: string): bigint {
  const stream = createStream(0, name);
  return (BigInt(stream.integer(2 ** 32)) << 32n) | BigInt(stream.integer(2 ** 32));
}

const golden = 0x9e3779b97f4a7c15n;
const word = (x: bigint): bigint => BigInt.asUintN(64, x);

/**
 * Different numbers become different ones that have nothing to do with each other: the output function of SplitMix64
 * (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA).
 */
function mixed(x: bigint): bigint {
  let z = word(x);
  z = word((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = word((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}
