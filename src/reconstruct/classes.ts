/**
 * The classes of a reconstruction: their densities, and other numbers of each, stand one after another in one array, so
 * that those of a single class are its own.
 */
import { changeBox } from "../numeric/fourierCrop.ts";
import type { Matrix3 } from "../physics/rotations.ts";
import { pointGroup } from "../physics/symmetry.ts";
import type { StageVolume } from "./stage.ts";

/**
 * Rotations of the point group of each class.
 * @param symmetry symbols, "D2,C1": one for each class, or one for all
 */
export function groupsOfClasses(symmetry: string, classes: number): Matrix3[][] {
  const symbols = symmetry.split(",");
  return eachClass(classes, (c) => pointGroup(symbols.length === 1 ? symbols[0]! : symbols[c]!));
}

/** Order of the group that costs, and shows, as much as those of all classes together. */
export const jointOrder = (groups: readonly (readonly unknown[])[]): number =>
  groups[0]!.length / groups.reduce((sum, group) => sum + groups[0]!.length / group.length, 0);

/** How many densities there are. */
export const classesIn = ({ n, data }: StageVolume): number => data.length / n ** 3;

/** The part of one class in an array in which all have equal parts. @param c the class, from 0 */
export function partOf<T extends Float32Array | Float64Array>(values: T, c: number, classes: number): T {
  const length = values.length / classes;
  return values.subarray(c * length, (c + 1) * length) as T;
}

/** Parts of classes one after another, of any lengths. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The density of one class. */
export const volumeOf = (volume: StageVolume, c: number): StageVolume => ({
  n: volume.n,
  data: partOf(volume.data, c, classesIn(volume)),
});

export const eachClass = <T>(classes: number, of: (c: number) => T): T[] =>
  Array.from({ length: classes }, (_, c) => of(c));

/** `changeBox` of all classes. */
export const changeBoxes = (volume: StageVolume, n: number): StageVolume =>
  volume.n === n
    ? volume
    : { n, data: joined(eachClass(classesIn(volume), (c) => changeBox(volumeOf(volume, c), n).data)) };

/** Of shares, or of what stands in one line for each class: the highest. @returns the class, from 0 */
export const largestOf = (shares: ArrayLike<number>, classes = shares.length): number => {
  let largest = 0;
  for (let c = 1; c < classes; c++) if (shares[c]! > shares[largest]!) largest = c;
  return largest;
};

/**
 * Shares of the whole from their logarithms, up to a common term: of classes, or the posterior probability of each from
 * the logs of the evidences.
 */
export function shareOfLogs(logs: ArrayLike<number>): number[] {
  const all = Array.from(logs),
    peak = Math.max(...all),
    values = all.map((log) => Math.exp(log - peak)),
    total = values.reduce((sum, v) => sum + v, 0);
  return values.map((v) => v / total);
}

/** Shares of the classes of particles among the images that hold one. @param shares junk last; absent: of one class */
export function particleShares(shares: Float32Array | undefined, classes: number): number[] {
  if (!shares || classes === 1) return [1];
  const own = Array.from(shares.subarray(0, classes)),
    total = own.reduce((sum, share) => sum + share, 0);
  return own.map((share) => share / total);
}

/** The class that most particles belong to, from 0. @param shares junk last; absent: of one class */
export const largestClass = (volume: StageVolume, shares: Float32Array | undefined): number =>
  largestOf(particleShares(shares, classesIn(volume)));

/** What the run folder holds of a class besides its map: files of half-maps. */
const filesOfHalves = [
  "half1.mrc",
  "half2.mrc",
  "half1_unmasked.mrc",
  "half2_unmasked.mrc",
  "half2_unaligned.mrc",
  "fsc.json",
  "fsc.xml",
  "evaluation.json",
] as const;
export type MapFileName = "map.mrc" | (typeof filesOfHalves)[number];

/** Name in the run folder of what is a class's own, from what it is called where there is one class. */
export const fileOfClass = (c: number, name: MapFileName): string =>
  name === "map.mrc" ? `class${c + 1}.mrc` : `class${c + 1}_${name}`;

/** The class that a particle belongs to most likely, of so many; junk, which is the last, may be one of them. */
export const mainClass = (memberships: Float32Array, classes: number, count: number, p: number): number =>
  classes === 1 ? 0 : largestOf(eachClass(classes, (c) => memberships[c * count + p]!));

/** Name of the map of a class in the run folder. */
export const classMap = (c: number): string => fileOfClass(c, "map.mrc");

/** All that a run with so many classes may leave of each; halves may differ in all of theirs. */
export const filesOfClasses = (classes: number): string[] =>
  eachClass(2 * classes, (c) => [classMap(c), ...filesOfHalves.map((name) => fileOfClass(c, name))]).flat();
