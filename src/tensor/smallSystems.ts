/** Small symmetric systems of equations, each coefficient a tensor: many of them at once. */
import * as op from "./ops.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Cholesky's factor L of a positive definite matrix, L·Lᵀ: row j holds its columns 0 to j.
 * @param of coefficient (j, k) of the matrix, k ≤ j
 */
export function cholesky(size: number, of: (j: number, k: number) => Tensor): Tensor[][] {
  const rows: Tensor[][] = [];
  for (let j = 0; j < size; j++) {
    const row: Tensor[] = [];
    for (let k = 0; k <= j; k++) {
      const above = k === j ? row : rows[k]!;
      const rest = row.slice(0, k).reduce((sum, v, i) => op.sub(sum, op.mul(v, above[i]!)), of(j, k));
      row.push(k === j ? op.sqrt(rest) : op.div(rest, above[k]!));
    }
    rows.push(row);
  }
  return rows;
}

/** y of L·y = b. */
export function forward(factor: readonly (readonly Tensor[])[], b: readonly Tensor[]): Tensor[] {
  const y: Tensor[] = [];
  factor.forEach((row, j) => {
    const rest = y.reduce((sum, v, i) => op.sub(sum, op.mul(row[i]!, v)), b[j]!);
    y.push(op.div(rest, row[j]!));
  });
  return y;
}
