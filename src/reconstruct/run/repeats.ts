/**
 * How many classes are real: the same run from other seeds, and which of its classes they find again. Classes of a run
 * that differ by no more than their noise count as one.
 */
import type { Files } from "../../base/files.ts";
import { folderAt, readText, writeFileAtomic } from "../../io/files.ts";
import { readParticles } from "../../io/particles.ts";
import type { RunVerdict } from "../folder/events.ts";
import { adjustedRandIndex, bestOverlaps } from "../measure/partitions.ts";
import { judge } from "../verdict/judge.ts";
import { alikeClasses } from "../verdict/structures.ts";
import type { FoundAgain, Verdict } from "../verdict/verdict.ts";

/** A class is found again where it and one of another run have more than this of all their particles in common. */
const leastOverlap = 1 / 2;

/** Folder of a repeat: that of the run for the first. */
export const folderOfRepeat = (out: string, repeat: number): string =>
  repeat === 0 ? out : `${out}/repeat${repeat + 1}`;

/** What a run came to: its result, and the structure of each particle, classes that are one together. */
interface Partition {
  result: RunVerdict;
  /** By the lowest number of its classes. */
  structures: Int32Array;
  /** Which images they are of: other seeds may have drawn other ones. */
  images: string[];
}

/**
 * Compares the classes of a run with those of its repeats, and puts what came of it into result.json of the first.
 * @returns the verdict with it
 */
export async function compareRepeats(files: Files, out: string, repeats: number): Promise<Verdict> {
  const partitions: Partition[] = [];
  for (let r = 0; r < repeats; r++) partitions.push(await readPartition(files, folderOfRepeat(out, r)));
  const [first, ...others] = partitions as [Partition, ...Partition[]];
  const compared = others.map((other) => ofCommonImages(first, other)),
    again = compared.map(([own, theirs]) => bestOverlaps(own, theirs)),
    agreement = compared.map(([own, theirs]) => adjustedRandIndex(own, theirs));
  const junk = first.result.classes?.find((each) => each.junk)?.number;
  const structures = [...new Set(first.structures)]
    .filter((number) => number !== junk)
    .sort((a, b) => a - b)
    .map((number) => ({
      classes: membersOf(first.result, number),
      foundBy: 1 + again.filter((overlaps) => (overlaps.get(number) ?? 0) > leastOverlap).length,
    }));
  const found: FoundAgain = {
    runs: repeats,
    adjustedRandIndex: agreement.map((value) => Number(value.toFixed(4))),
    structures,
  };
  const verdict = judge(first.result.evidence, found);
  await writeFileAtomic(
    folderAt(files, out)("result.json"),
    JSON.stringify({ ...first.result, ...verdict, repeats: found }),
  );
  return verdict;
}

async function readPartition(files: Files, out: string): Promise<Partition> {
  const folder = folderAt(files, out),
    result = JSON.parse(await readText(folder("result.json"))) as RunVerdict,
    { classNumber, stacks, stackIndex, imageIndex } = await readParticles(files, folder("particles.star").path, {
      needs: ["classes"],
    });
  const structureOf = representatives(result);
  return {
    result,
    structures: classNumber!.map((number) => structureOf.get(number) ?? number),
    images: Array.from(imageIndex, (image, i) => `${image}@${stacks[stackIndex[i]!]}`),
  };
}

/** The structures of the images that both have, in one order. */
function ofCommonImages(first: Partition, other: Partition): [number[], number[]] {
  const own: number[] = [],
    theirs: number[] = [],
    placeOf = new Map(other.images.map((image, i) => [image, i]));
  first.images.forEach((image, i) => {
    const place = placeOf.get(image);
    if (place === undefined) return;
    own.push(first.structures[i]!);
    theirs.push(other.structures[place]!);
  });
  return [own, theirs];
}

/** Of each class the lowest number of those that are one with it. */
function representatives({ classes = [], evidence }: RunVerdict): Map<number, number> {
  const of = new Map(classes.map(({ number }) => [number, number])),
    told = evidence.parts[0]!.classes;
  for (const group of told ? alikeClasses(told) : []) for (const number of group) of.set(number, group[0]!);
  return of;
}

const membersOf = (result: RunVerdict, lowest: number): number[] =>
  [...representatives(result)].filter(([, own]) => own === lowest).map(([number]) => number);
