/** Whole files at once. */

import { join } from "pathe";
import { InputError } from "../base/errors.ts";
import type { DataFile, Files, NewFile, OpenFile } from "../base/files.ts";
import { refuseForeign } from "./foreign.ts";

/** The files of one folder, by their names. What is read is of the folder itself: a link may lead anywhere. */
export type Folder = (name: string) => DataFile;

export const folderAt =
  (files: Files, path: string): Folder =>
  (name) => {
    const file = files.at(join(path, name));
    const open = async (): Promise<OpenFile> => {
      if ((await file.exists()) && !(await file.isPlain()))
        throw new InputError(`cannot read ${file.path}: it is a link, a folder or a pipe, and no file of this folder`);
      return file.open();
    };
    return { ...file, open };
  };

/** Opens a file for as long as `use` takes. */
export async function withFile<T>(file: DataFile, use: (open: OpenFile) => Promise<T>): Promise<T> {
  const open = await file.open();
  try {
    return await use(open);
  } finally {
    await open.close();
  }
}

/** @throws InputError also when there is no memory for it. */
export const readBytes = (file: DataFile): Promise<Uint8Array<ArrayBuffer>> =>
  withFile(file, (open) => wholeOf(open, file.path));

/** A string of JavaScript takes no more bytes. */
const longestText = 2 ** 29 - 32;

/** UTF-8. @throws InputError also when it is larger than 512 MB */
export const readText = (file: DataFile): Promise<string> =>
  withFile(file, async (open) => {
    if (open.size > longestText)
      throw new InputError(`${file.path} is larger than 512 MB; split it or remove columns that are not needed`);
    const bytes = await wholeOf(open, file.path);
    refuseForeign(bytes, file.path);
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  });

async function wholeOf(open: OpenFile, path: string): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(open.size);
  } catch {
    throw new InputError(`cannot read ${path}: there is no memory for its ${open.size} bytes`);
  }
  return bytes.subarray(0, await open.read(bytes, 0));
}

/**
 * Writes a file beside its name through `fill` and puts it into place. When anything fails, the previous file stays and
 * the new one is removed.
 * @param keptAs path under which the previous file stays after success, too
 */
export async function writeThenRename(
  file: DataFile,
  fill: (begun: NewFile) => Promise<void>,
  keptAs?: string,
): Promise<void> {
  const begun = await file.create();
  try {
    await fill(begun);
    await begun.commit(keptAs);
  } catch (error) {
    await begun.discard();
    throw error;
  }
}

/** Replaces a file by `data` in one step; see {@link writeThenRename}. */
export async function writeFileAtomic(file: DataFile, data: string | Uint8Array, keptAs?: string): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  await writeThenRename(file, (begun) => begun.write(bytes, 0), keptAs);
}
