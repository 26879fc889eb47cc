/**
 * Files for a browser: the part of `node:fs` that src/io and src/reconstruct use, in memory, with the same results and
 * error codes.
 * Files from outside (dropped on the page, or kept from an earlier visit) are read in slices and never changed.
 */

import { basename, dirname, join, resolve } from "pathe";
import { InputError } from "../../base/errors.ts";

/** A file's content: bytes in memory, of which the first `size` count, or a file of the browser. */
type Content = { bytes: Uint8Array<ArrayBuffer>; size: number } | { outside: File };
/** What a name stands for; open handles keep it when the name goes. */
interface Node {
  content: Content | "folder";
}

export interface Handle {
  /** For `readSync`. */
  fd: number;
  /** Reads up to `length` bytes at `position` into `bytes` from `offset` on. */
  read(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>;
  writeFile(data: string | Uint8Array): Promise<void>;
  stat(): Promise<Stats>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface Stats {
  size: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

type Flags = "r" | "wx" | "wx+" | "w" | "a";
type Force = { force?: boolean; recursive?: boolean };

export interface Files {
  existsSync(path: string): boolean;
  open(path: string, flags: Flags): Promise<Handle>;
  /** Reads from a file written here, not from one of outside. @returns the number of bytes */
  readSync(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number;
  stat(path: string): Promise<Stats>;
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  writeFile(path: string, data: string | Uint8Array): Promise<void>;
  appendFile(path: string, data: string | Uint8Array): Promise<void>;
  readdir(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options?: Force): Promise<void>;
  mkdir(path: string, options?: { recursive?: boolean }): Promise<void>;
  /**
   * Offers a file from outside. It is found under every path that ends like its own, unless a folder made here is
   * named.
   */
  drop(file: File): void;
  /** Names of the dropped files. */
  dropped(): string[];
  /**
   * The dropped file that a path means: the one with most of the path's last parts; nothing where none, or several,
   * fit.
   */
  droppedFor(path: string): File | undefined;
  /** Makes a file from outside appear under a path, to be read when it is needed. */
  mount(path: string, file: File): void;
  /** A file's content as it is now, for keeping; undefined if it is gone. */
  peek(path: string): Uint8Array<ArrayBuffer> | File | undefined;
}

const words: Record<string, string> = {
  ENOENT: "no such file or directory",
  EEXIST: "file already exists",
  ENOTDIR: "not a directory",
  EISDIR: "illegal operation on a directory",
  ENOTEMPTY: "directory not empty",
  EBADF: "bad file descriptor",
  ENOSPC: "no space left on device",
};

function failure(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${words[code]}, ${syscall} '${path}'`), { code, syscall, path });
}

const bytesOf = (data: string | Uint8Array): Uint8Array =>
  typeof data === "string" ? new TextEncoder().encode(data) : data;
const sizeOf = (content: Content): number => ("outside" in content ? content.outside.size : content.size);

function statsOf({ content }: Node): Stats {
  return {
    size: content === "folder" ? 0 : sizeOf(content),
    isFile: () => content !== "folder",
    isDirectory: () => content === "folder",
  };
}

/** @throws {InputError} if a file from outside was changed or removed since it was given */
async function slice(content: Content, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  if (!("outside" in content)) return content.bytes.slice(from, Math.min(to, content.size));
  return content.outside
    .slice(from, to)
    .arrayBuffer()
    .then(
      (buffer) => new Uint8Array(buffer),
      () => {
        throw new InputError(`${content.outside.name} was changed or moved since it was dropped here; drop it again`);
      },
    );
}

/** Room for `size` bytes, more than asked for so that a growing file is seldom moved. */
function grown(bytes: Uint8Array<ArrayBuffer>, size: number, path: string): Uint8Array<ArrayBuffer> {
  if (size <= bytes.length) return bytes;
  try {
    const larger = new Uint8Array(Math.max(size, Math.min(2 * bytes.length, bytes.length + 2 ** 28)));
    larger.set(bytes);
    return larger;
  } catch {
    throw failure("ENOSPC", "write", path);
  }
}

/** @param onChange called with the path of each file that was written, renamed or removed here */
export function createFiles(onChange: (path: string) => void = () => {}): Files {
  const nodes = new Map<string, Node>([["/", { content: "folder" }]]);
  const offered = new Map<string, File>();
  /** Open files by their descriptors. */
  const opened = new Map<number, Node>();
  let lastDescriptor = 2;

  const here = (path: string): Node | undefined => nodes.get(path);
  const isFolder = (path: string): boolean => here(path)?.content === "folder";

  function droppedFor(path: string): File | undefined {
    const parts = path
      .split("/")
      .filter((part) => part !== "" && part !== ".")
      .reverse();
    let best = 0,
      found: File[] = [];
    for (const [name, file] of offered) {
      const own = name.split("/").reverse();
      let common = 0;
      while (common < own.length && common < parts.length && own[common] === parts[common]) common++;
      if (common > best) found = [];
      best = Math.max(best, common);
      if (common === best && common > 0) found.push(file);
    }
    return found.length === 1 ? found[0] : undefined;
  }

  /** What a path means to a reader. */
  function lookUp(path: string): Node | undefined {
    const own = here(path);
    if (own || (dirname(path) !== "/" && isFolder(dirname(path)))) return own;
    const outside = droppedFor(path);
    return outside && { content: { outside } };
  }

  function existing(path: string, syscall: string): Node {
    const node = lookUp(path);
    if (node) return node;
    throw failure(
      above(path).some((folder) => here(folder) && !isFolder(folder)) ? "ENOTDIR" : "ENOENT",
      syscall,
      path,
    );
  }

  function checkFolderOf(path: string, syscall: string): void {
    if (!isFolder(dirname(path)))
      throw failure(
        above(path).some((folder) => here(folder) && !isFolder(folder)) ? "ENOTDIR" : "ENOENT",
        syscall,
        path,
      );
  }

  async function write(node: Node, path: string, data: Uint8Array, position: number): Promise<void> {
    let content = node.content as Content;
    if ("outside" in content) {
      const bytes = await slice(content, 0, content.outside.size);
      node.content = content = { bytes, size: bytes.length };
    }
    content.bytes = grown(content.bytes, position + data.length, path);
    content.bytes.set(data, position);
    content.size = Math.max(content.size, position + data.length);
  }

  function openNode(path: string, flags: Flags): Node {
    if (flags === "r") return existing(path, "open");
    checkFolderOf(path, "open");
    const found = here(path);
    if (found && flags.startsWith("wx")) throw failure("EEXIST", "open", path);
    if (found?.content === "folder") throw failure("EISDIR", "open", path);
    if (found && flags === "a") return found;
    const node = found ?? { content: "folder" as const };
    nodes.set(path, node);
    (node as Node).content = { bytes: new Uint8Array(0), size: 0 };
    return node;
  }

  async function open(name: string, flags: Flags): Promise<Handle> {
    const path = resolve("/", name),
      node = openNode(path, flags);
    const writes = flags !== "r",
      fd = ++lastDescriptor;
    opened.set(fd, node);
    let changed = flags !== "r" && flags !== "a";
    const file = (syscall: string): Content => {
      if (node.content === "folder") throw failure("EISDIR", syscall, path);
      return node.content;
    };
    const put = async (bytes: Uint8Array, position: number): Promise<void> => {
      if (!writes) throw failure("EBADF", "write", path);
      await write(node, path, bytes, position);
      if (flags === "a" && here(path) === node) onChange(path);
      else changed = true;
    };
    return {
      fd,
      async read(bytes, offset, length, position) {
        if (writes && !flags.endsWith("+")) throw failure("EBADF", "read", path);
        const content = file("read");
        const found =
          "outside" in content
            ? await slice(content, position, position + length)
            : content.bytes.subarray(position, Math.min(position + length, content.size));
        bytes.set(found, offset);
        return { bytesRead: found.length };
      },
      async write(bytes, offset, length, position) {
        await put(bytes.subarray(offset, offset + length), flags === "a" ? sizeOf(file("write")) : position);
        return { bytesWritten: length };
      },
      writeFile: (data) => put(bytesOf(data), flags === "a" ? sizeOf(file("write")) : 0),
      stat: async () => statsOf(node),
      sync: async () => {},
      close: async () => {
        opened.delete(fd);
        if (changed && here(path) === node) onChange(path);
        changed = false;
      },
    };
  }

  async function withFile<T>(path: string, flags: Flags, use: (handle: Handle) => Promise<T>): Promise<T> {
    const handle = await open(path, flags);
    try {
      return await use(handle);
    } finally {
      await handle.close();
    }
  }

  async function readFile(name: string, encoding?: "utf8"): Promise<never> {
    const path = resolve("/", name),
      { content } = existing(path, "open");
    if (content === "folder") throw failure("EISDIR", "read", path);
    const bytes = await slice(content, 0, sizeOf(content));
    return (encoding ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) : bytes) as never;
  }

  return {
    open,
    readFile,
    droppedFor,
    readSync(fd, bytes, offset, length, position) {
      const content = opened.get(fd)?.content;
      if (content === undefined || content === "folder" || "outside" in content)
        throw failure("EBADF", "read", `descriptor ${fd}`);
      const found = content.bytes.subarray(position, Math.min(position + length, content.size));
      bytes.set(found, offset);
      return found.length;
    },
    existsSync: (path) => lookUp(resolve("/", path)) !== undefined,
    stat: async (path) => statsOf(existing(resolve("/", path), "stat")),
    writeFile: (path, data) => withFile(path, "w", (handle) => handle.writeFile(data)),
    appendFile: (path, data) => withFile(path, "a", (handle) => handle.writeFile(data)),
    async readdir(name) {
      const path = resolve("/", name);
      if (existing(path, "scandir").content !== "folder") throw failure("ENOTDIR", "scandir", path);
      return [...nodes.keys()]
        .filter((other) => other !== "/" && dirname(other) === path)
        .map((other) => basename(other));
    },
    async rename(source, target) {
      const from = resolve("/", source),
        to = resolve("/", target);
      const node = here(from);
      if (!node) throw failure("ENOENT", "rename", from);
      checkFolderOf(to, "rename");
      const replaced = here(to);
      if (replaced?.content === "folder" && node.content !== "folder") throw failure("EISDIR", "rename", to);
      if (replaced && replaced.content !== "folder" && node.content === "folder")
        throw failure("ENOTDIR", "rename", to);
      if (replaced?.content === "folder" && under(nodes.keys(), to).length > 0)
        throw failure("ENOTEMPTY", "rename", to);
      for (const path of [from, ...under(nodes.keys(), from)]) {
        const moved = join(to, path.slice(from.length)),
          content = nodes.get(path)!;
        nodes.delete(path);
        nodes.set(moved, content);
        onChange(path);
        onChange(moved);
      }
    },
    async rm(name, { force = false, recursive = false } = {}) {
      const path = resolve("/", name),
        node = here(path);
      if (!node && force) return;
      if (!node) throw failure("ENOENT", "rm", path);
      if (node.content === "folder" && !recursive)
        throw Object.assign(failure("EISDIR", "rm", path), { code: "ERR_FS_EISDIR" });
      for (const gone of [path, ...under(nodes.keys(), path)]) {
        nodes.delete(gone);
        onChange(gone);
      }
    },
    async mkdir(name, { recursive = false } = {}) {
      const path = resolve("/", name);
      if (recursive) {
        for (const folder of [...above(path).reverse(), path]) {
          if (here(folder) && !isFolder(folder)) throw failure(folder === path ? "EEXIST" : "ENOTDIR", "mkdir", path);
          if (!here(folder)) nodes.set(folder, { content: "folder" });
        }
        return;
      }
      checkFolderOf(path, "mkdir");
      if (here(path)) throw failure("EEXIST", "mkdir", path);
      nodes.set(path, { content: "folder" });
    },
    drop: (file) => void offered.set(file.webkitRelativePath || file.name, file),
    dropped: () => [...offered.keys()],
    mount(name, file) {
      const path = resolve("/", name);
      for (const folder of above(path)) if (!here(folder)) nodes.set(folder, { content: "folder" });
      nodes.set(path, { content: { outside: file } });
    },
    peek(path) {
      const content = here(path)?.content;
      if (content === undefined || content === "folder") return undefined;
      return "outside" in content ? content.outside : content.bytes.subarray(0, content.size);
    },
  };
}

/** Folders above a path, the nearest first. */
function above(path: string): string[] {
  const folders = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    folders.push(folder);
    if (folder === dirname(folder)) return folders;
  }
}

const under = (paths: Iterable<string>, folder: string): string[] =>
  [...paths].filter((path) => path.startsWith(folder === "/" ? "/" : `${folder}/`) && path !== folder);
