/** Small symmetric systems of equations A·x = b by Cholesky's factor, A = L·Lᵀ. */

/** Puts L in the place of the lower triangle of a positive definite matrix, row by row [size, size]. */
export function factorise(matrix: Float64Array, size: number): void {
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) rest -= matrix[i * size + k]! * matrix[j * size + k]!;
      matrix[i * size + j] = i === j ? Math.sqrt(rest) : rest / matrix[j * size + j]!;
    }
}

/**
 * Puts x in the place of b, whose numbers stand in `values` from `first` on, each `step` after the one before.
 * @param factor from `factorise`
 */
export function solveFactorised(factor: Float64Array, size: number, values: Float64Array, first = 0, step = 1): void {
  for (let i = 0; i < size; i++) {
    let rest = values[first + step * i]!;
    for (let k = 0; k < i; k++) rest -= factor[i * size + k]! * values[first + step * k]!;
    values[first + step * i] = rest / factor[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    let rest = values[first + step * i]!;
    for (let k = i + 1; k < size; k++) rest -= factor[k * size + i]! * values[first + step * k]!;
    values[first + step * i] = rest / factor[i * size + i]!;
  }
}
