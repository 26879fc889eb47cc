/** Files as Node's file system keeps them. */

import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { lstat, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError } from "../base/errors.ts";
import type { Files, GrowingFile, NewFile, OpenFile, ScratchFile } from "../base/files.ts";
import { longestTransfer, openPlainToAppend, readFully } from "./plainFile.ts";

export const disk: Files = {
  at: (path) => ({
    path,
    exists: () => exists(path),
    isPlain: () => isPlain(path),
    open: () => openToRead(path),
    create: () => createBeside(path),
    extend: () => openToExtend(path),
    remove: () => rm(path, { force: true }).catch(failure("write", path)),
    scratch: () => createScratch(path),
    joinScratch: () => joinScratch(path),
  }),
  makeFolder: ensureWritableFolder,
};

const REASONS: Record<string, string> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  EFBIG: "no file may be that large",
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder",
  ERR_FS_EISDIR: "it is a folder",
  EEXIST: "a file of that name is in the way",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
  ENFILE: "too many open files",
  EIO: "the device reports an error",
  ELOOP: "its links lead in a circle",
  ESTALE: "the folder on the server has changed; try again",
  ETXTBSY: "a program that runs is in the way",
  EBUSY: "it is in use",
  ERR_INVALID_ARG_VALUE: "its name holds the character 0",
};

/** The error of a failed file operation as an InputError "cannot <verb> <path>: <reason>"; any other error as it is. */
export function fileError(verb: "read" | "write", path: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? undefined : REASONS[code];
  if (reason === undefined && syscall === undefined) return error;
  return new InputError(`cannot ${verb} ${path}: ${reason ?? `the system answers ${code}`}`);
}

/** An error of the operating system that nobody has put into words, in words. */
export function systemError(error: NodeJS.ErrnoException): InputError {
  const reads = /^(open|read|stat|lstat|scandir|readlink|access)/.test(error.syscall ?? "");
  const told = fileError(reads ? "read" : "write", error.path ?? "a file", error);
  return told instanceof InputError ? told : new InputError(error.message);
}

const failure =
  (verb: "read" | "write", path: string) =>
  (error: unknown): never => {
    throw fileError(verb, path, error);
  };

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const isPlain = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isFile(),
    () => false,
  );

async function openToRead(path: string): Promise<OpenFile> {
  const information = await stat(path).catch(failure("read", path));
  if (!information.isFile())
    throw new InputError(`cannot read ${path}: it is ${information.isDirectory() ? "a folder" : "not a file"}`);
  const handle = await open(path, "r").catch(failure("read", path));
  return {
    size: information.size,
    modified: information.mtimeMs,
    read: (bytes, position) => readFully(handle, bytes, position).catch(failure("read", path)),
    close: () => handle.close(),
  };
}

const randomName = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A hidden name beside `path`, so that renaming it to `path` stays on one file system. */
const temporaryPath = (path: string): string => join(dirname(path), `.${basename(path)}.${randomName()}.tmp`);

async function createBeside(path: string): Promise<NewFile> {
  const temporary = temporaryPath(path);
  const handle = await open(temporary, "wx").catch(failure("write", path));
  return {
    write: (bytes, position) => writeFully(handle, bytes, position).catch(failure("write", path)),
    async commit(keptAs) {
      try {
        await handle.sync();
        await handle.close();
        if (keptAs !== undefined && (await exists(path))) await rename(path, keptAs);
        await rename(temporary, path);
      } catch (error) {
        throw fileError("write", path, error);
      }
    },
    async discard() {
      await handle.close().catch(() => undefined);
      await rm(temporary, { force: true }).catch(() => undefined);
    },
  };
}

async function openToExtend(path: string): Promise<GrowingFile> {
  const handle = await openPlainToAppend(path).catch(failure("write", path));
  return {
    append: (text) => handle.writeFile(text).catch(failure("write", path)),
    close: () => handle.close(),
  };
}

async function createScratch(path: string): Promise<ScratchFile> {
  await rm(path, { force: true }).catch(failure("write", path));
  const file = scratchFile(await open(path, "wx+").catch(failure("write", path)), path);
  return {
    ...file,
    async close() {
      await file.close();
      await rm(path, { force: true });
    },
  };
}

const joinScratch = async (path: string): Promise<ScratchFile> =>
  scratchFile(await open(path, "r+").catch(failure("write", path)), path);

function scratchFile(handle: FileHandle, path: string): ScratchFile {
  return {
    write: (bytes, position) => writeFully(handle, bytes, position).catch(failure("write", path)),
    read(bytes, position) {
      try {
        return readSync(handle.fd, bytes, 0, bytes.length, position);
      } catch (error) {
        throw fileError("read", path, error);
      }
    },
    close: () => handle.close(),
  };
}

async function ensureWritableFolder(path: string): Promise<void> {
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

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(
      bytes,
      done,
      Math.min(longestTransfer, bytes.length - done),
      position + done,
    );
    done += bytesWritten;
  }
}
