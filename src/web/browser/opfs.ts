/**
 * Keeps what runs leave in the browser's own storage (origin private file system), so that a closed tab loses nothing.
 */
import { basename, dirname, join } from "pathe";
import type { BrowserFiles } from "./files.ts";

export interface Keeper {
  /** Notes that a file changed; it is stored soon. */
  changed(path: string): void;
  /** Stores what is not yet stored. */
  flush(): Promise<void>;
}

const delayMilliseconds = 500;

/**
 * Mounts what is stored and keeps what changes from then on.
 *
 * @param onError called once, when something cannot be stored
 * @returns undefined where the browser has no such storage
 */
export async function keepFiles(files: BrowserFiles, onError: (error: Error) => void): Promise<Keeper | undefined> {
  const root = await navigator.storage
    ?.getDirectory?.()
    .then((top) => top.getDirectoryHandle("cryogan", { create: true }))
    .catch(() => undefined);
  if (!root || !("createWritable" in FileSystemFileHandle.prototype)) return undefined;
  for await (const [path, file] of storedFiles(root, "/")) files.mount(path, file);

  const dirty = new Set<string>();
  let storing: Promise<void> = Promise.resolve(),
    timer: ReturnType<typeof setTimeout> | undefined,
    failed = false;
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    storing = storing
      .then(async () => {
        for (const path of dirty) {
          dirty.delete(path);
          await store(root, path, files.content(path));
        }
      })
      .catch((error: unknown) => {
        if (!failed) onError(error as Error);
        failed = true;
      });
    return storing;
  };
  return {
    changed(path) {
      dirty.add(path);
      timer ??= setTimeout(flush, delayMilliseconds);
    },
    flush,
  };
}

async function* storedFiles(
  folder: FileSystemDirectoryHandle,
  path: string,
): AsyncGenerator<[path: string, file: File]> {
  for await (const [name, handle] of folder.entries()) {
    const at = join(path, name);
    if (handle.kind === "directory") yield* storedFiles(handle as FileSystemDirectoryHandle, at);
    else yield [at, await (handle as FileSystemFileHandle).getFile()];
  }
}

/** Replaces a stored file as a whole, or removes it. */
async function store(
  root: FileSystemDirectoryHandle,
  path: string,
  content: Uint8Array<ArrayBuffer> | File | undefined,
): Promise<void> {
  let folder = root;
  for (const name of dirname(path).split("/").filter(Boolean))
    folder = await folder.getDirectoryHandle(name, { create: true });
  if (!content) return folder.removeEntry(basename(path), { recursive: true }).catch(() => {}); // it was never stored
  const writable = await (await folder.getFileHandle(basename(path), { create: true })).createWritable();
  await writable.write(content);
  await writable.close();
}
