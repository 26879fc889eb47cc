/**
 * How far particles lie from the centres of their boxes, as their images tell before any reconstruction. The centre
 * meant is that of mass.
 *
 * Moved by d, a projection's transform F(k) turns by exp(−2πi k·d). Over particles that lie normally about the centre,
 * with standard deviation σ along each axis, the covariance of two frequencies, E F(k)F*(k'), is that of centred ones
 * times exp(−2π²σ²|k − k'|²). In circular harmonics about the centre, with C_m(k, k') that of the harmonics of order m,
 * C_m = Σ H_n·I_{m−n}(4π²kk'σ²)·exp(−2π²σ²(k² + k'²)), H those of centred particles. What H₁ would be is known: a
 * molecule turned at random gives H₁ = ⅗·H₃ of its features of order 3, and what it has of order 1 vanishes with the
 * third power of k about its centre of mass. So σ² is chosen so that H₁ − ⅗·H₃ has nothing of what a shift gives.
 * Only frequencies k ≠ k' are used, whose noise is independent.
 */
import type { Optics } from "../../base/types.ts";
import { besselI, besselJ, zerosOfJ1 } from "../../numeric/bessel.ts";
import { contrastTransfer } from "../../physics/ctf.ts";
import type { CoarseImages } from "./extent.ts";

/** Finest wave looked at, Å, and the most circles in Fourier space. */
const finestWave = 20,
  mostCircles = 16;
/** Highest order of the harmonics. */
const highestOrder = 6;
/** |Y₃₁|² over |Y₃₃|² on the equator: what a feature of order 3 gives to either harmonic of a projection. */
const thirdInFirst = 3 / 5;
/** What so many pairs of circles show is to stand so many standard errors out of the noise. */
const fewestPairs = 3,
  leastErrors = 5;
/** Groups of images that are left out in turn for the error (jackknife). */
const groups = 10;
/** Standard deviation that is taken where neither option nor images tell, as a fraction of the box. */
export const defaultSigma = 0.025;
/** The widest law looked for, as a fraction of the radius, and steps to there. */
const widest = 1 / 4,
  steps = 60;

/** σ² along each axis, and its standard error, Å². */
export interface OffCentre {
  /**
   * Below 0 where the noise of the images is less apart from the centre than by chance: they were centred by it, as the
   * highest correlation of a picker is, and lie as far from the centre as the negative says.
   */
  variance: number;
  error: number;
}

/** For two circles: C of each order, and the variance that C₁ and C₃ have as means over the images. */
interface Pair {
  /** 2πk and 2πk', 1/Å. */
  a: number;
  b: number;
  covariances: Float64Array;
  error: number;
}

/**
 * @param radius Å; beyond it images are background, or other particles
 * @returns undefined where there are too few images or circles, or they show too little, to tell
 */
export function offCentre(
  { edge, pixel, images }: CoarseImages,
  optics: Optics,
  radius: number,
): OffCentre | undefined {
  const circles = [...zerosOfJ1(mostCircles)]
    .map((zero) => zero / radius)
    .filter((a) => a < (2 * Math.PI) / Math.max(finestWave, 3 * pixel));
  if (circles.length < 3 || images.length < 2 * groups) return undefined;
  const sums = covarianceSums(edge, pixel, images, optics, radius, circles);
  if (pairsOf(sums, circles, undefined).filter(tells).length < fewestPairs) return undefined;
  const limit = widest * radius,
    [whole, ...without] = [undefined, ...Array.from({ length: groups }, (_, g) => g)].map((left) =>
      mostLikelyVariance(pairsOf(sums, circles, left), limit),
    ) as [number, ...number[]];
  const mean = without.reduce((sum, value) => sum + value, 0) / groups;
  const error = Math.sqrt(((groups - 1) / groups) * without.reduce((sum, value) => sum + (value - mean) ** 2, 0));
  return Number.isFinite(whole) && Number.isFinite(error) ? { variance: whole, error } : undefined;
}

/**
 * The standard deviation that images show, on the safe side by two standard errors of its square, Å.
 * @returns undefined where it could as well be nothing or more than is taken by default
 */
export function sigmaShown({ variance, error }: OffCentre, boxAngstrom: number): number | undefined {
  const sigma = Math.sqrt(Math.abs(variance) + 2 * error);
  return sigma > defaultSigma * boxAngstrom && Math.abs(variance) < 3 * error ? undefined : sigma;
}

/** Σ over a group of images: products of harmonics times both CTFs, both CTFs squared, and squares for the error. */
interface Sums {
  /** [groups][pairs][orders] */
  products: Float64Array[][];
  /** [groups][pairs] */
  weights: Float64Array[];
  /** [pairs], over all images, of C₁ and C₃. */
  squares: Float64Array;
}

function covarianceSums(
  edge: number,
  pixel: number,
  images: CoarseImages["images"],
  optics: Optics,
  radius: number,
  circles: readonly number[],
): Sums {
  const basis = harmonicBasis(edge, pixel, radius, circles),
    pairs = (circles.length * (circles.length - 1)) / 2;
  const sums: Sums = {
    products: Array.from({ length: groups }, () =>
      Array.from({ length: pairs }, () => new Float64Array(highestOrder + 1)),
    ),
    weights: Array.from({ length: groups }, () => new Float64Array(pairs)),
    squares: new Float64Array(pairs),
  };
  images.forEach(({ pixels, particle }, n) => {
    const { re, im } = harmonicsOf(pixels, basis, circles.length),
      transfer = meanTransfer(optics, particle, circles),
      group = n % groups;
    let pair = 0;
    for (let i = 0; i < circles.length; i++)
      for (let j = i + 1; j < circles.length; j++, pair++) {
        const ctf = transfer[i]! * transfer[j]!,
          products = sums.products[group]![pair]!;
        let difference = 0;
        for (let m = 0; m <= highestOrder; m++) {
          const at = m * circles.length,
            product = ctf * (re[at + i]! * re[at + j]! + im[at + i]! * im[at + j]!);
          products[m]! += product;
          if (m === 1) difference = product;
          if (m === 3) difference -= thirdInFirst * product;
        }
        sums.weights[group]![pair]! += ctf ** 2;
        sums.squares[pair]! += difference ** 2;
      }
  });
  return sums;
}

/**
 * J_m(2πkr)·e^(−imφ) in the pixels of half a disc: opposite pixels have the same of even order, the negative of odd.
 */
interface Basis {
  /** Indices of the pixels, and of those opposite. */
  inside: Int32Array;
  opposite: Int32Array;
  /** [pixels, orders, circles] */
  re: Float64Array;
  im: Float64Array;
}

/**
 * At zeros of J₁ at the radius harmonics of order 1 of white noise are independent, and a constant has none of order 0.
 */
function harmonicBasis(edge: number, pixel: number, radius: number, circles: readonly number[]): Basis {
  const place = (i: number): readonly [number, number] => [(i % edge) - edge / 2, Math.floor(i / edge) - edge / 2];
  const centre = ((edge + 1) * edge) / 2,
    inside = Int32Array.from({ length: centre + 1 }, (_, i) => i).filter(
      (i) => Math.hypot(...place(i)) * pixel <= Math.min(radius, (edge / 2 - 1) * pixel),
    );
  const width = (highestOrder + 1) * circles.length,
    re = new Float64Array(inside.length * width),
    im = new Float64Array(inside.length * width);
  inside.forEach((i, p) => {
    const [x, y] = place(i),
      r = Math.hypot(x, y) * pixel,
      angle = Math.atan2(y, x),
      share = i === centre ? 1 / 2 : 1; // opposite to itself
    circles.forEach((a, c) => {
      besselJ(highestOrder, a * r).forEach((value, m) => {
        re[p * width + m * circles.length + c] = share * value * Math.cos(m * angle);
        im[p * width + m * circles.length + c] = -share * value * Math.sin(m * angle);
      });
    });
  });
  return { inside, opposite: inside.map((i) => 2 * centre - i), re, im };
}

function harmonicsOf(
  pixels: Float32Array,
  { inside, opposite, re, im }: Basis,
  circles: number,
): { re: Float64Array; im: Float64Array } {
  const width = (highestOrder + 1) * circles,
    out = { re: new Float64Array(width), im: new Float64Array(width) };
  for (let p = 0; p < inside.length; p++) {
    const here = pixels[inside[p]!]!,
      there = pixels[opposite[p]!]!,
      start = p * width;
    for (let w = 0, m = 0; m <= highestOrder; m++) {
      const value = m % 2 === 0 ? here + there : here - there;
      for (let c = 0; c < circles; c++, w++) {
        out.re[w]! += value * re[start + w]!;
        out.im[w]! += value * im[start + w]!;
      }
    }
  }
  return out;
}

/** CTF of circles, the mean along and across the axes. */
function meanTransfer(optics: Optics, particle: number, circles: readonly number[]): number[] {
  const transfer = contrastTransfer(optics, particle);
  return circles.map((a) => {
    const k = a / (2 * Math.PI);
    return (transfer(k, 0) + transfer(0, k)) / 2;
  });
}

/** Whether what the images have in common on the two circles stands out of their noise. */
const tells = ({ covariances, error }: Pair): boolean =>
  Math.abs(covariances[0]! + covariances[2]!) > leastErrors * Math.sqrt((2 * error) / (1 + thirdInFirst ** 2));

/** @param left group that is left out */
function pairsOf({ products, weights, squares }: Sums, circles: readonly number[], left: number | undefined): Pair[] {
  const pairs: Pair[] = [];
  for (let i = 0; i < circles.length; i++)
    for (let j = i + 1; j < circles.length; j++) {
      const pair = pairs.length,
        total = new Float64Array(highestOrder + 1);
      let weight = 0;
      for (let g = 0; g < groups; g++) {
        if (g === left) continue;
        weight += weights[g]![pair]!;
        products[g]![pair]!.forEach((value, m) => (total[m]! += value));
      }
      pairs.push({
        a: circles[i]!,
        b: circles[j]!,
        covariances: total.map((value) => value / weight),
        error: squares[pair]! / weight ** 2,
      });
    }
  return pairs;
}

/** Where nothing of what a shift gives is left; below 0 where there is less than nothing to begin with. */
function mostLikelyVariance(pairs: readonly Pair[], limit: number): number {
  const atCentre = remainder(pairs, 0);
  if (!(atCentre > 0)) return atCentre;
  const left = (sigma: number): number => remainder(pairs, sigma ** 2);
  let outer = limit / steps;
  while (outer < limit && left(outer) > 0) outer += limit / steps;
  let inner = outer - limit / steps;
  for (let i = 0; i < 30; i++) {
    const middle = (inner + outer) / 2;
    if (left(middle) > 0) inner = middle;
    else outer = middle;
  }
  return outer ** 2;
}

/**
 * What is left of a shift once one of variance s is taken out of the covariances, as a variance, by least squares. It
 * is taken out by exp(+2π²σ²|k − k'|²), whose harmonics are (−1)ⁿIₙ·exp(…); pairs of circles whose phases such shifts
 * mix up count little.
 */
function remainder(pairs: readonly Pair[], s: number): number {
  let along = 0,
    squared = 0;
  for (const { a, b, covariances, error } of pairs) {
    const kernel = besselI(2 * highestOrder, a * b * s),
      growth = Math.exp(((a ** 2 + b ** 2) * s) / 2);
    const centred = (m: number): number => {
      let sum = 0;
      for (let n = -highestOrder; n <= highestOrder; n++) {
        const between = Math.abs(m - n);
        sum += covariances[Math.abs(n)]! * (between % 2 === 0 ? 1 : -1) * kernel[between]!;
      }
      return growth * sum;
    };
    const [h0, h1, h2, h3, h4] = [0, 1, 2, 3, 4].map(centred) as [number, number, number, number, number];
    const shifted = ((a * b) / 2) * (h0 + h2 - thirdInFirst * (h2 + h4)),
      weight = growth ** -6 / error;
    along += weight * shifted * (h1 - thirdInFirst * h3);
    squared += weight * shifted ** 2;
  }
  return along / squared;
}
