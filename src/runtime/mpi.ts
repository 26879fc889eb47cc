/** Processes that work together over MPI. */

import { commTypeShared, type Handle, type MpiLibrary } from "./mpiLibrary.ts";
import type { Processes } from "./processes.ts";

/** Calls to the library one at a time, in the order in which they were asked for. */
export interface CallQueue {
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Whether a call is going on. */
  readonly busy: boolean;
}

export function callQueue(): CallQueue {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    get busy() {
      return waiting > 0;
    },
    run(task) {
      waiting++;
      const result = last.then(task).finally(() => waiting--);
      last = result.catch(() => undefined);
      return result;
    },
  };
}

/** Bytes of one call: bounds the memory that the library takes for itself, and counts stay far below 2^31. */
const chunkBytes = 1 << 24;
/**
 * Sums of this size on are made by parts, one at each process, and then gathered: each byte is sent twice however many
 * there are. Shorter ones are made at one process and sent from there, as these take fewer messages; they do not block,
 * which is quick where all is done in a look or two.
 */
const byPartsFromBytes = 1 << 17;

interface Communicator {
  handle: Handle;
  rank: number;
  size: number;
}
type Operations = Pick<Processes, "rank" | "size" | "sum" | "xor" | "broadcast" | "barrier">;
type Numbers = Float32Array | Float64Array | Int32Array;

function communicator(mpi: MpiLibrary, handle: Handle): Communicator {
  const rank = new Int32Array(1);
  const size = new Int32Array(1);
  mpi.call("MPI_Comm_rank", handle, rank);
  mpi.call("MPI_Comm_size", handle, size);
  return { handle, rank: rank[0]!, size: size[0]! };
}

/** Pieces of at most `bytes`, that share the memory of `values`. */
function* pieces<T extends Numbers | Uint8Array>(values: T, bytes: number): Generator<T> {
  const length = Math.floor(bytes / values.BYTES_PER_ELEMENT);
  for (let start = 0; start < values.length; start += length) yield values.subarray(start, start + length) as T;
}

/** What processes of one communicator do together. */
function operations(mpi: MpiLibrary, queue: CallQueue, { handle, rank, size }: Communicator): Operations {
  const typeOf = (values: Numbers): Handle =>
    values instanceof Float32Array ? mpi.float : values instanceof Float64Array ? mpi.double : mpi.int;

  /** All bits come from one process: what all compute by themselves need not be the same everywhere. */
  async function reduceAtFirst(values: Numbers, operation: Handle): Promise<void> {
    const type = typeOf(values);
    const [given, result] = rank === 0 ? [mpi.inPlace, values] : [values, null];
    await mpi.callAndPoll("MPI_Ireduce", given, result, values.length, type, operation, 0, handle);
    await mpi.callAndPoll("MPI_Ibcast", values, values.length, type, 0, handle);
  }

  /** `values` has a multiple of `size` elements. */
  async function reduceByParts(values: Numbers, operation: Handle): Promise<void> {
    const type = typeOf(values);
    const length = values.length / size;
    await mpi.callAside("MPI_Reduce_scatter_block", mpi.inPlace, values, length, type, operation, handle);
    values.copyWithin(rank * length, 0, length); // results in place are at the beginning
    await mpi.callAside("MPI_Allgather", mpi.inPlace, 0, type, values, length, type, handle);
  }

  /** Waits for the others without holding a core, as calls that block do. */
  const all = (): Promise<void> => mpi.callAndPoll("MPI_Ibarrier", handle);

  const reduce = (values: Numbers, operation: Handle): Promise<void> =>
    queue.run(async () => {
      for (const piece of pieces(values, chunkBytes)) {
        const even = piece.byteLength < byPartsFromBytes ? 0 : piece.length - (piece.length % size);
        if (even > 0) {
          await all();
          await reduceByParts(piece.subarray(0, even), operation);
        }
        if (even < piece.length) await reduceAtFirst(piece.subarray(even), operation);
      }
    });

  return {
    rank,
    size,
    sum: (values) => reduce(values, mpi.sum),
    xor: (values) => reduce(values, mpi.xor),
    broadcast: (bytes, from) =>
      queue.run(async () => {
        for (const piece of pieces(bytes, chunkBytes)) {
          if (piece.length < byPartsFromBytes)
            await mpi.callAndPoll("MPI_Ibcast", piece, piece.length, mpi.byte, from, handle);
          else {
            await all();
            await mpi.callAside("MPI_Bcast", piece, piece.length, mpi.byte, from, handle);
          }
        }
      }),
    barrier: () => queue.run(all),
  };
}

/** Longer names of machines are cut. */
const nameBytes = 64;

/** A text of each process, in the order of ranks. */
async function gatherNames(all: Operations, name: string): Promise<string[]> {
  const bytes = new Uint8Array(all.size * nameBytes);
  bytes.set(new TextEncoder().encode(name).subarray(0, nameBytes), all.rank * nameBytes);
  await all.xor(new Int32Array(bytes.buffer));
  return Array.from({ length: all.size }, (_, rank) =>
    new TextDecoder().decode(bytes.subarray(rank * nameBytes, (rank + 1) * nameBytes)).replace(/\0.*$/s, ""),
  );
}

/**
 * All processes of the job, once MPI is initialised.
 * @param machineName in place of what MPI finds out of which processes share memory, where any process has one: those
 *   with the same name are taken to be on one machine
 * @throws Error in MPI's words
 */
export async function mpiProcesses(mpi: MpiLibrary, queue: CallQueue, machineName = ""): Promise<Processes> {
  const all = operations(mpi, queue, communicator(mpi, mpi.world));
  const names = await gatherNames(all, machineName);
  const out = mpi.handleOut();
  await queue.run(() =>
    names.every((name) => name === "")
      ? mpi.callAside("MPI_Comm_split_type", mpi.world, commTypeShared(mpi), all.rank, mpi.noInfo, out.memory)
      : mpi.callAside("MPI_Comm_split", mpi.world, names.indexOf(names[all.rank]!), all.rank, out.memory),
  );
  const near = operations(mpi, queue, communicator(mpi, out.handle()));

  // The lowest rank of each machine, known to all of its processes, then to all processes of the job.
  const lowest = Int32Array.of(all.rank);
  await near.broadcast(new Uint8Array(lowest.buffer), 0);
  const lowestOf = new Int32Array(all.size);
  lowestOf[all.rank] = lowest[0]!;
  await all.xor(lowestOf);
  const machines = [...new Set(lowestOf)].sort((a, b) => a - b);

  const neighbours: Processes = {
    ...near,
    machine: 0,
    machines: 1,
    get neighbours() {
      return neighbours;
    },
  };
  return { ...all, machine: machines.indexOf(lowest[0]!), machines: machines.length, neighbours };
}
