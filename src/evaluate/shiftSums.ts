/**
 * Fourier sums over a few low coefficients at the shifts of a coarse grid, along each axis in turn: where both are few
 * they take a fraction of a transform of the whole grid.
 */

/** Complex numbers of a cube, z slowest. */
export interface ComplexCube {
  re: Float64Array;
  im: Float64Array;
}

export interface ShiftSums {
  /** Of edge 2·last + 1, coefficients -last … last along each axis; all are to be set before each sum. */
  coefficients: ComplexCube;
  /** Σ_k F(k) exp(-2πi k·s/m), of edge 2·reach + 1, shifts s = -reach … reach; the next sum replaces them. */
  sum(): ComplexCube;
}

/**
 * @param m     shifts in a period
 * @param reach of shifts along each axis, less than m/2
 */
export function openShiftSums(last: number, reach: number, m: number): ShiftSums {
  const edge = 2 * last + 1,
    shifts = 2 * reach + 1,
    row = reach + 1;
  const phase = (of: (angle: number) => number): Float64Array =>
    Float64Array.from({ length: (last + 1) * row }, (_, i) => of((2 * Math.PI * Math.floor(i / row) * (i % row)) / m));
  const cosine = phase(Math.cos),
    sine = phase(Math.sin);
  const cube = (points: number): ComplexCube => ({ re: new Float64Array(points), im: new Float64Array(points) });
  const coefficients = cube(edge ** 3),
    afterZ = cube(shifts * edge ** 2),
    afterY = cube(shifts ** 2 * edge),
    sums = cube(shifts ** 3);

  /** Along the middle axis of [outer, edge, inner]: k and -k have cosines and sines in common, and so have s and -s. */
  const along = (from: ComplexCube, to: ComplexCube, outer: number, inner: number): void => {
    to.re.fill(0);
    to.im.fill(0);
    for (let o = 0; o < outer; o++)
      for (let k = 0; k <= last; k++) {
        const plus = (o * edge + last + k) * inner,
          minus = (o * edge + last - k) * inner,
          half = k === 0 ? 0.5 : 1; // it is its own opposite
        for (let s = 0; s <= reach; s++) {
          const c = half * cosine[k * row + s]!,
            d = sine[k * row + s]!,
            ahead = (o * shifts + reach + s) * inner,
            behind = (o * shifts + reach - s) * inner;
          for (let i = 0; i < inner; i++) {
            const pr = from.re[plus + i]!,
              pi = from.im[plus + i]!,
              mr = from.re[minus + i]!,
              mi = from.im[minus + i]!;
            // (p + m) cos - i (p - m) sin
            const evenRe = (pr + mr) * c,
              evenIm = (pi + mi) * c,
              oddRe = (pi - mi) * d,
              oddIm = (mr - pr) * d;
            to.re[ahead + i]! += evenRe + oddRe;
            to.im[ahead + i]! += evenIm + oddIm;
            if (s === 0) continue;
            to.re[behind + i]! += evenRe - oddRe;
            to.im[behind + i]! += evenIm - oddIm;
          }
        }
      }
  };
  return {
    coefficients,
    sum() {
      along(coefficients, afterZ, 1, edge ** 2);
      along(afterZ, afterY, shifts, edge);
      along(afterY, sums, shifts ** 2, 1);
      return sums;
    },
  };
}
