/** Checkpoints: the whole state of a run between two iterations, in one file that is replaced as a whole. */
import { readFile } from "node:fs/promises";
import { InputError } from "../../base/errors.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { deserialize, serialize } from "../../io/serialize.ts";
import type { Schedule, StageProgress, StageVolume } from "../stage.ts";

const format = "cryogan-checkpoint-4";

export interface Checkpoint {
  schedule: Schedule;
  stage: number;
  elapsedSeconds: number;
  /** Result of the stage before. */
  volume?: StageVolume;
  /** Shifts found so far, [2, count] in units of the box. */
  shifts?: Float32Array;
  /** Most likely poses found so far, [count, 3, 3]. */
  poses?: Float32Array;
  /** How well particles fit there, [count]. */
  fit?: Float32Array;
  /** Set where poses are those that the local stage to come starts from. */
  placed?: boolean;
  /** Results of the starts made so far. */
  starts?: { volume: StageVolume; shifts?: Float32Array; logLikelihood: number }[];
  progress?: StageProgress;
  /** Set when all stages are done. */
  finished: boolean;
}

export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await writeFileAtomic(path, serialize({ format, ...checkpoint }));
}

/** @returns undefined if there is no such file. @throws {InputError} if it is not a checkpoint of this version */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new InputError(`${path}: ${(error as Error).message}`);
  }
  try {
    const content = deserialize(bytes) as Checkpoint & { format: string };
    if (content.format === format) return content;
  } catch {
    // Not a serialised object: said below.
  }
  throw new InputError(`${path} is not a checkpoint of this version of cryogan; remove it to start anew`);
}
