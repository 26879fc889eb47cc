/** What the page may know of data before a run: files to choose from, and what is in a particle file. */
import type { OptionKey } from "../../reconstruct/options.ts";
import type { Inspection } from "../../reconstruct/run/inspection.ts";
import type { RunForm } from "./runForm.ts";

export interface Entry {
  name: string;
  /** Whole, as a field takes it. */
  path: string;
}

/** A folder of the machine that computes. */
export interface Listing extends Entry {
  /** From the folder that may be looked into down to this one. */
  way: Entry[];
  folders: Entry[];
  files: (Entry & { bytes: number })[];
  /** So many more are there. */
  leftOut: number;
}

/** Files of the server that may be chosen. */
export interface DataSource {
  /** Where new runs go, and the folders that may be looked into. */
  places(): Promise<{ runs: string; folders: Entry[] }>;
  /**
   * @param option whose files are listed @param match part of their names
   * @throws {Error} where it is no folder, or none that may be looked into
   */
  list(path: string, option: ChosenOption, match?: string): Promise<Listing>;
}

/** Options that take a file, by the ends of their names, or a folder. */
export const chosenOptions = {
  particlesFile: /\.(star|cs)$/i,
  start: /\.(mrc|map|ccp4)$/i,
  mask: /\.(mrc|map|ccp4)$/i,
  noiseBank: /\.(mrcs|mrc)$/i,
  exclude: /\.(star|cs)$/i,
  viewsFile: /\.star$/i,
  passthrough: /\.cs$/i,
  projectRoot: "folder",
  scratch: "folder",
} as const satisfies Partial<Record<OptionKey, RegExp | "folder">>;
export type ChosenOption = keyof typeof chosenOptions;

export const isChosenOption = (name: string): name is ChosenOption => Object.hasOwn(chosenOptions, name);

/** Why a file is not looked at, though a run may take it. */
export interface Unseen {
  unseen: string;
}

/** Looks at the particles of a form. @throws {FormError} naming the field that cannot be used */
export type Inspect = (form: RunForm, signal?: AbortSignal) => Promise<Inspection | Unseen>;
