/** Which classes of two halves of the particles, reconstructed apart, show the same. */
import { alignToReference } from "../../evaluate/align.ts";
import { angularCorrelation, firstAngularShell } from "../../evaluate/angular.ts";
import type { StageVolume } from "../stage.ts";
import { asMap } from "./asMap.ts";

/** Any two shapes agree a little in the shells by which they were put onto each other. */
const alignedShells = 8;
/** Shells in which two densities agree less tell nothing of them. */
const leastAgreement = 0.143;
/** Mean correlation of independent reconstructions of one structure, at least. */
const sameStructure = 0.6;

/** Densities that are compared, by the number of their class, from 0. */
export type Densities = ReadonlyMap<number, StageVolume>;

/** A class of half 1 and one of half 2. */
export interface ClassPair {
  classes: [number, number];
  /** Mean over the shells in which they agree, 8 at least, rotational averages left out. */
  correlation: number;
}

export interface ClassMatch {
  /** Each is most like the other of all in the other half, and like enough to be one structure. */
  partners: ClassPair[];
  /** Each class of either half with the one in the other half that is most like it. */
  closest: [ClassPair[], ClassPair[]];
}

/**
 * Densities are put onto each other (rotation, shift and hand). What is most like what is told over the same shells for
 * all: as far as any two agree.
 * @param halves on one grid
 * @param mayMatch whether classes with these numbers may be one structure, for their groups
 */
export function matchClasses(
  [first, second]: readonly [Densities, Densities],
  mayMatch: (a: number, b: number) => boolean,
): ClassMatch {
  const compared: (ClassPair & { curve: number[] })[] = [];
  for (const [a, left] of first)
    for (const [b, right] of second) {
      if (!mayMatch(a, b)) continue;
      const { map, reference } = alignToReference(asMap(right), asMap(left)),
        // The outermost shell is cut by the edge of the box.
        curve = angularCorrelation(map, reference).slice(0, Math.max(firstAngularShell, left.n / 2 - 1));
      compared.push({ classes: [a, b], curve, correlation: mean(curve, lastAgreeing(curve)) });
    }
  const reach = Math.max(0, ...compared.map(({ curve }) => lastAgreeing(curve)));
  const best = (side: 0 | 1, number: number): ClassPair | undefined => {
    const own = compared.filter(({ classes }) => classes[side] === number);
    return own.length === 0 ? undefined : own.reduce((x, y) => (mean(y.curve, reach) > mean(x.curve, reach) ? y : x));
  };
  const bestOf = (side: 0 | 1, densities: Densities): ClassPair[] =>
    [...densities.keys()].flatMap((number) => best(side, number) ?? []).map(plain);
  return {
    partners: compared
      .filter((pair) => best(0, pair.classes[0]) === pair && best(1, pair.classes[1]) === pair)
      .filter(({ correlation }) => correlation >= sameStructure)
      .map(plain),
    closest: [bestOf(0, first), bestOf(1, second)],
  };
}

const plain = ({ classes, correlation }: ClassPair): ClassPair => ({ classes, correlation });

function lastAgreeing(curve: readonly number[]): number {
  const below = curve.findIndex((v, i) => i + 1 >= firstAngularShell && v < leastAgreement);
  return Math.min(curve.length, Math.max(alignedShells, below < 0 ? curve.length : below));
}

/** Over shells up to one. */
function mean(curve: readonly number[], last: number): number {
  const shells = curve.slice(firstAngularShell - 1, last);
  return shells.reduce((sum, v) => sum + v, 0) / Math.max(1, shells.length);
}
