/**
 * The processes that work on one job together: one alone, or several over MPI (mpi.ts). All run the same program and
 * call the same of these functions in the same order; each call ends when the others have made theirs, too.
 */
export interface Processes {
  /** Of this process, from 0. */
  readonly rank: number;
  readonly size: number;
  /** Number of the machine that this process runs on, from 0 in the order of the lowest ranks, and of how many. */
  readonly machine: number;
  readonly machines: number;
  /** Those on the same machine, who share its memory and its files. */
  readonly neighbours: Processes;
  /** Sums over all processes, in place; all end with the same bits. */
  sum(values: Float32Array | Float64Array): Promise<void>;
  /** Exclusive or of the bits of all, in place. */
  xor(values: Int32Array): Promise<void>;
  /** The bytes of one process replace those of all others, which have as many. */
  broadcast(bytes: Uint8Array, from: number): Promise<void>;
  /** Waits for all. */
  barrier(): Promise<void>;
}

/** One process alone. */
export const alone: Processes = {
  rank: 0,
  size: 1,
  machine: 0,
  machines: 1,
  get neighbours() {
    return alone;
  },
  async sum() {},
  async xor() {},
  async broadcast() {},
  async barrier() {},
};
