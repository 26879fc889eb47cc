/**
 * Checkpoints: the whole state of a run between two iterations, in one file with a checksum that is replaced as a
 * whole. The one before stays beside it, to go on from where a disk has spoilt the last.
 */
import { InputError } from "../../base/errors.ts";
import type { DataFile, Files } from "../../base/files.ts";
import { readBytes, writeFileAtomic } from "../../io/files.ts";
import { deserialize, serialize } from "../../io/serialize.ts";
import type { HalfSamples } from "../measure/halfSamples.ts";
import type { MotionState } from "../motion.ts";
import type { EstimatedVolume, Paces, Place, Schedule, StageProgress, StageVolume } from "../stage.ts";

const format = "cryogan-checkpoint-15";

/** What an independent start came to. */
export interface Start {
  volume: EstimatedVolume;
  shifts?: Float32Array;
  /** Weights of the distribution of viewing directions; they belong to the axes of the start's own volume. */
  viewWeights?: Float32Array;
  shares?: Float32Array;
  memberships?: Float32Array;
  /** The higher the better: mean log-likelihood of the particles; without likelihood, the critic's loss. */
  merit: number;
}

export interface Checkpoint {
  schedule: Schedule;
  stage: number;
  elapsedSeconds: number;
  paces: Paces;
  /** Set when the schedule was weighed against the pace of the first iterations. */
  weighed?: boolean;
  /** Result of the stage before. */
  volume?: EstimatedVolume;
  /** Where the molecule of each class lies, which the map that is written has in the middle; absent: there. */
  places?: Place[];
  /** Shifts found so far, [2, count] in units of the box. */
  shifts?: Float32Array;
  /** Weights of the distribution of viewing directions, about the axes of the volume. */
  viewWeights?: Float32Array;
  /** Scales found so far, [count]. */
  scales?: Float32Array;
  /** Most likely poses found so far, [classes, count, 3, 3]. */
  poses?: Float32Array;
  /** How well particles fit there, [count]. */
  fit?: Float32Array;
  /** Set where poses are those that the local stage to come starts from. */
  placed?: boolean;
  /** Share of each class, and how likely each particle is of it (likelihood/classShares.ts); absent of one alone. */
  shares?: Float32Array;
  memberships?: Float32Array;
  /** Of several classes: posterior probability of each particle's most likely pose in its class, [count]. */
  peaks?: Float32Array;
  /** Shifts found at low resolution, where starts at a finer shell take the particles for centred by them. */
  centre?: Float32Array;
  /** Results of the starts made so far. */
  starts?: Start[];
  /** Once one is chosen, the others, best first, until they are compared with it. */
  otherStarts?: StageVolume[];
  /** Once one is chosen, until that is told: its number, from 1, and the merit of each in the order they were made. */
  choice?: { start: number; merits: number[] };
  /** What that showed (measure/startAgreement.ts), of the next best one. */
  startAgreement?: number[];
  /** Up to which shell. */
  startShell?: number;
  progress?: StageProgress;
  /** Set when all stages are done. */
  finished: boolean;
  /** How well halves of the particles agree, after the last stage of refinement that told. */
  halfSamples?: HalfSamples;
  motion?: MotionState;
  /** What the time limit cut off, in words, where the map was not refined. */
  cutOff?: string;
}

/** Where the checkpoint before the one at `path` is kept. */
export const checkpointBefore = (path: string): string => path.replace(/\.bin$/, ".previous.bin");

export async function writeCheckpoint(file: DataFile, checkpoint: Checkpoint): Promise<void> {
  await writeFileAtomic(file, serialize({ format, ...checkpoint }), checkpointBefore(file.path));
}

/**
 * @returns undefined if there is no such file
 * @throws {InputError} if it is not a checkpoint of this version, or not what was written
 */
export async function readCheckpoint(file: DataFile): Promise<Checkpoint | undefined> {
  if (!(await file.exists())) return undefined;
  if (await file.isPlain()) {
    const bytes = await readBytes(file);
    try {
      const content = deserialize(bytes) as Checkpoint & { format: string };
      if (content.format === format) return content;
    } catch {
      // Not as it was written: said below.
    }
  }
  throw new InputError(
    `${file.path} is damaged, or not a checkpoint of this version of cryogan; start anew with --overwrite`,
  );
}

/**
 * The last checkpoint that is whole.
 * @returns undefined if there is none; `warning` where it is not the last that was written
 * @throws {InputError} if there are checkpoints but none is whole
 */
export async function readLastCheckpoint(
  files: Files,
  path: string,
): Promise<{ checkpoint: Checkpoint; warning?: string } | undefined> {
  const before = files.at(checkpointBefore(path));
  try {
    const checkpoint = await readCheckpoint(files.at(path));
    if (checkpoint) return { checkpoint };
  } catch (error) {
    const checkpoint = await readCheckpoint(before).catch(() => undefined);
    if (!checkpoint) throw error;
    return { checkpoint, warning: `${path} is damaged; the run goes on from the checkpoint before it` };
  }
  // Ended between the two renamings that replace a checkpoint.
  const checkpoint = await readCheckpoint(before);
  return checkpoint && { checkpoint };
}
