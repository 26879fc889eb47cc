/** Stands in for node:fs and node:fs/promises in the worker: one file system for all of the program. */
import { createFiles } from "./files.ts";

let listener: (path: string) => void = () => {};

/** Calls back with the path of every file written, renamed or removed from now on. */
export function onFileChange(callback: (path: string) => void): void {
  listener = callback;
}

export const files = createFiles((path) => listener(path));
export const { appendFile, existsSync, mkdir, open, readdir, readFile, readSync, rename, rm, stat, writeFile } = files;
/** There are no links. */
export const lstat = files.stat;
