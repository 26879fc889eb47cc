/** Files of which nothing is changed: for the processes of a job that leave its folder to the first. */
import type { DataFile, Files, GrowingFile, NewFile } from "../base/files.ts";

const unwritten: NewFile & GrowingFile = {
  async write() {},
  async append() {},
  async commit() {},
  async discard() {},
  async close() {},
};

/** The same files, where writing and removing do nothing; scratch files are as they are. */
export const readOnly = (files: Files): Files => ({
  at: (path): DataFile => ({
    ...files.at(path),
    create: async () => unwritten,
    extend: async () => unwritten,
    remove: async () => {},
  }),
  async makeFolder() {},
});
