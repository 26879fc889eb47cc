/**
 * Long tables of numbers, one row per particle: in memory up to a limit, beyond that, or where several processes of a
 * machine share one, in a scratch file.
 */

import { InputError } from "../../base/errors.ts";
import type { DataFile } from "../../base/files.ts";
import type { Processes } from "../../runtime/processes.ts";

export interface RowTable {
  width: number;
  /** Stores consecutive rows from `first` on. */
  write(first: number, values: Float32Array): Promise<void>;
  /** Copies chosen rows one after the other into `out`. */
  read(chosen: ArrayLike<number>, out: Float32Array): Promise<void>;
  /** Frees the memory or removes the file. */
  close(): Promise<void>;
}

/**
 * A table of count×width numbers.
 *
 * @param limitBytes size from which on the table goes to the scratch file
 * @param neighbours who have the table together: what one has written the others can read once they have met
 */
export async function createRowTable(
  count: number,
  width: number,
  limitBytes: number,
  scratch: DataFile,
  neighbours: Processes,
): Promise<RowTable> {
  if (neighbours.size === 1 && 4 * count * width <= limitBytes) return memoryTable(count, width);
  return fileTable(scratch, width, neighbours);
}

function memoryTable(count: number, width: number): RowTable {
  let data = new Float32Array(count * width);
  return {
    width,
    async write(first, values) {
      data.set(values, first * width);
    },
    async read(chosen, out) {
      for (let i = 0; i < chosen.length; i++)
        out.set(data.subarray(chosen[i]! * width, (chosen[i]! + 1) * width), i * width);
    },
    async close() {
      data = new Float32Array(0);
    },
  };
}

/** @throws {InputError} when the disk is full or the file cannot be written */
async function fileTable(scratch: DataFile, width: number, neighbours: Processes): Promise<RowTable> {
  const failed = (error: unknown): never => {
    throw new InputError(
      `${(error as Error).message}; the particles' scratch file needs room (--scratch), or more memory (--cache)`,
    );
  };
  const begun = neighbours.rank === 0 ? await scratch.scratch().catch(failed) : undefined;
  await neighbours.barrier();
  const file = begun ?? (await scratch.joinScratch().catch(failed));
  const bytes = 4 * width;
  return {
    width,
    write: (first, values) =>
      file.write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), first * bytes).catch(failed),
    async read(chosen, out) {
      for (let i = 0; i < chosen.length; i++) {
        const row = new Uint8Array(out.buffer, out.byteOffset + i * bytes, bytes);
        if (file.read(row, chosen[i]! * bytes) < bytes) throw new InputError(`${scratch.path} was cut short`);
      }
    },
    close: () => file.close(),
  };
}
