/**
 * Files in a browser: what the program writes, in memory, and what the visitor dropped on the page or an earlier visit
 * left, which is read in slices and never changed.
 */

import { resolve } from "pathe";
import { InputError } from "../../base/errors.ts";
import type { DataFile, Files, GrowingFile, OpenFile } from "../../base/files.ts";

export interface BrowserFiles extends Files {
  /** Offers a file of the visitor's. It is found under every path that ends like its own, outside the own folders. */
  drop(file: File): void;
  /** Names of the dropped files. */
  dropped(): string[];
  /**
   * The dropped file that a path means: the one with most of the path's last parts; nothing where none, or several,
   * fit.
   */
  droppedFor(path: string): File | undefined;
  /** Makes a file of an earlier visit appear under a path, to be read when it is needed. */
  mount(path: string, file: File): void;
  /** Paths of the files written here. */
  written(): string[];
  /** A file's content as it is now; undefined if there is none. */
  content(path: string): Uint8Array<ArrayBuffer> | File | undefined;
}

/** Bytes in memory that can become more. */
interface Memory {
  write(bytes: Uint8Array, position: number): void;
  read(bytes: Uint8Array, position: number): number;
  content(): Uint8Array<ArrayBuffer>;
}

function memory(path: string): Memory {
  let room = new Uint8Array(0),
    size = 0;
  const grow = (needed: number): void => {
    try {
      // more than asked for, so that a growing file is seldom moved
      const larger = new Uint8Array(Math.max(needed, Math.min(2 * room.length, room.length + 2 ** 28)));
      larger.set(room);
      room = larger;
    } catch {
      throw new InputError(`cannot write ${path}: the browser gives no more memory`);
    }
  };
  return {
    write(bytes, position) {
      if (position + bytes.length > room.length) grow(position + bytes.length);
      room.set(bytes, position);
      size = Math.max(size, position + bytes.length);
    },
    read(bytes, position) {
      const found = room.subarray(position, Math.min(position + bytes.length, size));
      bytes.set(found);
      return found.length;
    },
    content: () => room.subarray(0, size),
  };
}

/** @throws {InputError} if the file was changed or removed since it was given */
async function slice(file: File, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.slice(from, to).arrayBuffer());
  } catch {
    throw new InputError(`${file.name} was changed or moved since it was dropped here; drop it again`);
  }
}

/**
 * @param own      folders, each "/name/", in which only what was written here is found
 * @param onChange called with the path of each file that was written or removed
 */
export function createFiles(own: readonly string[], onChange: (path: string) => void = () => {}): BrowserFiles {
  const here = new Map<string, Memory | File>();
  const offered = new Map<string, File>();

  function droppedFor(path: string): File | undefined {
    const parts = path
      .split("/")
      .filter((part) => part !== "" && part !== ".")
      .reverse();
    let best = 0,
      found: File[] = [];
    for (const [name, file] of offered) {
      const ends = name.split("/").reverse();
      let common = 0;
      while (common < ends.length && common < parts.length && ends[common] === parts[common]) common++;
      if (common > best) found = [];
      best = Math.max(best, common);
      if (common === best && common > 0) found.push(file);
    }
    return found.length === 1 ? found[0] : undefined;
  }

  const lookUp = (path: string): Memory | File | undefined =>
    here.get(path) ?? (own.some((folder) => path.startsWith(folder)) ? undefined : droppedFor(path));

  async function open(name: string, path: string): Promise<OpenFile> {
    const found = lookUp(path);
    if (!found) throw new InputError(`cannot read ${name}: no such file`);
    return {
      size: found instanceof File ? found.size : found.content().length,
      ...(here.has(path) || !(found instanceof File) ? {} : { modified: found.lastModified }),
      async read(bytes, position) {
        if (!(found instanceof File)) return found.read(bytes, position);
        const part = await slice(found, position, position + bytes.length);
        bytes.set(part);
        return part.length;
      },
      close: async () => {},
    };
  }

  const put = (path: string, content: Memory | File): void => {
    here.set(path, content);
    onChange(path);
  };

  async function extend(name: string, path: string): Promise<GrowingFile> {
    const before = here.get(path),
      content = before && !(before instanceof File) ? before : memory(name);
    if (before instanceof File) content.write(await slice(before, 0, before.size), 0);
    put(path, content);
    return {
      async append(text) {
        content.write(new TextEncoder().encode(text), content.content().length);
        if (here.get(path) === content) onChange(path);
      },
      close: async () => {},
    };
  }

  const remove = (path: string): void => {
    if (here.delete(path)) onChange(path);
  };

  function at(name: string): DataFile {
    const path = resolve("/", name);
    return {
      path: name,
      exists: async () => lookUp(path) !== undefined,
      open: () => open(name, path),
      isPlain: async () => lookUp(path) !== undefined,
      extend: () => extend(name, path),
      async create() {
        const begun = memory(name);
        return {
          write: async (bytes, position) => begun.write(bytes, position),
          async commit(keptAs) {
            const before = here.get(path);
            if (keptAs !== undefined && before) put(resolve("/", keptAs), before);
            put(path, begun);
          },
          discard: async () => {},
        };
      },
      remove: async () => remove(path),
      async scratch() {
        remove(path);
        const begun = memory(name);
        return {
          write: async (bytes, position) => begun.write(bytes, position),
          read: begun.read,
          close: async () => {},
        };
      },
      joinScratch: async () => {
        throw new InputError(`${name} is of another process; a page works alone`);
      },
    };
  }

  return {
    at,
    makeFolder: async () => {},
    drop: (file) => void offered.set(file.webkitRelativePath || file.name, file),
    dropped: () => [...offered.keys()],
    droppedFor,
    mount: (path, file) => void here.set(path, file),
    written: () => [...here.keys()],
    content(path) {
      const found = here.get(path);
      return found && !(found instanceof File) ? found.content() : found;
    },
  };
}
