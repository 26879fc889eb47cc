/** Writing files so that a killed run, a full disk or a wrong path never leaves half a result behind. */

import type { FileHandle } from "node:fs/promises";
import { appendFile, lstat, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError } from "../base/errors.ts";

const REASONS: Record<string, string> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder",
  ERR_FS_EISDIR: "it is a folder",
  EEXIST: "a file of that name is in the way",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
  EIO: "the device reports an error",
};

/** The error of a failed file operation as an InputError "cannot <verb> <path>: <reason>"; any other error as it is. */
export function fileError(verb: "read" | "write", path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  const reason = code === undefined ? undefined : REASONS[code];
  return reason === undefined ? error : new InputError(`cannot ${verb} ${path}: ${reason}`);
}

/** Whether there is a file or folder of that name that can be looked at. */
export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * Whether there is a file of that name that reading ends of: no link, which may lead anywhere, no pipe and no device.
 */
export const isPlainFile = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isFile(),
    () => false,
  );

const randomName = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A hidden name beside `path`, so that renaming it to `path` stays on one file system. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomName()}.tmp`);
}

/**
 * Writes a file beside its name through `fill`, flushes it to disk and renames it into place. When anything fails,
 * the previous file stays and the temporary one is removed.
 * @param keptAs name under which the previous file stays after success, too
 * @throws InputError naming `path` when the disk is full or the folder cannot be written.
 */
export async function writeThenRename(
  path: string,
  fill: (handle: FileHandle) => Promise<void>,
  keptAs?: string,
): Promise<void> {
  const temporary = temporaryPath(path);
  try {
    const handle = await open(temporary, "wx");
    try {
      await fill(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (keptAs !== undefined && (await exists(path))) await rename(path, keptAs);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError("write", path, error);
  }
}

/** Replaces `path` by `data` in one step; see {@link writeThenRename}. */
export async function writeFileAtomic(path: string, data: string | Uint8Array, keptAs?: string): Promise<void> {
  await writeThenRename(path, (handle) => handle.writeFile(data), keptAs);
}

/**
 * Creates the folder (and those above it) if needed and makes sure that files can be written in it.
 * @throws InputError naming the folder.
 */
export async function ensureWritableFolder(path: string): Promise<void> {
  const probe = temporaryPath(join(path, "probe"));
  try {
    await makeFolder(path);
    await (await open(probe, "wx")).close();
    await rm(probe);
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/**
 * Creates the folder and those above it. (Node's own `recursive` never returns where a folder takes no others, such as
 * /proc.)
 */
async function makeFolder(path: string): Promise<void> {
  const isThere = (name: string) =>
    stat(name).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
    );
  if (await isThere(path)) return;
  const parent = dirname(path);
  if (parent !== path && !(await isThere(parent))) await makeFolder(parent);
  await mkdir(path);
}

/** Appends `line` and a line feed. @throws InputError naming the file. */
export async function appendLine(path: string, line: string): Promise<void> {
  try {
    await appendFile(path, `${line}\n`);
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** Writes all of `bytes` at `position`, however many calls it takes. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  const longest = 1 << 30;
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(longest, bytes.length - done), position + done);
    done += bytesWritten;
  }
}

/** Fills `bytes` from `position`; returns how many bytes there were before the end of the file. */
export async function readFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  const longest = 1 << 30;
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(longest, bytes.length - done), position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
