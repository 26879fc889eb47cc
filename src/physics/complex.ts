/** Complex tensors as pairs of real ones. */
import * as op from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";

export interface Complex {
  re: Tensor;
  im: Tensor;
}

/** Sum. */
export const addComplex = (a: Complex, b: Complex): Complex => ({ re: op.add(a.re, b.re), im: op.add(a.im, b.im) });
/** Product with a real tensor. */
export const scaleComplex = (a: Complex, factor: Tensor): Complex => ({
  re: op.mul(a.re, factor),
  im: op.mul(a.im, factor),
});
/** a·e^(-iθ) */
export const turnPhase = (a: Complex, theta: Tensor): Complex => {
  const c = op.cos(theta),
    s = op.sin(theta);
  return { re: op.add(op.mul(a.re, c), op.mul(a.im, s)), im: op.sub(op.mul(a.im, c), op.mul(a.re, s)) };
};
