/**
 * One of several processes that mpi.test.ts starts: does what its argument says, and prints what came out as one line
 * of JSON, which begins with its rank.
 */
import { createHash } from "node:crypto";
import { joinJob } from "../../src/runtime/job.ts";
import { launched } from "../../src/runtime/launched.ts";
import type { Processes } from "../../src/runtime/processes.ts";

const [, , what = "all"] = process.argv;
const hash = (values: ArrayBufferView): string =>
  createHash("sha256")
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest("hex");

/** Value of element i at a process; sums of floats depend on the order in which they are made. */
const valueAt = (i: number, rank: number): number => (bitsAt(i, rank) + 0.3) * scales[(i + rank) % scales.length]!;
const scales = [1, 1e-9, 1e3, 1e-4, 1e6];
const bitsAt = (i: number, rank: number): number => Math.imul(i + 1, 0x9e3779b1 + rank) | 0;

/** The largest error of a sum, relative to the sum of magnitudes, against a loop. */
function sumError(values: Float32Array | Float64Array, size: number): number {
  let worst = 0;
  for (let i = 0; i < values.length; i++) {
    let exact = 0;
    let magnitude = 0;
    for (let rank = 0; rank < size; rank++) {
      const value = values instanceof Float32Array ? Math.fround(valueAt(i, rank)) : valueAt(i, rank);
      exact += value;
      magnitude += Math.abs(value);
    }
    worst = Math.max(worst, Math.abs(values[i]! - exact) / magnitude);
  }
  return worst;
}

async function sums(processes: Processes) {
  const { rank, size } = processes;
  const results: { error: number; hash: string; around: number[] }[] = [];
  for (const length of [0, 1, 3, 257, 300_001, 1_100_003, 4_500_001])
    for (const make of [Float32Array, Float64Array]) {
      const bytes = make.BYTES_PER_ELEMENT;
      const Memory = length % 2 === 0 ? ArrayBuffer : SharedArrayBuffer;
      const memory = new Memory((length + 2) * bytes) as ArrayBuffer;
      const around = new make(memory).fill(77);
      const values = new make(memory, bytes, length);
      for (let i = 0; i < length; i++) values[i] = valueAt(i, rank);
      await processes.sum(values);
      results.push({ error: sumError(values, size), hash: hash(values), around: [around[0]!, around.at(-1)!] });
    }
  return results;
}

async function xors(processes: Processes): Promise<boolean> {
  for (const length of [0, 5, 70_000, 1_200_001]) {
    const values = Int32Array.from({ length }, (_, i) => bitsAt(i, processes.rank));
    await processes.xor(values);
    for (let i = 0; i < length; i++) {
      let expected = 0;
      for (let rank = 0; rank < processes.size; rank++) expected ^= bitsAt(i, rank);
      if (values[i] !== expected) return false;
    }
  }
  return true;
}

async function broadcasts(processes: Processes): Promise<boolean> {
  for (let from = 0; from < processes.size; from++) {
    // Again and again the same 2¹⁶ bytes, which are copied and compared much faster than reckoned one by one.
    const period = Uint8Array.from({ length: 2 ** 16 }, (_, i) => (i * 7 + from * 31 + (i >> 8)) & 255);
    for (const length of [0, 3, 100_001, 17_000_000]) {
      const bytes = new Uint8Array(length + 5).subarray(5),
        expected = Buffer.alloc(length, period);
      if (processes.rank === from) bytes.set(expected);
      await processes.broadcast(bytes, from);
      if (!expected.equals(bytes)) return false;
    }
  }
  return true;
}

async function groups(processes: Processes) {
  const { rank, machine, machines, neighbours } = processes;
  const ranks = Float64Array.of(rank, 1);
  await neighbours.sum(ranks);
  return { machine, machines, rank: neighbours.rank, size: neighbours.size, ranks: ranks[0], count: ranks[1] };
}

const tell = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const kind = process.env.MPI_LOCALNRANKS === undefined ? "Open MPI" : "MPICH";
const claims = { "claim two": { kind, rank: 0, size: 2 }, all: launched() ?? { kind, rank: 0, size: 1 } } as const;
const job = await joinJob(claims[what as keyof typeof claims] ?? launched());
const { processes } = job;
const { rank, size } = processes;
switch (what) {
  case "all": {
    const told = { sums: await sums(processes), xor: await xors(processes), broadcast: await broadcasts(processes) };
    await processes.barrier();
    // Not waited for one by one: they are made in this order, at all.
    const many = Array.from({ length: 20 }, (_, i) => Float32Array.of(i, rank));
    await Promise.all(many.map((values) => processes.sum(values)));
    const ordered = many.every(([first, second], i) => first === i * size && second === (size * (size - 1)) / 2);
    tell({ rank, size, ...told, ordered, groups: await groups(processes), failures: await job.close(false) });
    break;
  }
  case "groups":
    tell({ rank, size, groups: await groups(processes), failures: await job.close(false) });
    break;
  case "error": {
    const message = await processes.broadcast(new Uint8Array(3), size + 5).then(
      () => "none",
      (error: Error) => error.message,
    );
    tell({ rank, message, failures: await job.close(false) });
    break;
  }
  case "fail together":
    tell({ rank, failures: await job.close(true) });
    break;
  case "fail at the end":
    await processes.barrier();
    tell({ rank, failures: await job.close(rank === 1) });
    break;
}
