/**
 * Maximises f by the downhill simplex method (Nelder & Mead, Comput. J. 7, 308, 1965), coefficients 1, 2, 1/2, 1/2.
 * Starts from a simplex of edge `step` around `start`; ends when no corner is further than `tolerance` from the best
 * one in any coordinate, or after `maxEvaluations`. Coordinates should be scaled alike.
 */
export function maximise(
  f: (x: readonly number[]) => number,
  start: readonly number[],
  step: number,
  tolerance: number,
  maxEvaluations = 100 * start.length,
): { x: number[]; value: number } {
  const dimension = start.length;
  let evaluations = 0;
  const corner = (x: number[]) => {
    evaluations++;
    return { x, value: f(x) };
  };
  const simplex = [corner([...start])];
  for (let d = 0; d < dimension; d++) simplex.push(corner(start.map((v, i) => (i === d ? v + step : v))));
  for (;;) {
    simplex.sort((a, b) => b.value - a.value);
    const best = simplex[0]!;
    const worst = simplex[dimension]!;
    const size = Math.max(...simplex.map((c) => Math.max(...c.x.map((v, i) => Math.abs(v - best.x[i]!)))));
    if (size <= tolerance || evaluations >= maxEvaluations) return best;
    const centroid = best.x.map((_, i) => simplex.slice(0, dimension).reduce((sum, c) => sum + c.x[i]!, 0) / dimension);
    const along = (t: number) => corner(centroid.map((c, i) => c + t * (worst.x[i]! - c)));
    const reflected = along(-1);
    if (reflected.value > best.value) {
      const expanded = along(-2);
      simplex[dimension] = expanded.value > reflected.value ? expanded : reflected;
    } else if (reflected.value > simplex[dimension - 1]!.value) {
      simplex[dimension] = reflected;
    } else {
      const contracted = along(reflected.value > worst.value ? -0.5 : 0.5);
      if (contracted.value > Math.max(worst.value, reflected.value)) simplex[dimension] = contracted;
      else for (let c = 1; c <= dimension; c++) simplex[c] = corner(simplex[c]!.x.map((v, i) => (v + best.x[i]!) / 2));
    }
  }
}
