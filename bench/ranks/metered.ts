/** What a process of a job spends on the others. */
import type { Processes } from "../../src/runtime/processes.ts";

export interface Traffic {
  /** Calls of one kind with arrays of one size. */
  calls: Calls[];
  /** Waiting for the last to come, and after that until all have what they came for. */
  waitingSeconds: number;
  transferSeconds: number;
}

export interface Calls {
  kind: "sum" | "xor" | "broadcast" | "barrier";
  /** Of the array that was summed or sent, of this process. */
  bytes: number;
  count: number;
  /** After all had come; of all of them. */
  seconds: number;
}

/** The same processes; each call meets at a barrier first, so that waiting and sending are told apart. */
export function metered(processes: Processes, traffic: Traffic): Processes {
  const { rank, size, machine, machines } = processes;
  const timed = async (kind: Calls["kind"], bytes: number, work: () => Promise<void>): Promise<void> => {
    const begun = performance.now();
    await processes.barrier();
    const met = performance.now();
    await work();
    const seconds = (performance.now() - met) / 1000;
    let alike = traffic.calls.find((calls) => calls.kind === kind && calls.bytes === bytes);
    if (!alike) traffic.calls.push((alike = { kind, bytes, count: 0, seconds: 0 }));
    alike.count++;
    alike.seconds += seconds;
    traffic.waitingSeconds += (met - begun) / 1000;
    traffic.transferSeconds += seconds;
  };
  return {
    rank,
    size,
    machine,
    machines,
    neighbours: processes.neighbours === processes ? processes : metered(processes.neighbours, traffic),
    sum: (values) => timed("sum", values.byteLength, () => processes.sum(values)),
    xor: (values) => timed("xor", values.byteLength, () => processes.xor(values)),
    broadcast: (bytes, from) => timed("broadcast", bytes.byteLength, () => processes.broadcast(bytes, from)),
    barrier: () => timed("barrier", 0, async () => {}),
  };
}
