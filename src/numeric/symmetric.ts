/** Small symmetric matrices by their eigenvalues (ml-matrix). */
import { EigenvalueDecomposition } from "ml-matrix";

/** A square matrix, row by row. */
export type Matrix = readonly (readonly number[])[];

/** Eigenvalues of a symmetric matrix, the largest first, and their vectors of length 1. */
export function eigenvaluesOf(symmetric: Matrix): { values: number[]; vectors: number[][] } {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
      symmetric.map((row) => [...row]),
      { assumeSymmetric: true },
    ),
    order = realEigenvalues.map((_, e) => e).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  return { values: order.map((e) => realEigenvalues[e]!), vectors: order.map((e) => eigenvectorMatrix.getColumn(e)) };
}

/** f(A) = U·f(Λ)·Uᵀ of a symmetric matrix A = U·Λ·Uᵀ. */
export function ofEigenvalues(symmetric: Matrix, f: (value: number) => number): number[][] {
  const { values, vectors } = eigenvaluesOf(symmetric),
    images = values.map(f);
  return symmetric.map((row, i) =>
    row.map((_, j) => images.reduce((sum, image, e) => sum + image * vectors[e]![i]! * vectors[e]![j]!, 0)),
  );
}
