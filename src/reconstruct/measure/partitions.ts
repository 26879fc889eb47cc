/** How far independent partitions of the same particles are one. */

/**
 * Adjusted Rand index: 1 where both part the particles alike, whatever the labels are; 0 on average of partitions at
 * random.
 *
 * @see Hubert & Arabie (1985) J. Classification 2, 193, eq. 5
 */
export function adjustedRandIndex(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const pairs = (counts: Iterable<number>): number => {
    let sum = 0;
    for (const count of counts) sum += (count * (count - 1)) / 2;
    return sum;
  };
  const { rows, columns, cells } = contingency(a, b),
    both = pairs(cells.values()),
    inA = pairs(rows.values()),
    inB = pairs(columns.values()),
    expected = (inA * inB) / pairs([a.length]),
    most = (inA + inB) / 2;
  return most === expected ? 1 : (both - expected) / (most - expected);
}

/** Of each label of `a` the largest share that it has in common with one of `b`: intersection over union. */
export function bestOverlaps(a: ArrayLike<number>, b: ArrayLike<number>): Map<number, number> {
  const { rows, columns, cells } = contingency(a, b),
    best = new Map<number, number>();
  for (const [key, common] of cells) {
    const [left, right] = key.split(" ").map(Number) as [number, number],
      overlap = common / (rows.get(left)! + columns.get(right)! - common);
    best.set(left, Math.max(best.get(left) ?? 0, overlap));
  }
  return best;
}

function contingency(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): { rows: Map<number, number>; columns: Map<number, number>; cells: Map<string, number> } {
  const rows = new Map<number, number>(),
    columns = new Map<number, number>(),
    cells = new Map<string, number>();
  const add = <K>(to: Map<K, number>, key: K): unknown => to.set(key, (to.get(key) ?? 0) + 1);
  for (let i = 0; i < a.length; i++) {
    add(rows, a[i]!);
    add(columns, b[i]!);
    add(cells, `${a[i]} ${b[i]}`);
  }
  return { rows, columns, cells };
}
