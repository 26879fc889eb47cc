import type { Files } from "../../base/files.ts";
import type { Beside } from "../../evaluate/beside.ts";
import type { OnnxRuntime } from "../../runtime/onnxRuntime.ts";
import type { Processes } from "../../runtime/processes.ts";

/** Does pieces of work one after another. */
export interface Thread {
  beside: Beside;
  close(): Promise<void>;
}

/** What made a run, for its record. */
export interface Origin {
  /** Of this program. */
  version: string;
  /** Name of the machine, and the command line; a browser knows neither. */
  machine?: string;
  command?: string;
}

/** What a run needs of the world it runs in: nodeHost.ts for Node, web/browser/ for a browser. */
export interface Host {
  files: Files;
  runtime: OnnxRuntime;
  /** Who make the run together. */
  processes: Processes;
  /**
   * Takes a run folder, so that nobody else works in it. @returns what gives it back
   * @throws {InputError} if somebody does
   */
  claim(folder: string): Promise<() => Promise<void>>;
  origin: Origin;
  /** A thread for what can be done beside other work; absent where there is none. */
  openThread?(): Thread | undefined;
}
