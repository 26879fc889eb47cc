/** Files in memory, for readers. */
import { InputError } from "../../src/base/errors.ts";
import type { DataFile, Files } from "../../src/base/files.ts";

const refuse = (): never => {
  throw new Error("a reader does not write");
};

export function memoryFile(path: string, bytes: Uint8Array | undefined): DataFile {
  return {
    path,
    exists: async () => bytes !== undefined,
    isPlain: async () => bytes !== undefined,
    async open() {
      if (bytes === undefined) throw new InputError(`cannot read ${path}: no such file or folder`);
      return {
        size: bytes.length,
        async read(into, position) {
          const found = bytes.subarray(position, position + into.length);
          into.set(found);
          return found.length;
        },
        close: async () => {},
      };
    },
    create: refuse,
    extend: refuse,
    remove: refuse,
    scratch: refuse,
    joinScratch: refuse,
  };
}

/** Of these files alone, by their absolute paths. */
export function memoryFiles(content: Readonly<Record<string, Uint8Array>>): Files {
  return {
    at: (path) => memoryFile(path, content[path]),
    makeFolder: refuse,
  };
}
