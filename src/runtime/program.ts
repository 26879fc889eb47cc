import type { Tensor } from "../tensor/tensor.ts";

/** A step that is run again and again: what is fed, what is kept between runs, what is read back. */
export interface Program {
  name: string;
  /** Kept on the device: each run starts from `input` and leaves `next` there for the following run. */
  state: Record<string, { input: Tensor; next: Tensor }>;
  /** Fed from the host at every run. */
  feeds: Record<string, Tensor>;
  /** Read back at every run. */
  outputs: Record<string, Tensor>;
}

export type Values = Float32Array | Int32Array;
