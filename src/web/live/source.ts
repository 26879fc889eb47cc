/**
 * Where the live page gets runs from: a `cryogan serve` (HTTP and server-sent events), or the browser itself (a worker
 * that reconstructs).
 * The page knows nothing else of either.
 */
import type { RunEvent } from "../../reconstruct/folder/events.ts";
import type { VerdictKind } from "../../reconstruct/verdict/verdict.ts";
import type { JobStatus } from "../../slurm/job.ts";
import type { DataSource, Inspect } from "./data.ts";
import type { RunForm } from "./runForm.ts";
import type { TaskSource } from "./tasks.ts";

/**
 * A run that has ended by itself stands as its verdict says; "finished": an earlier version's, which gave none;
 * "queued": its job waits for nodes.
 */
export type RunState = "queued" | "running" | "stopped" | "finished" | VerdictKind | "failed";

/** How a run stands that nothing works on, by its last event. */
export function endState(last: RunEvent | undefined): Exclude<RunState, "queued" | "running"> {
  if (last?.type === "finished") return last.verdict?.kind ?? "finished";
  return last?.type === "failed" ? "failed" : "stopped";
}

export interface RunSummary {
  /** Name by which the source knows the run, safe in an address. */
  id: string;
  /** What to call it: the folder as it was given. */
  name: string;
  state: RunState;
  /** Time of the last event, ISO 8601; absent before the first. */
  changed?: string;
  /** Why it failed. */
  message?: string;
  /** The job of Slurm that works, or has worked, on it. */
  job?: JobStatus;
}

export type { RunForm };

/** What a schema found wrong, by option: the first of each; what belongs to none stands under "". */
export function fieldProblems(
  issues: readonly { path: readonly PropertyKey[]; message: string }[],
): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const { path, message } of issues) problems[String(path[0] ?? "")] ??= message;
  return problems;
}

/** A form was refused. `fields` says what is wrong with which option; what belongs to none stands under "". */
export class FormError extends Error {
  constructor(readonly fields: Record<string, string>) {
    super(
      Object.entries(fields)
        .map(([name, message]) => (name ? `${name}: ${message}` : message))
        .join("\n"),
    );
  }
}

/** What stands against a run in the folder of another. */
export const nameTaken = "a folder of this name is there already; choose another";

/** What went wrong with a form, by option. */
export const problemsIn = (error: unknown): Record<string, string> =>
  error instanceof FormError ? error.fields : { "": (error as Error).message };

export interface RunSource {
  /** What the visitor may do here; without a token a server only shows. */
  readonly may: { start: boolean; stop: boolean };
  list(): Promise<RunSummary[]>;
  /** Calls back when the list, or a state in it, may have changed. @returns a function that ends it */
  watch(onChange: () => void): () => void;
  /**
   * Every event of a run from its first, then those to come. After a lost connection it goes on by itself where it was.
   *
   * @param onEvents  called with events in order, at first with those there are, be they none; `anew` when they start
   *   from the first again (the run was replaced)
   * @param onConnection told whether events can arrive at the moment
   * @returns a function that ends it
   */
  follow(
    id: string,
    onEvents: (events: RunEvent[], anew: boolean) => void,
    onConnection: (connected: boolean) => void,
  ): () => void;
  /** A file of the run folder, such as "map.mrc" (see events.ts). @returns undefined if it is not there (yet) */
  file(id: string, path: string): Promise<ArrayBuffer | undefined>;
  /** The map that the particles of a run were simulated from, where that is known; absent where it never is. */
  truth?(id: string): Promise<ArrayBuffer | undefined>;
  /** @returns id of the new run. @throws {FormError} where the options are wrong */
  start(form: RunForm): Promise<string>;
  /** Stops after a checkpoint. */
  stop(id: string): Promise<void>;
  /**
   * Goes on from where the run is. @param further options asked anew (goingOn.ts)
   * @throws {FormError} where they are refused
   */
  resume(id: string, further?: RunForm): Promise<void>;
  /** Files to choose from; absent where the source has none of its own. */
  readonly data?: DataSource;
  /** What is in a particle file; absent where it may not be known. */
  readonly inspect?: Inspect;
  /** What is done after a run; absent where the source cannot. */
  readonly tasks?: TaskSource;
}
