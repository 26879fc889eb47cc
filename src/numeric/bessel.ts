/** Bessel functions of integer order. */

/**
 * Of the first kind, J₀(x) to J_highest(x), x ≥ 0, by Miller's backward recurrence: Jₘ₋₁ = (2m/x)·Jₘ − Jₘ₊₁ from an
 * order where they vanish, normalised by J₀ + 2(J₂ + J₄ + …) = 1.
 *
 * @see Abramowitz & Stegun (1964), 9.1.27, 9.1.46 and 9.12
 */
export function besselJ(highest: number, x: number): Float64Array {
  const values = new Float64Array(highest + 1);
  if (x < 1e-9) {
    values[0] = 1;
    return values;
  }
  const start = 2 * Math.ceil((Math.max(highest, x) + 15 + 6 * Math.cbrt(x)) / 2);
  let above = 0,
    here = 1e-300,
    sum = 0;
  for (let m = start; m >= 0; m--) {
    if (m <= highest) values[m] = here;
    if (m % 2 === 0) sum += m === 0 ? here : 2 * here;
    const below = ((2 * m) / x) * here - above;
    above = here;
    here = below;
    if (Math.abs(here) > 1e200) {
      here *= 1e-200;
      above *= 1e-200;
      sum *= 1e-200;
      for (let i = m; i <= highest; i++) values[i]! *= 1e-200;
    }
  }
  return values.map((value) => value / sum);
}

/** Of the first kind, modified, I₀(x) to I_highest(x), by the trapezoidal rule for (1/π)∫ exp(x·cos t)·cos mt dt. */
export function besselI(highest: number, x: number): Float64Array {
  const steps = 2 * highest + 32 + Math.ceil(8 * Math.sqrt(x)),
    values = new Float64Array(highest + 1);
  for (let i = 0; i < steps; i++) {
    const t = (Math.PI * (i + 0.5)) / steps,
      weight = Math.exp(x * Math.cos(t)) / steps;
    for (let m = 0; m <= highest; m++) values[m]! += weight * Math.cos(m * t);
  }
  return values;
}

/** The first zeros of J₁ beyond 0, by Newton's method from McMahon's expansion. */
export function zerosOfJ1(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    const beta = (i + 1.25) * Math.PI;
    let x = beta - 3 / (8 * beta);
    for (let step = 0; step < 4; step++) {
      const [j0, j1] = besselJ(1, x) as unknown as [number, number];
      x -= j1 / (j0 - j1 / x);
    }
    return x;
  });
}
