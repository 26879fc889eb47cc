/** What a process of a job spends on the others. */
import type { Processes } from "../../src/runtime/processes.ts";

export interface Traffic {
  calls: number;
  /** Bytes of the arrays that were summed or sent, of this process. */
  bytes: number;
  /** Waiting for the last to come, and after that until all have what they came for. */
  waitingSeconds: number;
  transferSeconds: number;
}

/** The same processes; each call meets at a barrier first, so that waiting and sending are told apart. */
export function metered(processes: Processes, traffic: Traffic): Processes {
  const { rank, size, machine, machines } = processes;
  const timed = async (bytes: number, work: () => Promise<void>): Promise<void> => {
    const begun = performance.now();
    await processes.barrier();
    const met = performance.now();
    await work();
    traffic.calls++;
    traffic.bytes += bytes;
    traffic.waitingSeconds += (met - begun) / 1000;
    traffic.transferSeconds += (performance.now() - met) / 1000;
  };
  return {
    rank,
    size,
    machine,
    machines,
    neighbours: processes.neighbours === processes ? processes : metered(processes.neighbours, traffic),
    sum: (values) => timed(values.byteLength, () => processes.sum(values)),
    xor: (values) => timed(values.byteLength, () => processes.xor(values)),
    broadcast: (bytes, from) => timed(bytes.byteLength, () => processes.broadcast(bytes, from)),
    barrier: () => timed(0, async () => {}),
  };
}
