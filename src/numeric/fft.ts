/**
 * Discrete Fourier transforms of any length in one to three dimensions.
 *
 * Convention: forward F(k) = sum_x f(x) exp(-2 pi i k x / n), unnormalised; the inverse has the opposite sign and
 * divides by the number of points. Arrays are row-major (last dimension fastest), real and imaginary parts apart.
 *
 * Method: Stockham's self-sorting mixed-radix algorithm (Van Loan, "Computational Frameworks for the Fast Fourier
 * Transform", 1992, section 1.7) with radices 4, 2, 3, 5 and a direct sum for other primes. Lines are transformed a few
 * at a time, interleaved, so that the inner loops run over contiguous memory whichever the axis.
 */

interface Plan {
  n: number;
  factors: number[];
  /** cos and sin of -2 pi j / n for j = 0 .. n-1. */
  cosine: Float64Array;
  sine: Float64Array;
}

const plans = new Map<number, Plan>();

function planFor(n: number): Plan {
  const cached = plans.get(n);
  if (cached) return cached;
  const factors: number[] = [];
  let rest = n;
  while (rest % 4 === 0) {
    factors.push(4);
    rest /= 4;
  }
  for (let prime = 2; rest > 1; prime++) {
    while (rest % prime === 0) {
      factors.push(prime);
      rest /= prime;
    }
  }
  const cosine = new Float64Array(n);
  const sine = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    cosine[j] = Math.cos((2 * Math.PI * j) / n);
    sine[j] = -Math.sin((2 * Math.PI * j) / n);
  }
  const plan = { n, factors, cosine, sine };
  plans.set(n, plan);
  return plan;
}

/** In-place transform of one line of any length. Throws RangeError when the two arrays differ in length. */
export function fft(re: Float64Array, im: Float64Array, inverse = false): void {
  fftn(re, im, [re.length], inverse);
}

/**
 * In-place transform over all dimensions of a row-major array of the given shape.
 * Throws RangeError when the arrays do not hold exactly that many points.
 */
export function fftn(re: Float64Array, im: Float64Array, shape: readonly number[], inverse = false): void {
  const total = shape.reduce((a, b) => a * b, 1);
  if (re.length !== total || im.length !== total) {
    throw new RangeError(`fftn: arrays of ${re.length} and ${im.length} points for shape ${shape.join("x")}`);
  }
  // The inverse is the forward transform with the real and imaginary parts exchanged, before and after.
  const [first, second] = inverse ? [im, re] : [re, im];
  let stride = total;
  for (const n of shape) {
    stride /= n;
    transformAxis(first, second, n, stride);
  }
  if (inverse) {
    for (let i = 0; i < total; i++) {
      re[i]! /= total;
      im[i]! /= total;
    }
  }
}

const linesAtOnce = 16;

/** In-place forward transform of every line of length n whose points lie `stride` apart. */
function transformAxis(re: Float64Array, im: Float64Array, n: number, stride: number): void {
  if (n < 2) return;
  const lines = re.length / n;
  const width = Math.min(linesAtOnce, lines);
  const a = emptyLines(n * width),
    b = emptyLines(n * width);
  const base = new Int32Array(width);
  for (let line = 0; line < lines; line += width) {
    const count = Math.min(width, lines - line);
    for (let l = 0; l < count; l++) {
      const index = line + l;
      const outer = Math.floor(index / stride);
      base[l] = outer * stride * n + (index - outer * stride);
    }
    for (let j = 0; j < n; j++) {
      for (let l = 0; l < count; l++) {
        const from = base[l]! + j * stride;
        a.re[j * count + l] = re[from]!;
        a.im[j * count + l] = im[from]!;
      }
    }
    const done = transformLines(a, b, n, count);
    for (let j = 0; j < n; j++) {
      for (let l = 0; l < count; l++) {
        const to = base[l]! + j * stride;
        re[to] = done.re[j * count + l]!;
        im[to] = done.im[j * count + l]!;
      }
    }
  }
}

/** Lines side by side: point j of line l of `width` stands at j width + l. */
export interface Lines {
  re: Float64Array;
  im: Float64Array;
}

export const emptyLines = (points: number): Lines => ({ re: new Float64Array(points), im: new Float64Array(points) });

/**
 * Forward transform of `width` lines of length n that stand side by side in `a`.
 * @param b as large, for what is between
 * @returns a or b: that which holds the result; the other holds nothing of use
 */
export function transformLines(a: Lines, b: Lines, n: number, width: number): Lines {
  if (n < 2) return a;
  const plan = planFor(n);
  let length = n,
    spacing = width,
    from = a,
    to = b;
  for (const radix of plan.factors) {
    stage(plan, radix, length, spacing, width, from.re, from.im, to.re, to.im);
    length /= radix;
    spacing *= radix;
    [from, to] = [to, from];
  }
  return from;
}

/**
 * One Stockham stage: with m = length / radix, for p < m and q < spacing,
 *   y[q + spacing (radix p + k)] = w_length^(p k) sum_j w_radix^(j k) x[q + spacing (p + j m)].
 */
function stage(
  plan: Plan,
  radix: number,
  length: number,
  spacing: number,
  lines: number,
  xr: Float64Array,
  xi: Float64Array,
  yr: Float64Array,
  yi: Float64Array,
): void {
  const m = length / radix;
  const step = spacing / lines; // w_length^j is entry j * step of the table, since n = length * step
  const jump = spacing * m;
  const { cosine, sine } = plan;
  for (let p = 0; p < m; p++) {
    const from = spacing * p;
    const to = spacing * radix * p;
    if (radix === 4) {
      const c1 = cosine[p * step],
        s1 = sine[p * step];
      const c2 = cosine[2 * p * step],
        s2 = sine[2 * p * step];
      const c3 = cosine[3 * p * step],
        s3 = sine[3 * p * step];
      for (let q = 0; q < spacing; q++) {
        const i0 = from + q,
          i1 = i0 + jump,
          i2 = i1 + jump,
          i3 = i2 + jump;
        const o0 = to + q,
          o1 = o0 + spacing,
          o2 = o1 + spacing,
          o3 = o2 + spacing;
        const sumR = xr[i0]! + xr[i2]!,
          sumI = xi[i0]! + xi[i2]!;
        const difR = xr[i0]! - xr[i2]!,
          difI = xi[i0]! - xi[i2]!;
        const oddR = xr[i1]! + xr[i3]!,
          oddI = xi[i1]! + xi[i3]!;
        // -i (x1 - x3)
        const rotR = xi[i1]! - xi[i3]!,
          rotI = xr[i3]! - xr[i1]!;
        yr[o0] = sumR + oddR;
        yi[o0] = sumI + oddI;
        const b1r = difR + rotR,
          b1i = difI + rotI;
        yr[o1] = b1r * c1! - b1i * s1!;
        yi[o1] = b1r * s1! + b1i * c1!;
        const b2r = sumR - oddR,
          b2i = sumI - oddI;
        yr[o2] = b2r * c2! - b2i * s2!;
        yi[o2] = b2r * s2! + b2i * c2!;
        const b3r = difR - rotR,
          b3i = difI - rotI;
        yr[o3] = b3r * c3! - b3i * s3!;
        yi[o3] = b3r * s3! + b3i * c3!;
      }
    } else if (radix === 2) {
      const c1 = cosine[p * step],
        s1 = sine[p * step];
      for (let q = 0; q < spacing; q++) {
        const i0 = from + q,
          i1 = i0 + jump;
        const o0 = to + q,
          o1 = o0 + spacing;
        const br = xr[i0]! - xr[i1]!,
          bi = xi[i0]! - xi[i1]!;
        yr[o0] = xr[i0]! + xr[i1]!;
        yi[o0] = xi[i0]! + xi[i1]!;
        yr[o1] = br * c1! - bi * s1!;
        yi[o1] = br * s1! + bi * c1!;
      }
    } else if (radix === 3) {
      const c1 = cosine[p * step],
        s1 = sine[p * step];
      const c2 = cosine[2 * p * step],
        s2 = sine[2 * p * step];
      const root = Math.sqrt(3) / 2;
      for (let q = 0; q < spacing; q++) {
        const i0 = from + q,
          i1 = i0 + jump,
          i2 = i1 + jump;
        const o0 = to + q,
          o1 = o0 + spacing,
          o2 = o1 + spacing;
        const sumR = xr[i1]! + xr[i2]!,
          sumI = xi[i1]! + xi[i2]!;
        const rotR = root * (xi[i1]! - xi[i2]!),
          rotI = root * (xr[i2]! - xr[i1]!);
        const midR = xr[i0]! - sumR / 2,
          midI = xi[i0]! - sumI / 2;
        yr[o0] = xr[i0]! + sumR;
        yi[o0] = xi[i0]! + sumI;
        const b1r = midR + rotR,
          b1i = midI + rotI;
        yr[o1] = b1r * c1! - b1i * s1!;
        yi[o1] = b1r * s1! + b1i * c1!;
        const b2r = midR - rotR,
          b2i = midI - rotI;
        yr[o2] = b2r * c2! - b2i * s2!;
        yi[o2] = b2r * s2! + b2i * c2!;
      }
    } else {
      primeButterfly(plan, radix, spacing, step, jump, p, from, to, xr, xi, yr, yi);
    }
  }
}

/**
 * The butterfly of any other prime radix, by its definition; outputs k and radix - k take the same products, as the
 * cosines of inputs j and radix - j are equal and their sines opposite. Overwrites its inputs.
 */
function primeButterfly(
  plan: Plan,
  radix: number,
  spacing: number,
  step: number,
  jump: number,
  p: number,
  from: number,
  to: number,
  xr: Float64Array,
  xi: Float64Array,
  yr: Float64Array,
  yi: Float64Array,
): void {
  const { n, cosine, sine } = plan,
    half = (radix - 1) / 2;
  yr.set(xr.subarray(from, from + spacing), to);
  yi.set(xi.subarray(from, from + spacing), to);
  for (let j = 1; j <= half; j++) {
    const low = from + j * jump,
      high = from + (radix - j) * jump;
    for (let q = 0; q < spacing; q++) {
      const r = xr[low + q]!,
        i = xi[low + q]!;
      xr[low + q] = r + xr[high + q]!;
      xi[low + q] = i + xi[high + q]!;
      xr[high + q] = r - xr[high + q]!;
      xi[high + q] = i - xi[high + q]!;
      yr[to + q]! += xr[low + q]!;
      yi[to + q]! += xi[low + q]!;
    }
  }
  for (let k = 1; k <= half; k++) {
    const even = to + k * spacing, // sums with cosines, then output k
      odd = to + (radix - k) * spacing; // sums with sines, then output radix - k
    yr.set(xr.subarray(from, from + spacing), even);
    yi.set(xi.subarray(from, from + spacing), even);
    yr.fill(0, odd, odd + spacing);
    yi.fill(0, odd, odd + spacing);
    for (let j = 1; j <= half; j++) {
      const turn = ((j * k) % radix) * (n / radix),
        c = cosine[turn]!,
        s = sine[turn]!,
        sum = from + j * jump,
        difference = from + (radix - j) * jump;
      for (let q = 0; q < spacing; q++) {
        yr[even + q]! += c * xr[sum + q]!;
        yi[even + q]! += c * xi[sum + q]!;
        yr[odd + q]! += s * xr[difference + q]!;
        yi[odd + q]! += s * xi[difference + q]!;
      }
    }
    const c1 = cosine[(p * k * step) % n]!,
      s1 = sine[(p * k * step) % n]!,
      c2 = cosine[(p * (radix - k) * step) % n]!,
      s2 = sine[(p * (radix - k) * step) % n]!;
    for (let q = 0; q < spacing; q++) {
      const firstR = yr[even + q]! - yi[odd + q]!,
        firstI = yi[even + q]! + yr[odd + q]!,
        secondR = yr[even + q]! + yi[odd + q]!,
        secondI = yi[even + q]! - yr[odd + q]!;
      yr[even + q] = firstR * c1 - firstI * s1;
      yi[even + q] = firstR * s1 + firstI * c1;
      yr[odd + q] = secondR * c2 - secondI * s2;
      yi[odd + q] = secondR * s2 + secondI * c2;
    }
  }
}

/**
 * The signed frequency index of entry i of a transform of length n: 0, 1, ..., then negative; n/2 of an even n is -n/2.
 */
export function signedFrequency(i: number, n: number): number {
  return 2 * i < n ? i : i - n;
}
