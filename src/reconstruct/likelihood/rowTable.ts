/** Long tables of numbers, one row per particle: in memory up to a limit, beyond that in a scratch file. */

import { readSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { InputError } from "../../base/errors.ts";

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
 * @param limitBytes size from which on the table goes to `scratchPath`, an existing file of which is replaced
 */
export async function createRowTable(
  count: number,
  width: number,
  limitBytes: number,
  scratchPath: string,
): Promise<RowTable> {
  return 4 * count * width <= limitBytes ? memoryTable(count, width) : fileTable(scratchPath, width);
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
async function fileTable(path: string, width: number): Promise<RowTable> {
  const failed = (error: unknown): never => {
    throw new InputError(
      `${path}: ${(error as Error).message}; ` +
        "the particles' scratch file needs room in the run folder, or more memory (--cache)",
    );
  };
  const read = (fd: number, target: Uint8Array, position: number): number => {
    try {
      return readSync(fd, target, 0, target.byteLength, position);
    } catch (error) {
      return failed(error);
    }
  };
  await rm(path, { force: true });
  const file = await open(path, "wx+").catch(failed);
  const bytes = 4 * width;
  return {
    width,
    async write(first, values) {
      const { bytesWritten } = await file
        .write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 0, values.byteLength, first * bytes)
        .catch(failed);
      if (bytesWritten < values.byteLength) failed(new Error("the disk is full"));
    },
    async read(chosen, out) {
      // Without waiting for a thread of its own for each row, which takes ten times as long as reading it from the
      // system's cache.
      for (let i = 0; i < chosen.length; i++) {
        const target = new Uint8Array(out.buffer, out.byteOffset + i * bytes, bytes);
        if (read(file.fd, target, chosen[i]! * bytes) < bytes) failed(new Error("the file was cut short"));
      }
    },
    async close() {
      await file.close();
      await rm(path, { force: true });
    },
  };
}
