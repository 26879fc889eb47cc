/** The two halves of a run put together: their maps, class by class, and what was found of their particles. */
import type { ParticleSet, Volume } from "../../base/types.ts";
import type { Beside } from "../../evaluate/beside.ts";
import type { AlignmentReport } from "../../evaluate/evaluate.ts";
import type { Folder } from "../../io/files.ts";
import { writeMap } from "../../io/mrc.ts";
import { writeParticlesStar } from "../../io/particles.ts";
import { changeBoxes, classesIn, eachClass, fileOfClass, filesOfClasses, volumeOf } from "../classes.ts";
import type { ClassResult } from "../folder/events.ts";
import { finestCompared } from "../measure/classCorrelation.ts";
import { type ClassMatch, type ClassPair, type Densities, matchClasses } from "../measure/matchClasses.ts";
import type { Part } from "../stage.ts";
import type { HalvesEvidence } from "../verdict/verdict.ts";
import { largestOf, withParticles } from "./classResults.ts";
import { foundParticles, probabilities } from "./foundParticles.ts";
import { type JoinedHalves, joinHalves } from "./joinHalves.ts";
import type { PartResult } from "./part.ts";
import type { Placement } from "./placedPoses.ts";

type InClasses = NonNullable<PartResult["inClasses"]>;

export interface JoinedParts extends Pick<JoinedHalves, "concluded"> {
  evidence: HalvesEvidence;
  classes?: ClassResult[];
}

/**
 * Of several classes, those of the halves that are one another's are joined as the halves of one structure are
 * (joinHalves.ts), with numbers of half 1; classes that half 2 alone has come after them, and junk last. The maps
 * without a number are those of the largest class. Writes particles.star of both halves.
 *
 * @param symmetry symbols of the classes' groups, or of all
 */
export async function joinParts(
  folder: Folder,
  set: ParticleSet,
  parts: readonly [Part, Part],
  halves: readonly [PartResult, PartResult],
  { mask, symmetry, beside }: { mask?: Volume; symmetry: string; beside?: Beside },
): Promise<JoinedParts> {
  const [first, second] = halves,
    found = halves.map(({ inClasses }) => inClasses);
  if (!found[0] || !found[1]) return joinHalves(folder, first, second, mask, undefined, beside);
  const inClasses = found as [InClasses, InClasses],
    counts = parts.map((part) => part.set.count) as [number, number];
  const several = classesIn(first.inClasses!.state.volume!) > 1,
    match = several ? matchHalves(inClasses, counts, symmetry.split(",")) : alone,
    results = [first.classes!, second.classes!] as const,
    numbers = several ? numbersOf(match, results) : results.map((own) => own.map(({ number }) => number));

  if (several)
    for (const name of filesOfClasses(classesIn(first.inClasses!.state.volume!))) await folder(name).remove();
  const shareOf = (side: 0 | 1, c: number): number => results[side][c]!.share * counts[side],
    largest = mainPair(match, shareOf),
    joined = new Map<number, JoinedHalves>();
  for (const { classes } of several ? match.partners : [])
    joined.set(classes[0], await join(classes, classes === largest ? [classes[0], undefined] : [classes[0]]));
  const main = joined.get(largest[0]) ?? (await join(largest, [undefined]));
  async function join([a, b]: readonly [number, number], names: (number | undefined)[]): Promise<JoinedHalves> {
    const [half1, half2] = [inClasses[0].ofClass(a), inClasses[1].ofClass(b)];
    return joinHalves(folder, half1, half2, mask, several ? names : undefined, beside);
  }

  const classes = joinedResults(results, counts, numbers, (c) => joined.get(c) ?? (several ? undefined : main));
  for (const side of [0, 1] as const)
    for (const { map, number, half } of classes)
      if (map !== undefined && half === side + 1)
        await writeMap(
          folder(map),
          inClasses[side].ofClass(numbers[side]!.indexOf(number)).map,
          `cryogan half-map ${half}, class ${number}`,
        );
  const placed = match.partners.reduce<(Placement | undefined)[]>(
    (all, { classes: [a, b] }) => all.toSpliced(b, 1, placementOf((joined.get(a) ?? main).alignment, set)),
    eachClass(classesIn(second.inClasses!.state.volume!), () => undefined),
  );
  await writeParticles(folder, set, parts, inClasses, numbers, placed);
  return {
    concluded: main.concluded,
    evidence: { ...main.evidence, ...(several ? { classes: inWhichHalves(match, numbers, results) } : {}) },
    classes,
  };
}

/** Of one class, with junk. */
const alone: ClassMatch = { partners: [{ classes: [0, 0], correlation: 1 }], closest: [[], []] };

function matchHalves(
  halves: readonly [InClasses, InClasses],
  counts: readonly [number, number],
  symbols: readonly string[],
): ClassMatch {
  const n = Math.min(2 * finestCompared, ...halves.map(({ state }) => state.volume!.n));
  const densities = halves.map(({ state: { volume, shares } }, side): Densities => {
    const coarse = changeBoxes(volume!, n);
    return new Map(
      largestOf(withParticles(shares!, classesIn(volume!), counts[side]!), shares!).map((c) => [
        c,
        volumeOf(coarse, c),
      ]),
    );
  });
  const symbol = (c: number): string => symbols[c] ?? symbols[0]!;
  return matchClasses(densities as [Densities, Densities], (a, b) => symbol(a) === symbol(b));
}

/** The one of most particles; where no two are partners, those that are most alike. */
function mainPair({ partners, closest }: ClassMatch, shareOf: (side: 0 | 1, c: number) => number): [number, number] {
  const highest = (pairs: readonly ClassPair[], of: (pair: ClassPair) => number): [number, number] =>
    pairs.reduce((best, pair) => (of(pair) > of(best) ? pair : best)).classes;
  if (partners.length > 0) return highest(partners, ({ classes: [a, b] }) => shareOf(0, a) + shareOf(1, b));
  return closest[0].length > 0 ? highest(closest[0], ({ correlation }) => correlation) : [0, 0];
}

/** Of each half the number in the run of each of its classes, junk last. */
function numbersOf({ partners }: ClassMatch, [first, second]: readonly [ClassResult[], ClassResult[]]): number[][] {
  const own = first.filter(({ junk }) => !junk).map(({ number }) => number);
  let next = own.length;
  const others = second
    .filter(({ junk }) => !junk)
    .map((_, c) => {
      const partner = partners.find(({ classes }) => classes[1] === c);
      return partner ? partner.classes[0] + 1 : ++next;
    });
  const junk = first.some((each) => each.junk) ? [next + 1] : [];
  return [
    [...own, ...junk],
    [...others, ...junk],
  ];
}

/** In the order of their numbers in the run. */
function joinedResults(
  results: readonly [ClassResult[], ClassResult[]],
  counts: readonly [number, number],
  numbers: readonly number[][],
  joinedOf: (c: number) => JoinedHalves | undefined,
): ClassResult[] {
  const all = counts[0] + counts[1];
  return [...new Set(numbers.flat())]
    .sort((a, b) => a - b)
    .map((number): ClassResult => {
      const own = numbers.flatMap((ofHalf, side) => {
          const c = ofHalf.indexOf(number);
          return c < 0 ? [] : [{ c, side, result: results[side]![c]! }];
        }),
        sum = (of: (result: ClassResult) => number | undefined): number =>
          own.reduce((total, { result }) => total + (of(result) ?? 0), 0);
      const [{ c, side, result }] = own as [(typeof own)[number]];
      const share = own.reduce((total, each) => total + (each.result.share * counts[each.side]!) / all, 0),
        told = result.particles === undefined ? {} : { particles: sum(({ particles }) => particles) },
        common = { number, share: Number(share.toFixed(4)), ...told };
      if (result.junk) return { ...common, junk: true };
      const { symmetry, map } = result;
      if (own.length === 1)
        return {
          ...common,
          half: side === 0 ? 1 : 2,
          ...(result.empty ? { empty: true } : { map: fileOfClass(number - 1, mapOfHalf[side]!), symmetry }),
        };
      const { concluded } = joinedOf(c)!;
      return {
        ...common,
        map: map === "map.mrc" ? map : fileOfClass(c, "map.mrc"),
        symmetry,
        ...(concluded.resolutionAngstrom === undefined ? {} : { resolutionAngstrom: concluded.resolutionAngstrom }),
        ...(concluded.resolutionOrBetter ? { resolutionOrBetter: true } : {}),
        fsc: map === "map.mrc" ? "fsc.json" : fileOfClass(c, "fsc.json"),
      };
    });
}
const mapOfHalf = ["half1.mrc", "half2.mrc"] as const;

function inWhichHalves(
  { partners, closest }: ClassMatch,
  numbers: readonly number[][],
  results: readonly ClassResult[][],
): NonNullable<HalvesEvidence["classes"]> {
  const rounded = (value: number): number => Number(value.toFixed(4));
  return {
    both: partners.map(({ classes: [a], correlation }) => ({ number: a + 1, correlation: rounded(correlation) })),
    alone: ([0, 1] as const).flatMap((side) =>
      numbers[side]!.flatMap((number, c) => {
        const { junk, empty } = results[side]![c]!;
        if (junk || empty || partners.some(({ classes }) => classes[side] === c)) return [];
        const pair = closest[side].find(({ classes }) => classes[side] === c);
        return [
          {
            number,
            half: (side + 1) as 1 | 2,
            ...(pair
              ? {
                  closest: {
                    number: numbers[1 - side]![pair.classes[1 - side]!]!,
                    correlation: rounded(pair.correlation),
                  },
                }
              : {}),
          },
        ];
      }),
    ),
  };
}

function placementOf(
  { mirrored, rotation, shiftAngstrom }: AlignmentReport,
  { boxSize, pixelSizeAngstrom }: ParticleSet,
): Placement {
  const [x, y, z] = shiftAngstrom.map((s) => s / (boxSize * pixelSizeAngstrom)) as [number, number, number];
  return { mirrored, rotation: Float64Array.from(rotation.flat()), shift: [x, y, z] };
}

/** All particles in their order, with poses against the joint maps, and half-sets. */
async function writeParticles(
  folder: Folder,
  set: ParticleSet,
  parts: readonly [Part, Part],
  halves: readonly [InClasses, InClasses],
  numbers: readonly number[][],
  placed: readonly (Placement | undefined)[],
): Promise<void> {
  if (halves.some(({ state }) => !state.memberships)) return;
  const withPoses = halves.every(({ state }) => state.poses);
  const { count } = set,
    poses = Object.fromEntries(poseColumns.map((name) => [name, new Float64Array(count)])) as Required<
      NonNullable<ParticleSet["poses"]>
    >,
    classNumber = new Int32Array(count),
    randomSubset = new Int32Array(count),
    columns: Record<string, Float32Array> = {};
  for (const side of [0, 1] as const) {
    const { set: own, positions } = parts[side],
      { state } = halves[side],
      found = foundParticles(own, state, side === 1 ? placed : []);
    for (const [label, values] of Object.entries(probabilities(state, own.count))) {
      columns[label] ??= new Float32Array(count);
      values.forEach((value, i) => (columns[label]![positions![i]!] = value));
    }
    positions!.forEach((p, i) => {
      if (withPoses) for (const name of poseColumns) poses[name][p] = found.poses![name][i]!;
      classNumber[p] = numbers[side]![found.classNumber![i]! - 1]!;
      randomSubset[p] = side + 1;
    });
  }
  await writeParticlesStar(
    folder("particles.star"),
    { ...set, poses, classNumber, randomSubset },
    { poses: withPoses, columns },
  );
}
const poseColumns = ["rot", "tilt", "psi", "originXAngstrom", "originYAngstrom"] as const;
