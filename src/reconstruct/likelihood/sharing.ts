/**
 * How stages of refinement share their work among the processes of a job. Particles are dealt out to machines in
 * blocks, and each machine reads its own alone; work on the particles of a machine is dealt out to its processes, who
 * all reach them (particleStore.ts). All processes know all poses, and what they find is exchanged after each pass.
 */
import type { Processes } from "../../runtime/processes.ts";
import { type Block, blockOf } from "../blocks.ts";
import type { AfterIteration, StageProgress } from "../stage.ts";

/** The particles of this machine. */
export const blockOfMachine = (count: number, { machine, machines }: Processes): Block =>
  blockOf(count, machine, machines);

/** Those of some particles that are of this machine. */
export function ofMachine<T extends Int32Array | number[]>(particles: T, count: number, processes: Processes): T {
  if (processes.machines === 1) return particles;
  const { first, end } = blockOfMachine(count, processes);
  return particles.filter((p) => p >= first && p < end) as T;
}

/**
 * Deals tasks of known costs out to the processes of this machine, the dearest first, each to whoever has least so far.
 * @returns the tasks of this process, ascending
 */
export function dealt(costs: readonly number[], { neighbours: { rank, size } }: Processes): number[] {
  const all = costs.map((_, task) => task);
  if (size === 1) return all;
  const loads = new Float64Array(size),
    own: number[] = [];
  for (const task of all.sort((a, b) => costs[b]! - costs[a]! || a - b)) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least]! += costs[task]!;
    if (least === rank) own.push(task);
  }
  return own.sort((a, b) => a - b);
}

/**
 * Watches arrays of which each process changes entries of its own.
 * @returns what takes over the changes of the others; each entry may have been changed by one process
 */
export function exchanged(processes: Processes, arrays: readonly Float32Array[]): () => Promise<void> {
  if (processes.size === 1) return async () => {};
  const bitsOf = (values: Float32Array): Int32Array => new Int32Array(values.buffer, values.byteOffset, values.length);
  const before = arrays.map((values) => bitsOf(values).slice());
  return async () => {
    for (const [i, values] of arrays.entries()) {
      const bits = bitsOf(values),
        changes = bits.map((now, at) => now ^ before[i]![at]!);
      await processes.xor(changes);
      changes.forEach((change, at) => (bits[at] = before[i]![at]! ^ change));
    }
  };
}

/** Sums of some numbers over all processes. */
export async function summed(processes: Processes, ...numbers: number[]): Promise<number[]> {
  const sums = Float64Array.from(numbers);
  await processes.sum(sums);
  return [...sums];
}

/** Arrays of the first process replace those of all: what each has computed for itself may differ in the last bits. */
export async function asOfFirst(processes: Processes, arrays: readonly Float32Array[]): Promise<void> {
  for (const { buffer, byteOffset, byteLength } of arrays)
    await processes.broadcast(new Uint8Array(buffer, byteOffset, byteLength), 0);
}

/** Sums of an array whose entries are added to by several, in place. */
export const sumAll = async (processes: Processes, arrays: readonly Float32Array[]): Promise<void> => {
  for (const values of arrays) await processes.sum(values);
};

/** What the views of a cell cost, in comparisons of a batch with them: their templates, and their back-projection. */
const costOfViews = 13;

/** A cell of a pass with those of its particles that are of this machine, by the half that they count in. */
export interface SharedCell {
  /** Which of the cells of the pass it is. */
  at: number;
  ofHalves: readonly [number[], number[]];
}

/**
 * The cells of a pass that this process compares images with.
 * @param members of each cell
 * @param whole   whether a cell is of one half; else its batches are dealt out to both
 * @param batch   how many images are compared at once
 */
export function sharedCells(
  members: readonly number[][],
  whole: boolean,
  batch: number,
  count: number,
  processes: Processes,
): SharedCell[] {
  const cells = members.map((all, at): SharedCell => {
    const ofHalf = (half: 0 | 1): number[] =>
      ofMachine(
        all.filter((_, i) => (whole ? at : at + Math.floor(i / batch)) % 2 === half),
        count,
        processes,
      );
    return { at, ofHalves: [ofHalf(0), ofHalf(1)] };
  });
  const cost = ({ ofHalves }: SharedCell): number => {
    const batches = ofHalves.reduce((sum, { length }) => sum + Math.ceil(length / batch), 0);
    return batches === 0 ? 0 : costOfViews + batches;
  };
  return dealt(cells.map(cost), processes)
    .map((i) => cells[i]!)
    .filter((cell) => cost(cell) > 0);
}

/** Points inside of a pass at which several processes meet. */
const meetings = 15;

/** A pass over the particles as one process goes through it. */
export interface Pass {
  /** Passes before it, and of the stage. */
  passes: number;
  iterations: number;
  /** Tasks of this process. */
  tasks: number;
  /** Of one process alone: how far the pass is after so many, 0 to 1. */
  part(done: number): number;
  /** And where it stands then. */
  snapshot(done: number): Promise<StageProgress>;
}

/**
 * What a process does inside of a pass between its tasks, so that all may stop together: to be called before the first
 * task and after each. Alone it tells how far it is between any two tasks, and may be asked for a checkpoint; several
 * meet at the same parts of their tasks, and there is none.
 */
export function meetingsOf(
  { size }: Processes,
  { passes, iterations, tasks, part, snapshot }: Pass,
  after: AfterIteration,
): (done: number) => Promise<void> {
  if (size === 1)
    return async (done) => {
      if (done > 0 && done < tasks) await after({ iteration: passes + part(done), iterations }, () => snapshot(done));
    };
  let met = 0;
  return async (done) => {
    while (met < meetings && done * (meetings + 1) >= (met + 1) * tasks)
      await after({ iteration: passes + ++met / (meetings + 1), iterations });
  };
}
