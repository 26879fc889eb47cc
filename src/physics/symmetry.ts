/** Point groups of chiral molecules, with their axes where RELION has them. */
import { InputError } from "../base/errors.ts";
import { angularDistance, axisAngleToMatrix, type Matrix3, multiply } from "./rotations.ts";

type Axis = [number, number, number];

/** An n-fold rotation axis in volume coordinates. */
interface RotationAxis {
  fold: number;
  axis: Axis;
}

/** How far each icosahedral setting is turned about y from I2, radians. */
const goldenRatio = (1 + Math.sqrt(5)) / 2;
const icosahedralTurn: Record<string, number> = {
  I: 0,
  I1: Math.PI / 2,
  I2: 0,
  I3: -Math.atan(1 / goldenRatio),
  I4: Math.atan(1 / goldenRatio),
};

/**
 * All rotations of a point group, the identity first: a map of that symmetry satisfies V(S x) = V(x) for each S, and
 * the poses A and A S give the same image.
 *
 * Symbols (upper or lower case) and axes are those of RELION (`SymList::fill_symmetry_class`, src/symmetries.cpp):
 *   C1..C99  n-fold on z
 *   D1..D99  n-fold on z, 2-fold on x
 *   T        3-fold on z, 2-fold on (0, sqrt(2/3), sqrt(1/3))
 *   O        4-folds on x, y, z; 3-fold on (1, 1, 1)
 *   I, I2    2-folds on x, y, z; 5-fold in the x-z plane on (1, 0, phi), 3-fold on (0, 1, phi²), phi the golden ratio
 *   I1       I2 turned by 90 degrees about y: 5-fold on (phi, 0, -1)
 *   I3, I4   I2 turned about y by ∓31.7 degrees: 5-fold on z
 * Throws InputError for any other symbol.
 */
export function pointGroup(symbol: string): Matrix3[] {
  return closure(generators(symbol).map(({ fold, axis }) => axisAngleToMatrix(axis, (2 * Math.PI) / fold)));
}

/** A point group: each of its rotations is h·r, h one of `onAxes`, r one of `others`. */
export interface SplitGroup {
  /** Rotations that take axes to axes, and so points of a cubic lattice to points: a group themselves. */
  onAxes: Matrix3[];
  /** One of each set of rotations h·r; of the first set the identity. */
  others: Matrix3[];
}

/** @param group from `pointGroup`. Of C2, C4, D2, D4 and O all are on axes, of I, I2, the twelve of a T. */
export function splitGroup(group: readonly Matrix3[]): SplitGroup {
  const onAxes = group.filter((g) => g.every((v) => Math.abs(v - Math.round(v)) < 1e-9)),
    others: Matrix3[] = [];
  const same = (a: Matrix3, b: Matrix3): boolean => a.every((v, i) => Math.abs(v - b[i]!) < 1e-6);
  for (const g of group) if (!others.some((r) => onAxes.some((h) => same(multiply(h, r), g)))) others.push(g);
  return { onAxes, others };
}

function generators(symbol: string): RotationAxis[] {
  const name = symbol.toUpperCase();
  const [, family, fold] = /^([CD])([1-9]\d?)$/.exec(name) ?? [];
  if (family === "C") return [{ fold: Number(fold), axis: [0, 0, 1] }];
  if (family === "D")
    return [
      { fold: Number(fold), axis: [0, 0, 1] },
      { fold: 2, axis: [1, 0, 0] },
    ];
  if (name === "T")
    return [
      { fold: 3, axis: [0, 0, 1] },
      { fold: 2, axis: [0, Math.SQRT2, 1] },
    ];
  if (name === "O")
    return [
      { fold: 3, axis: [1, 1, 1] },
      { fold: 4, axis: [0, 0, 1] },
    ];
  const turn = icosahedralTurn[name];
  if (turn === undefined) {
    throw new InputError(
      `symmetry "${symbol}" is not one of C1 to C99, D1 to D99, T, O, I, I1, I2, I3, I4 (as in RELION; ` +
        "I is I2; groups with mirrors do not occur in chiral molecules)",
    );
  }
  const axes: RotationAxis[] = [
    { fold: 2, axis: [0, 0, 1] },
    { fold: 5, axis: [1, 0, goldenRatio] },
    { fold: 3, axis: [0, 1, goldenRatio ** 2] },
  ];
  return axes.map(({ fold, axis }) => ({ fold, axis: turnAboutY(axis, turn) }));
}

function turnAboutY([x, y, z]: Axis, angle: number): Axis {
  const c = Math.cos(angle),
    s = Math.sin(angle);
  return [c * x + s * z, y, c * z - s * x];
}

/** The group that the rotations generate: products are added until none is new. */
function closure(generating: Matrix3[]): Matrix3[] {
  const identity = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  const group: Matrix3[] = [identity];
  for (const element of group) {
    // `group` grows while it is walked, so every product of generators is reached.
    for (const generator of generating) {
      const product = multiply(element, generator);
      if (!group.some((known) => angularDistance(known, product) < 1e-6)) group.push(product);
    }
  }
  return group;
}
