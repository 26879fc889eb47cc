/** Files of a run folder, which may come from anyone: nothing leads out of it, and nothing is waited for. */
import type { FileHandle } from "node:fs/promises";
import { lstat, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { openPlain, readPart } from "../../io/plainFile.ts";

/**
 * Opens a file for reading. A link inside the folder is followed where it stays there.
 * @returns undefined for what is not there, leads outside, or is no plain file
 */
export async function openInside(folder: string, ...parts: string[]): Promise<FileHandle | undefined> {
  const find = async (): Promise<string | undefined> => {
    const [base, file] = await Promise.all([realpath(folder), realpath(join(folder, ...parts))]);
    return file.startsWith(base + sep) ? file : undefined;
  };
  let handle: FileHandle | undefined;
  try {
    const file = await find();
    if (file === undefined) return undefined;
    handle = await openPlain(file);
    // It may have been exchanged for another between the two steps.
    const [opened, there] = await Promise.all([handle.stat(), lstat(file)]);
    if ((await find()) === file && opened.ino === there.ino && opened.dev === there.dev) return handle;
  } catch {
    // As good as not there.
  }
  await handle?.close();
  return undefined;
}

/**
 * The end of a text: what is behind `from`, of that no more than `most` bytes. @returns "" where there is no such file
 */
export async function readTail(folder: string, name: string, most: number, from = 0): Promise<string> {
  const handle = await openInside(folder, name);
  if (!handle) return "";
  try {
    const { size } = await handle.stat(),
      start = Math.max(from, size - most);
    return start < size ? (await readPart(handle, start, size - start)).toString() : "";
  } finally {
    await handle.close();
  }
}
