/** Adam (Kingma & Ba 2015, Algorithm 1) as part of the tensor program. */
import * as op from "../../tensor/ops.ts";
import { input, type Shape, type Tensor } from "../../tensor/tensor.ts";

/** A parameter with its running moments. */
export interface Parameter {
  value: Tensor;
  first: Tensor;
  second: Tensor;
}

export interface AdamOptions {
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** Inputs `name`, `name.first` and `name.second`. */
export function parameter(name: string, shape: Shape): Parameter {
  return { value: input(name, shape), first: input(`${name}.first`, shape), second: input(`${name}.second`, shape) };
}

/**
 * One step.
 *
 * @param rate learning rate, scalar
 * @param step number of this step, from 1, scalar; corrects the moments' bias
 */
export function adam(
  p: Parameter,
  gradient: Tensor,
  rate: Tensor,
  step: Tensor,
  { beta1, beta2, epsilon }: AdamOptions,
): Parameter {
  const power = (beta: number): Tensor => op.exp(op.mul(step, Math.log(beta)));
  const first = op.add(op.mul(p.first, beta1), op.mul(gradient, 1 - beta1));
  const second = op.add(op.mul(p.second, beta2), op.mul(op.square(gradient), 1 - beta2));
  const correctedRate = op.div(rate, op.sub(1, power(beta1)));
  const correction = op.div(1, op.sqrt(op.sub(1, power(beta2))));
  const move = op.div(op.mul(first, correctedRate), op.add(op.mul(op.sqrt(second), correction), epsilon));
  return { value: op.sub(p.value, move), first, second };
}

/** The state entries of a program for a parameter and its next value. */
export function parameterState(
  name: string,
  now: Parameter,
  next: Parameter,
): Record<string, { input: Tensor; next: Tensor }> {
  return {
    [name]: { input: now.value, next: next.value },
    [`${name}.first`]: { input: now.first, next: next.first },
    [`${name}.second`]: { input: now.second, next: next.second },
  };
}
