/**
 * Opening files where anyone may have put something else in their place: a link that leads elsewhere, a pipe that makes
 * a reader wait for ever, a device, a folder. For Node only.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { InputError } from "../base/errors.ts";

/** Windows has neither links nor pipes in the way, nor these. */
const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

const notPlain = (path: string): InputError => new InputError(`${path} is not a plain file; remove it`);

/** A link (ELOOP), a pipe that nobody reads (ENXIO), a folder that was to be written (EISDIR). */
const codesOfOthers = ["ELOOP", "EMLINK", "ENXIO", "EISDIR"];

async function openAs(path: string, flags: number, isWanted: (links: number) => boolean): Promise<FileHandle> {
  const handle = await open(path, flags | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw codesOfOthers.includes(error.code!) ? notPlain(path) : error;
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || !isWanted(stats.nlink)) throw notPlain(path);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Opens for reading. @throws {InputError} if it is no plain file; what the system says if there is none */
export const openPlain = (path: string): Promise<FileHandle> => openAs(path, O_RDONLY, () => true);

/**
 * Opens for appending; makes the file if it is not there.
 * @throws {InputError} if it is no plain file, or has another name somewhere
 */
export const openPlainToAppend = (path: string): Promise<FileHandle> =>
  openAs(path, O_WRONLY | O_APPEND | O_CREAT, (links) => links === 1);

/** Bytes; one call of the system moves no more. */
export const longestTransfer = 1 << 30;

/** Fills `bytes` from `position` on; returns how many there were before the end of the file. */
export async function readFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(
      bytes,
      done,
      Math.min(longestTransfer, bytes.length - done),
      position + done,
    );
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** Up to `most` bytes of an open file from `from` on. */
export async function readPart(handle: FileHandle, from: number, most: number): Promise<Buffer> {
  const buffer = Buffer.alloc(most);
  return buffer.subarray(0, await readFully(handle, buffer, from));
}

/**
 * The whole content of a small file.
 * @throws {InputError} if it is no plain file, or longer than `most` bytes; what the system says if there is none
 */
export async function readPlain(path: string, most: number): Promise<Buffer> {
  const handle = await openPlain(path);
  try {
    const { size } = await handle.stat();
    if (size > most) throw new InputError(`${path} is longer than any such file of a run; remove it`);
    return await readPart(handle, 0, size);
  } finally {
    await handle.close();
  }
}
