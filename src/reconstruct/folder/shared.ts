import { deserialize, serialize } from "../../io/serialize.ts";
import type { Processes } from "../../runtime/processes.ts";

/** What the first process alone comes to, told to all: plain data and arrays of numbers. */
export const byFirst = async <T extends object>(processes: Processes, work: () => Promise<T>): Promise<T> =>
  valueOfFirst(processes, processes.rank === 0 ? await work() : ({} as T));

/** A value of the first process, plain data and arrays of numbers, in the place of that of all. */
export const valueOfFirst = <T extends object>(processes: Processes, own: T): Promise<T> =>
  valueOfRank(processes, own, 0);

/** The same of the process of a rank. */
export async function valueOfRank<T extends object>(processes: Processes, own: T, rank: number): Promise<T> {
  if (processes.size === 1) return own;
  const tells = processes.rank === rank,
    bytes = tells ? serialize(own) : undefined,
    length = Float64Array.of(bytes?.length ?? 0);
  await processes.sum(length);
  const received = bytes ?? new Uint8Array(length[0]!);
  await processes.broadcast(received, rank);
  return tells ? own : (deserialize(received) as T);
}
