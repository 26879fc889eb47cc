/** Processes of a job that are all in this one: each is a task of its own, and a call waits for those of the others. */
import type { Processes } from "../../src/runtime/processes.ts";

type Combine = (arrays: readonly unknown[]) => void;
interface Meeting {
  what: string;
  arrays: unknown[];
  arrived: number;
  over: Promise<void>;
  end(): void;
  fail(error: Error): void;
}

function begin(what: string): Meeting {
  let end!: () => void, fail!: (error: Error) => void;
  const over = new Promise<void>((resolve, reject) => {
    [end, fail] = [resolve, reject];
  });
  return { what, arrays: [], arrived: 0, over, end, fail };
}

/** A point where so many meet: the last to come does what they came for. */
function meetingPoint(size: number): (rank: number, what: string, array: unknown, combine: Combine) => Promise<void> {
  let next: Meeting | undefined;
  return async (rank, what, array, combine) => {
    next ??= begin(what);
    const meeting = next;
    if (meeting.what !== what) meeting.fail(new Error(`${meeting.what} of others meets ${what} of ${rank}`));
    meeting.arrays[rank] = array;
    if (++meeting.arrived === size) {
      next = undefined;
      combine(meeting.arrays);
      meeting.end();
    }
    await meeting.over;
  };
}

function group(
  size: number,
): (rank: number) => Pick<Processes, "rank" | "size" | "sum" | "xor" | "broadcast" | "barrier"> {
  const meet = meetingPoint(size);
  return (rank) => ({
    rank,
    size,
    sum: (values) =>
      meet(rank, `sum of ${values.length}`, values, (arrays) => {
        const all = arrays as (typeof values)[],
          sums = values.map((_, i) => all.reduce((sum, own) => sum + own[i]!, 0));
        for (const own of all) own.set(sums);
      }),
    xor: (values) =>
      meet(rank, `xor of ${values.length}`, values, (arrays) => {
        const all = arrays as Int32Array[],
          bits = values.map((_, i) => all.reduce((sum, own) => sum ^ own[i]!, 0));
        for (const own of all) own.set(bits);
      }),
    broadcast: (bytes, from) =>
      meet(rank, `broadcast of ${bytes.length} from ${from}`, bytes, (arrays) => {
        const all = arrays as Uint8Array[];
        for (const own of all) if (own !== all[from]) own.set(all[from]!);
      }),
    barrier: () => meet(rank, "barrier", undefined, () => {}),
  });
}

/** @param machines the number of processes on each machine, from the lowest ranks on */
export function together(...machines: number[]): Processes[] {
  const size = machines.reduce((sum, here) => sum + here, 0),
    all = group(size);
  return machines.flatMap((here, machine) => {
    const first = machines.slice(0, machine).reduce((sum, of) => sum + of, 0),
      near = group(here);
    return Array.from({ length: here }, (_, rank): Processes => {
      const neighbours: Processes = {
        ...near(rank),
        machine: 0,
        machines: 1,
        get neighbours() {
          return neighbours;
        },
      };
      return { ...all(first + rank), machine, machines: machines.length, neighbours };
    });
  });
}

/** What each of them comes to. */
export const eachOf = <T>(processes: readonly Processes[], task: (own: Processes) => Promise<T>): Promise<T[]> =>
  Promise.all(processes.map(task));
