/**
 * How many classes are real: the same run from other seeds, and which of its classes they find again. Classes of a run
 * that differ by no more than their noise count as one.
 */
import type { Files } from "../../base/files.ts";
import { folderAt, readText, writeFileAtomic } from "../../io/files.ts";
import { readParticles } from "../../io/particles.ts";
import type { FoundAgain, RunVerdict } from "../folder/events.ts";
import { adjustedRandIndex, bestOverlaps } from "../measure/partitions.ts";
import { isOneStructure } from "../verdict/judge.ts";
import type { Verdict } from "../verdict/verdict.ts";

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
}

/**
 * Compares the classes of a run with those of its repeats, and puts what came of it into result.json of the first.
 * @returns the verdict with it
 */
export async function compareRepeats(files: Files, out: string, repeats: number): Promise<Verdict> {
  const partitions: Partition[] = [];
  for (let r = 0; r < repeats; r++) partitions.push(await readPartition(files, folderOfRepeat(out, r)));
  const [first, ...others] = partitions as [Partition, ...Partition[]];
  const again = others.map(({ structures }) => bestOverlaps(first.structures, structures)),
    agreement = others.map(({ structures }) => adjustedRandIndex(first.structures, structures));
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
  const verdict = { ...first.result, reason: `${withoutClasses(first.result.reason)} ${inWords(found)}` };
  await writeFileAtomic(folderAt(files, out)("result.json"), JSON.stringify({ ...verdict, repeats: found }));
  const { kind, resolutionAngstrom, reason } = verdict;
  return { kind, resolutionAngstrom, reason };
}

async function readPartition(files: Files, out: string): Promise<Partition> {
  const folder = folderAt(files, out),
    result = JSON.parse(await readText(folder("result.json"))) as RunVerdict,
    { classNumber } = await readParticles(files, folder("particles.star").path, { needs: ["classes"] });
  const structureOf = representatives(result);
  return { result, structures: classNumber!.map((number) => structureOf.get(number) ?? number) };
}

/** Of each class the lowest number of those that are one with it. */
function representatives({ classes = [], evidence }: RunVerdict): Map<number, number> {
  const of = new Map(classes.map(({ number }) => [number, number]));
  for (const pair of evidence.parts[0]!.classes?.correlation ?? []) {
    if (!isOneStructure(pair)) continue;
    const [a, b] = pair.classes.map((number) => of.get(number)!) as [number, number];
    for (const [number, lowest] of of) if (lowest === a || lowest === b) of.set(number, Math.min(a, b));
  }
  return of;
}

const membersOf = (result: RunVerdict, lowest: number): number[] =>
  [...representatives(result)].filter(([, own]) => own === lowest).map(([number]) => number);

/** The sentence that one run cannot tell is no longer true. */
const withoutClasses = (reason: string): string => reason.replace(/ Whether the \d+ classes [^.]*\./, "");

function inWords({ runs, structures }: FoundAgain): string {
  const real = structures.filter(({ foundBy }) => foundBy === runs),
    others = structures.filter(({ foundBy }) => foundBy < runs);
  const named = ({ classes }: { classes: number[] }): string =>
    `${classes.length > 1 ? "classes" : "class"} ${classes.join(" and ")}`;
  if (real.length <= 1 && structures.length <= 1) return `${runs} seeds find one structure.`;
  if (real.length === 0) return `No class is found by all of ${runs} seeds: they tell no structures apart.`;
  const count = real.length === 1 ? "One structure is" : `${real.length} structures are`;
  return (
    `${count} found by all of ${runs} seeds (${real.map(named).join(", ")})` +
    (others.length > 0
      ? `, and not by all: ${others.map((each) => `${named(each)} (${each.foundBy} of ${runs})`).join(", ")}.`
      : ".")
  );
}
