/**
 * Scales of particles as they are being found: the amplitude of each against the mean of its group. They follow a
 * normal law about 1, whose spread is found with them.
 *
 * @see Scheres (2012) J. Struct. Biol. 180, 519 (intensity scales)
 */

/** Spread that a run begins with, and the least it may come to, so that it can grow again. */
const firstSpread = 0.2,
  leastSpread = 0.01;
/** An image without a particle is no reason for a particle of the reverse contrast. */
const leastScale = 0.1;

/** Numbers are those of single precision, as a checkpoint holds them. */
export interface Scales {
  /** [count] */
  values: Float32Array;
  /** Of the law that they follow, during a pass. */
  spread: number;
  /** Particles moved in this pass, and the sum over them of (scale - 1)² and the variance that each is known with. */
  moved: number;
  squares: number;
}

/** Scales before a pass. @param known from a stage before */
export function scalesFrom(count: number, known: Float32Array | undefined): Scales {
  const law = { moved: 0, squares: 0 };
  if (!known) return { values: new Float32Array(count).fill(1), spread: Math.fround(firstSpread), ...law };
  const meanSquare = known.reduce((sum, s) => sum + (s - 1) ** 2, 0) / count;
  return { values: known.slice(), spread: asSpread(meanSquare), ...law };
}

const asSpread = (meanSquare: number): number => Math.fround(Math.max(leastSpread, Math.sqrt(meanSquare)));

/** For a checkpoint. */
export const scaleTensors = ({ values, spread, moved, squares }: Scales): Record<string, Float32Array> => ({
  scales: values,
  scaleLaw: Float32Array.of(spread, moved, squares),
});

/** From the tensors of a checkpoint; absent where there are none. */
export function restoredScales({ scales, scaleLaw }: Record<string, Float32Array>): Scales | undefined {
  if (!scales || !scaleLaw) return undefined;
  const [spread, moved, squares] = scaleLaw as unknown as [number, number, number];
  return { values: scales, spread, moved, squares };
}

/**
 * Moves the scale of a particle to the most likely one: s·r - s²·e is the log-likelihood where r is the response to the
 * templates at scale 1 and e their half-energy, and the prior is normal about 1.
 *
 * @param p        the particle
 * @param response posterior mean of s·r, at the scale it has
 * @param energy   posterior mean of s²·e
 */
export function moveScale(scales: Scales, p: number, response: number, energy: number): void {
  const { values, spread } = scales,
    s = values[p]!,
    precision = 1 / spread ** 2,
    curvature = (2 * energy) / s ** 2 + precision;
  const next = Math.max(leastScale, (response / s + precision) / curvature);
  values[p] = next;
  scales.moved++;
  scales.squares = Math.fround(scales.squares + (next - 1) ** 2 + 1 / curvature);
}

/**
 * After a pass: the spread of the law that fits its particles best (expectation-maximisation), and scales with the mean
 * 1, as their common factor is the density's.
 */
export function afterPass({ values, spread, moved, squares }: Scales): Scales {
  const mean = values.reduce((sum, s) => sum + s, 0) / values.length;
  return {
    values: values.map((s) => s / mean),
    spread: moved > 0 ? asSpread(squares / moved) : spread,
    moved: 0,
    squares: 0,
  };
}
