/** What is done with the map of a run after it: commands of the program, with the options that the page has of them. */
import type { FormField } from "./formField.ts";
import type { RunForm } from "./runForm.ts";

export const taskKinds = ["postprocess", "export"] as const;
/** Of a task's folder in that of the run, as a regular expression: "postprocess-1". */
export const taskName = `(${taskKinds.join("|")})-\\d{1,6}`;
export type TaskKind = (typeof taskKinds)[number];

/** That an export is for; an option of the page alone, as the command has one of its own for each. */
export const exportPrograms = ["RELION", "cryoSPARC"] as const;

/** Options by kind, named as on the command line in camel case; the command itself checks their values. */
export const taskFields: Record<TaskKind, readonly FormField[]> = {
  postprocess: [
    {
      name: "bFactor",
      label: "--b-factor",
      title: "B-factor",
      unit: "Å²",
      help: "negative values sharpen; auto: fitted from 10 Å to the resolution, where there are shells enough",
      flag: false,
      required: false,
      default: "auto",
    },
    {
      name: "lowPass",
      label: "--low-pass",
      title: "Low-pass filter",
      unit: "Å",
      help: "auto: where the FSC of the half-maps falls below 0.143",
      flag: false,
      required: false,
      default: "auto",
    },
    {
      name: "mask",
      label: "--mask",
      title: "Mask",
      help: "auto: around the density of the map",
      flag: false,
      required: false,
      choices: ["auto", "none"],
      default: "auto",
    },
  ],
  export: [
    {
      name: "program",
      label: "--cryosparc",
      title: "For",
      help: "the program that goes on with it",
      flag: false,
      required: false,
      choices: exportPrograms,
      default: "RELION",
    },
    {
      name: "poses",
      label: "--poses",
      title: "Angles and shifts",
      help: "give each particle the most likely ones that the run found",
      flag: true,
      required: false,
    },
    {
      name: "iniHigh",
      label: "--ini-high",
      title: "Filter of RELION's start model",
      unit: "Å",
      help: "1.5 times the resolution of the run, at least 20 Å, where it is left empty",
      flag: false,
      required: false,
    },
    {
      name: "class",
      label: "--class",
      title: "Classes",
      unit: "list",
      help: "of a run with several: only their particles, and the map of the first, such as 1,3",
      flag: false,
      required: false,
    },
  ],
};

export interface Task {
  /** Of its folder in the run folder: "postprocess-1". */
  name: string;
  kind: TaskKind;
  /** "stopped": it ended without a word. */
  state: "running" | "finished" | "failed" | "stopped";
  /** How many images are written, of how many. */
  progress?: { done: number; count: number };
  /** Why it failed. */
  message?: string;
  /** What the command told at its end (docs/formats.md). */
  result?: Record<string, unknown>;
  /** What it has written, by paths in the run folder. */
  files: { path: string; bytes: number }[];
}

/** What there is after a run. */
export interface Outcome {
  tasks: Task[];
  /** When report.html was drawn, ISO 8601; absent where there is none. */
  reported?: string;
}

/** What a source can do after a run. */
export interface TaskSource {
  outcome(id: string): Promise<Outcome>;
  /** @returns the name of the task. @throws {FormError} where the options are wrong, or the run lacks something */
  start(id: string, kind: TaskKind, form: RunForm): Promise<string>;
  /** Draws report.html again. */
  report(id: string): Promise<void>;
  /** Where the browser finds a file of the run folder. */
  address(id: string, path: string): string;
}
