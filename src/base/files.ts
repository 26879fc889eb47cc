/**
 * Files, whoever keeps them: the operating system (io/disk.ts) or a browser (web/browser/files.ts). Everything that
 * reads or writes is handed them. What cannot be done is an InputError with path and reason.
 */

export interface Files {
  /** The file of that path, whether there is one or not. */
  at(path: string): DataFile;
  /** Creates the folder, and those above it, if needed, and makes sure that files can be written in it. */
  makeFolder(path: string): Promise<void>;
}

export interface DataFile {
  path: string;
  /** Whether there is a file or folder of that name that can be looked at. */
  exists(): Promise<boolean>;
  /** Whether there is a file that reading ends of: no link, which may lead anywhere, no pipe and no device. */
  isPlain(): Promise<boolean>;
  open(): Promise<OpenFile>;
  /** Begins a file that takes this one's place when it is whole. */
  create(): Promise<NewFile>;
  /** Opens it, or makes it, to be added to. */
  extend(): Promise<GrowingFile>;
  /** Does nothing where there is no such file. */
  remove(): Promise<void>;
  /** Begins a file that is there only while it is open; what was there is replaced. */
  scratch(): Promise<ScratchFile>;
  /** Opens a scratch file that another process of the job has begun, and removes. */
  joinScratch(): Promise<ScratchFile>;
}

export interface OpenFile {
  /** Bytes. */
  size: number;
  /** When it was last written, ms since 1970; absent where nobody knows. */
  modified?: number;
  /** Fills `bytes` from `position` on; returns how many bytes there were before the end of the file. */
  read(bytes: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** A file beside its name: a killed run, a full disk or a wrong path never leaves half a result behind. */
export interface NewFile {
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Puts it, flushed, in the place of the file before it, which may be kept as `keptAs`, a path. */
  commit(keptAs?: string): Promise<void>;
  /** Gives up, also after a failed commit: the file before it stays. */
  discard(): Promise<void>;
}

export interface GrowingFile {
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

export interface ScratchFile {
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** As that of OpenFile, but at once: waiting takes ten times as long as reading a row from the system's cache. */
  read(bytes: Uint8Array, position: number): number;
  /** Removes the file, if it was begun here. */
  close(): Promise<void>;
}
