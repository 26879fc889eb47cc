/** In-plane shifts of the particle. */

import type { RandomStream } from "../runtime/random.ts";
import * as op from "../tensor/ops.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import { type Complex, turnPhase } from "./complex.ts";
import type { FrequencyGrid } from "./frequencies.ts";

/**
 * Moves images by (dx, dy): F(k) e^(-2πi k·d / box).
 *
 * @param slices complex [frequencies, batch]
 * @param shifts [2, batch], x then y, in units of the box edge
 */
export function shift(slices: Complex, shifts: Tensor, grid: FrequencyGrid): Complex {
  const k = new Float32Array(2 * grid.count);
  for (let i = 0; i < grid.count; i++) {
    k[2 * i] = 2 * Math.PI * grid.x[i]!;
    k[2 * i + 1] = 2 * Math.PI * grid.y[i]!;
  }
  return turnPhase(slices, op.matmul(constant(k, [grid.count, 2]), shifts));
}

/** How shifts are distributed; widths in units of the box edge. */
export type ShiftLaw =
  | { kind: "none" }
  | { kind: "gaussian"; sigma: number }
  /** Triangular on ±extent in x and in y, as in the CryoGAN paper. */
  | { kind: "triangular"; extent: number };

/** Shifts [2, count] drawn from a law. */
export function sampleShifts(law: ShiftLaw, count: number, stream: RandomStream): Float32Array {
  const out = new Float32Array(2 * count);
  if (law.kind === "gaussian") for (let i = 0; i < out.length; i++) out[i] = law.sigma * stream.normal();
  if (law.kind === "triangular")
    for (let i = 0; i < out.length; i++) out[i] = law.extent * (stream.uniform() + stream.uniform() - 1);
  return out;
}

/** Standard deviation of a law along each axis. */
export function shiftDeviation(law: ShiftLaw): number {
  if (law.kind === "none") return 0;
  return law.kind === "gaussian" ? law.sigma : law.extent / Math.sqrt(6);
}

/** Of shifts [2, count] those of a batch, [2, batch]. */
export function shiftsOf(shifts: Float32Array, chosen: Int32Array): Float32Array {
  const count = shifts.length / 2,
    batch = chosen.length;
  return Float32Array.from({ length: 2 * batch }, (_, i) => shifts[(i < batch ? 0 : count) + chosen[i % batch]!]!);
}
